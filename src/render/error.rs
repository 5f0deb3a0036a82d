//! An error as people read it: what, why, and what to do about it.

use super::text;

/// `error:` for the outermost words, `caused by:` for what lies below, each `hint:` on a line
/// of its own at the end.
pub fn show(error: &anyhow::Error) -> String {
    let mut lines = Vec::new();
    let mut hints = Vec::new();
    for (depth, cause) in error.chain().enumerate() {
        let whole = cause.to_string();
        let (hint, said): (Vec<_>, Vec<_>) =
            whole.lines().partition(|line| line.starts_with("hint: "));
        let said = text::safe_lines(&said.join("\n"));
        let said = said.trim_end();
        if !said.is_empty() {
            let heading = if depth == 0 { "error" } else { "caused by" };
            lines.push(format!("{heading}: {}", said.trim_end()));
        }
        hints.extend(hint.into_iter().map(text::safe));
    }
    lines.extend(hints);
    lines.join("\n")
}
