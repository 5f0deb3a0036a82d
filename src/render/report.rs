//! The report as Markdown, text and JSON.
