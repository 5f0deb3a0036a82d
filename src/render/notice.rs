//! One notice as it is read: a title, a text, and the same as HTML.
//!
//! Each comes from a template over what `docs/notice-schema.md` describes. A repository's own
//! `queue/templates/notice.title.j2`, `notice.txt.j2` and `notice.html.j2` are used in their stead.

use anyhow::{Context as _, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};

use super::text;
use crate::core::notices::payload::{self, Message};
use crate::core::notices::{Letter, Notice};
use crate::domain::masks::Masks;

/// Steps that a template may take.
const FUEL: u64 = 200_000;
/// A longer text is cut, in characters.
const LONGEST: usize = 60_000;
/// A longer title is cut, in characters.
const LONGEST_TITLE: usize = 200;

/// Where a repository's own templates stand, from its queue directory, and what is used without.
const PARTS: [(&str, &str); 3] = [
    ("templates/notice.title.j2", include_str!("../../templates/notice.title.j2")),
    ("templates/notice.txt.j2", include_str!("../../templates/notice.txt.j2")),
    ("templates/notice.html.j2", include_str!("../../templates/notice.html.j2")),
];

/// The templates of one repository.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    own: [Option<String>; 3],
}

impl Templates {
    /// Its own, as far as `own` has them by their path from the queue directory.
    pub fn of(own: &dyn Fn(&str) -> Option<String>) -> Self {
        Self { own: PARTS.map(|(path, _)| own(path)) }
    }

    /// A letter as it is sent. An own template with an error is told, and the built-in one used:
    /// a notice is not held by it.
    pub fn message(&self, letter: &Letter, masks: &Masks) -> Result<(Message, Vec<String>)> {
        let mut troubles = Vec::new();
        let mut part = |index: usize| -> Result<String> {
            let (name, built_in) = PARTS[index];
            if let Some(own) = &self.own[index] {
                match render(name, own, &letter.notice) {
                    Ok(text) => return Ok(masks.mask(&text)),
                    Err(error) => troubles.push(format!("{error:#}")),
                }
            }
            Ok(masks.mask(&render("the built-in notice", built_in, &letter.notice)?))
        };
        let (title, plain, html) = (part(0)?, part(1)?, part(2)?);
        let title = text::safe(&title.split_whitespace().collect::<Vec<_>>().join(" "));
        let plain = text::safe_lines(&plain);
        let message = Message {
            id: letter.id.clone(),
            title: cut(&title, LONGEST_TITLE),
            text: cut(without_gaps(&plain).trim(), LONGEST),
            html: text::safe_page(&html),
            urgent: letter.notice.needs_you,
            facts: masks.mask(&payload::facts(letter)?),
        };
        Ok((message, troubles))
    }
}

fn render(name: &str, template: &str, notice: &Notice) -> Result<String> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let html = template == PARTS[2].1 || name.contains(".html.");
    env.set_auto_escape_callback(move |_| if html { AutoEscape::Html } else { AutoEscape::None });
    env.set_fuel(Some(FUEL));
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    let text = env.render_named_str(name, template, Serde(notice));
    text.with_context(|| format!("the template `{name}` has an error"))
}

/// No more than one empty line between two others.
fn without_gaps(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::tests::at;
    use crate::domain::config::notify::Topic;
    use crate::domain::id::TaskId;

    fn letter(title: &str, text: &str) -> Letter {
        let notice = Notice {
            version: 1,
            event: "01X".into(),
            on: Topic::Review,
            at: at("09:00"),
            repository: "site".into(),
            title: title.into(),
            text: text.into(),
            needs_you: false,
            task: TaskId::new("greet").ok(),
            task_title: Some("Greet by name".into()),
            attempt: None,
            percent: None,
            branch: Some("build/greet".into()),
            command: Some("buildq review greet".into()),
        };
        Letter {
            id: "01X-desk".into(),
            notifier: "desk".into(),
            notice,
            since: at("09:00"),
            refused: 0,
        }
    }

    #[test]
    fn a_notice_is_a_title_a_text_and_a_page() {
        let masks = Masks::default();
        let (message, troubles) = Templates::default()
            .message(&letter("Ready for review: Greet <b>", "Done & \u{1b}[31mred"), &masks)
            .unwrap();
        assert_eq!(troubles, [""; 0]);
        assert_eq!(message.title, "site: Ready for review: Greet <b>");
        assert_eq!(
            message.text,
            "Done & \u{fffd}[31mred\n\nTask: greet (Greet by name)\nBranch: build/greet\nNext: buildq review greet"
        );
        assert!(
            message.html.contains("Ready for review: Greet &lt;b&gt;</h1>"),
            "{}",
            message.html
        );
        assert!(message.html.contains("Done &amp; \u{fffd}[31mred"), "{}", message.html);
        let facts: serde_json::Value = serde_json::from_str(&message.facts).unwrap();
        assert_eq!(
            (facts["id"].as_str(), facts["on"].as_str()),
            (Some("01X-desk"), Some("review"))
        );
        assert_eq!(facts["task"], "greet");
    }

    #[test]
    fn own_templates_count_and_broken_ones_hold_nothing() {
        let own = |path: &str| match path {
            "templates/notice.title.j2" => Some("{{ on }}!\n{{ task }}".to_owned()),
            "templates/notice.txt.j2" => Some("{{ nobody }}".to_owned()),
            "templates/notice.html.j2" => {
                Some("<i>{{ title }}</i>{% for _ in range(9999999) %}{% endfor %}".to_owned())
            }
            _ => None,
        };
        let (message, troubles) =
            Templates::of(&own).message(&letter("<T>", "text"), &Masks::default()).unwrap();
        assert_eq!(message.title, "review! greet");
        assert!(message.text.starts_with("text\n"), "{}", message.text);
        assert!(message.html.contains("&lt;T&gt;</h1>"));
        assert_eq!(troubles.len(), 2, "{troubles:?}");
        assert!(troubles[0].contains("`templates/notice.txt.j2` has an error"), "{troubles:?}");
    }
}
