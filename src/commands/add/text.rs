//! The text of a task file.

use crate::domain::id::TaskId;
use crate::domain::task::{self, Task};
use crate::domain::yaml::write::{flow, scalar};

/// The template that a person fills in.
pub const TEMPLATE: &str = include_str!("../../../templates/task.md");

/// What a person said of a task, not judged yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// What it is called; its id comes from it.
    pub name: String,
    /// Keys of the front matter after the title, in order, each with its value in YAML.
    pub keys: Vec<(String, String)>,
    /// Markdown.
    pub description: String,
    /// What is to be reached, one line each.
    pub criteria: Vec<String>,
}

impl Draft {
    /// Adds a key with one value.
    pub fn one(&mut self, key: &str, value: Option<&str>) {
        self.keys.extend(value.map(|value| (key.to_owned(), moment_or(value))));
    }

    /// Adds a key with a list.
    pub fn many(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.keys.push((key.to_owned(), flow(values)));
        }
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!("---\ntitle: {}\n", scalar(&one_line(&self.name)));
        for (key, value) in &self.keys {
            text += &format!("{key}: {value}\n");
        }
        text += "---\n";
        let description = self.description.replace("\r\n", "\n");
        let description = description.trim_matches('\n').trim_end();
        if !description.is_empty() {
            text += description;
            text.push('\n');
        }
        if !self.criteria.is_empty() {
            text += if description.is_empty() { "" } else { "\n" };
            text += "## Completion criteria\n";
            for criterion in &self.criteria {
                text += &format!("- {}\n", boxed(criterion));
            }
        }
        text
    }
}

/// `2026-02-07 20:00` may stand without quotes: it is what everybody writes.
fn moment_or(value: &str) -> String {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | ' ' | 'T' | '+' | 'Z');
    let moment = value.starts_with(|c: char| c.is_ascii_digit())
        && value.contains('-')
        && value.trim() == value
        && value.chars().all(plain)
        && !value.contains(": ")
        && !value.ends_with(':');
    if moment { value.to_owned() } else { scalar(value) }
}

fn boxed(criterion: &str) -> String {
    let line = one_line(criterion);
    let has = ["[ ] ", "[x] ", "[X] "].iter().any(|mark| line.starts_with(mark));
    if has { line } else { format!("[ ] {line}") }
}

/// Runs of blanks and line breaks become one blank.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The template with some of it filled in.
pub fn filled(draft: &Draft) -> String {
    if *draft == Draft::default() {
        return TEMPLATE.to_owned();
    }
    let given = |key: &str| draft.keys.iter().find(|(known, _)| known == key);
    let mut text = String::new();
    for line in TEMPLATE.lines() {
        let key = line.trim_start_matches("# ").split(':').next().unwrap_or_default();
        match (key, given(key)) {
            ("title", _) if !draft.name.is_empty() => {
                text += &format!("title: {}", scalar(&one_line(&draft.name)));
            }
            (_, Some((key, value))) => text += &format!("{key}: {value}"),
            _ if line == "- [ ]" && !draft.criteria.is_empty() => {
                let lines: Vec<_> =
                    draft.criteria.iter().map(|one| format!("- {}", boxed(one))).collect();
                text += &lines.join("\n");
            }
            _ if line.starts_with("<!-- What is to be built") && !draft.description.is_empty() => {
                text += draft.description.trim();
            }
            _ => text += line,
        }
        text.push('\n');
    }
    text
}

/// What a person made of the template, without what only explained it.
pub fn without_guidance(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let guidance = |line: &&str| {
        let guides = line.starts_with("# ") || line.starts_with("<!--") || line.trim() == "- [ ]";
        guides && TEMPLATE.lines().any(|own| own == line.trim_end())
    };
    let mut kept: String = text.lines().filter(|l| !guidance(l)).map(|l| cut(l) + "\n").collect();
    if let Some(start) = kept.trim_end().strip_suffix("## Completion criteria") {
        kept = format!("{}\n", start.trim_end());
    }
    kept
}

/// The remark beside a key of the template goes too.
fn cut(line: &str) -> String {
    let remark = TEMPLATE.lines().find_map(|own| Some(own.split_once("     # ")?.1));
    match remark.and_then(|remark| line.strip_suffix(remark)) {
        Some(start) if start.trim_end().ends_with('#') => {
            start.trim_end().trim_end_matches('#').trim_end().to_owned()
        }
        _ => line.to_owned(),
    }
}

/// The title that a text gives itself; `None` when it has none.
pub fn title(text: &str, task: &Task) -> Option<String> {
    // Without a title a task is called as its id: two ids tell.
    let other = TaskId::new("0").ok()?;
    let again = task::parse("task.md", &other, text.as_bytes()).task?;
    (again.title == task.title).then(|| task.title.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Task {
        let parsed = task::parse("queue/x.md", &TaskId::new("x").unwrap(), text.as_bytes());
        assert_eq!(parsed.diagnostics, vec![], "{text}");
        parsed.task.unwrap()
    }

    fn draft() -> Draft {
        let mut draft = Draft {
            name: "Parser: take \"quotes\"\n& #marks".into(),
            description: "Let it read `a: b`.\r\n\r\nNot more.\n\n".into(),
            criteria: vec!["it reads\n`a: b`".into(), "[ ] # too".into()],
            ..Draft::default()
        };
        draft.one("priority", Some("high"));
        draft.one("estimate", Some("1.5 hours"));
        draft.one("due", Some("2026-02-07 20:00"));
        draft.one("builder", None);
        draft.many("tech", &["C++".into(), "a, b".into()]);
        draft.many("depends_on", &["one-thing".into()]);
        draft.many("verify", &["sh -c 'a: # b'".into()]);
        draft.many("labels", &[]);
        draft
    }

    #[test]
    fn what_was_said_is_read_back() {
        let text = draft().text();
        let task = parsed(&text);
        assert_eq!(task.title, "Parser: take \"quotes\" & #marks");
        assert_eq!(task.description, "Let it read `a: b`.\n\nNot more.");
        let criteria: Vec<_> = task.criteria.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(criteria, ["it reads `a: b`", "# too"]);
        assert_eq!(task.tech, ["C++", "a, b"]);
        assert_eq!(task.verify[0].argv, ["sh", "-c", "a: # b"]);
        assert!(text.contains("\ndue: 2026-02-07 20:00\ntech: [C++, \"a, b\"]\n"), "{text}");
    }

    #[test]
    fn the_template_filled_in_says_the_same() {
        let full = draft();
        let text = without_guidance(&filled(&full));
        let (a, b) = (parsed(&text), parsed(&full.text()));
        assert_eq!((a.title, a.priority, a.due), (b.title, b.priority, b.due));
        assert_eq!((a.description, a.tech, a.estimate), (b.description, b.tech, b.estimate));
        assert_eq!(a.criteria.len(), 2);
        assert!(!text.contains("<!--") && !text.contains("touches"), "{text}");
    }

    #[test]
    fn the_template_is_sound_and_says_nothing() {
        let bare = without_guidance(TEMPLATE);
        assert_eq!(bare, "---\ntitle:\npriority: medium\n---\n");
        let open = TEMPLATE.replace("\n# ", "\n").replace("title:", "title: x");
        parsed(&open.replace("- [ ]", "- [ ] it is there"));
        let task = task::parse("f.md", &TaskId::new("x").unwrap(), bare.as_bytes()).task.unwrap();
        assert_eq!(title(&bare, &task), None);
        let named = bare.replace("title:", "title: x");
        let task = task::parse("f.md", &TaskId::new("x").unwrap(), named.as_bytes()).task.unwrap();
        assert_eq!(title(&named, &task).as_deref(), Some("x"));
    }

    #[test]
    fn a_persons_own_comments_stay() {
        let text = "---\ntitle: x\n# mine\npriority: high # now\n---\n<!-- mine -->\ntext\n";
        assert_eq!(without_guidance(text), text);
    }
}
