//! A whole task, read: its clauses, each with the part of the task that it stands in.

use super::clause::Clause;
use super::sections;
use crate::domain::task::Task;

/// Where in the task something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its title.
    Title,
    /// In a heading or label of the description.
    Heading,
    /// In an item of a list.
    Item,
    /// In running text.
    Text,
    /// In a completion criterion.
    Criterion,
}

/// What the part of a task is about that something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is to be done.
    Task,
    /// Why, and how things are.
    Background,
    /// What is not to be done.
    Excluded,
    /// What is open.
    Open,
    /// What it waits for.
    Waiting,
    /// Names of files.
    Files,
    /// Tools.
    Tech,
    /// Dates, priorities and the like, which say nothing of the work.
    Meta,
}

impl Section {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Task,
        Self::Background,
        Self::Excluded,
        Self::Open,
        Self::Waiting,
        Self::Files,
        Self::Tech,
        Self::Meta,
    ];

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Background => "background",
            Self::Excluded => "excluded",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Files => "files",
            Self::Tech => "tech",
            Self::Meta => "meta",
        }
    }
}

/// A clause and where it stands.
#[derive(Clone, Debug)]
pub struct Said<'t> {
    /// Its words.
    pub clause: Clause<'t>,
    /// Where.
    pub place: Place,
    /// In which part.
    pub section: Section,
}

/// A line of a code block.
#[derive(Clone, Debug)]
pub struct Shown<'t> {
    /// The line.
    pub line: &'t str,
    /// Whether it is a command for a shell, and not of another language.
    pub shell: bool,
    /// In which part.
    pub section: Section,
}

/// A task, read.
#[derive(Debug, Default)]
pub struct Reading<'t> {
    /// All that is said, the title first.
    pub said: Vec<Said<'t>>,
    /// All lines of code blocks.
    pub shown: Vec<Shown<'t>>,
}

impl<'t> Reading<'t> {
    /// Reads a task's title, description and criteria.
    pub fn of(task: &'t Task) -> Self {
        let mut reading = Self::default();
        reading.say(&task.title, Place::Title, Section::Task);
        Lines { reading: &mut reading, section: Section::Task, label: None }
            .read(&task.description);
        for criterion in &task.criteria {
            reading.say(&criterion.text, Place::Criterion, Section::Task);
        }
        reading
    }

    /// The clauses of the title.
    pub fn title(&self) -> impl Iterator<Item = &Said<'t>> {
        self.said.iter().filter(|said| said.place == Place::Title)
    }

    fn say(&mut self, text: &'t str, place: Place, section: Section) {
        let clauses = Clause::all(text).into_iter();
        self.said.extend(clauses.map(|clause| Said { clause, place, section }));
    }
}

/// A description on its way through.
struct Lines<'r, 't> {
    reading: &'r mut Reading<'t>,
    /// As the last heading has it.
    section: Section,
    /// As the last label has it, until the next label, heading or, if text follows it on its
    /// line, paragraph.
    label: Option<(Section, bool)>,
}

/// A paragraph or list item that may go on in the next line.
struct Run {
    start: usize,
    end: usize,
    place: Place,
    section: Section,
}

impl<'t> Lines<'_, 't> {
    fn read(mut self, text: &'t str) {
        let mut run: Option<Run> = None;
        let mut fence: Option<(&str, bool)> = None;
        let mut comment = false;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let bare = line.trim();
            if let Some((mark, shell)) = fence {
                match bare.starts_with(mark) {
                    true => fence = None,
                    false => {
                        let section = self.now();
                        self.reading.shown.push(Shown { line: bare, shell, section });
                    }
                }
                continue;
            }
            if comment || bare.starts_with("<!--") {
                comment = !bare.contains("-->");
                continue;
            }
            if let Some(mark) = fence_mark(bare) {
                self.close(text, run.take());
                fence = Some((mark, is_shell(&bare[3..])));
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            self.line(text, (start + indent, start + indent + bare.len()), &mut run);
        }
        self.close(text, run.take());
    }

    /// One line outside of code blocks.
    fn line(&mut self, text: &'t str, (start, end): (usize, usize), run: &mut Option<Run>) {
        let bare = &text[start..end];
        let rest = unmarked(bare);
        let start = end - rest.len();
        let is_item = rest.len() < bare.len();
        if bare.is_empty() || bare.chars().all(|c| "-*_=|: ".contains(c)) {
            self.close(text, run.take());
            if self.label.is_some_and(|(_, inline)| inline) {
                self.label = None;
            }
            return;
        }
        if let Some(heading) = heading(bare) {
            self.close(text, run.take());
            (self.section, self.label) = (sections::section(heading), None);
            self.reading.say(heading, Place::Heading, self.section);
            return;
        }
        if let Some((label, after)) = label(rest) {
            self.close(text, run.take());
            let section = sections::section(label);
            self.label = Some((section, !after.trim().is_empty()));
            if section == Section::Task && !sections::is_known(label) {
                self.reading.say(label, Place::Heading, self.now());
            }
            let place = if is_item { Place::Item } else { Place::Text };
            let start = end - after.len();
            *run = (!after.is_empty()).then_some(Run { start, end, place, section: self.now() });
            return;
        }
        match run {
            Some(open) if !is_item => open.end = end,
            _ => {
                self.close(text, run.take());
                if is_item && self.label.is_some_and(|(_, inline)| inline) {
                    self.label = None;
                }
                let place = if is_item { Place::Item } else { Place::Text };
                let quoted = bare.starts_with('>');
                let section = if quoted { Section::Background } else { self.now() };
                *run = Some(Run { start, end, place, section });
            }
        }
    }

    fn close(&mut self, text: &'t str, run: Option<Run>) {
        if let Some(run) = run {
            self.reading.say(&text[run.start..run.end], run.place, run.section);
        }
    }

    fn now(&self) -> Section {
        self.label.map_or(self.section, |(section, _)| match section {
            Section::Task => self.section,
            other => other,
        })
    }
}

fn fence_mark(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark))
}

fn is_shell(language: &str) -> bool {
    let name = language.trim_matches(['`', '~', ' ']).to_lowercase();
    matches!(name.as_str(), "" | "sh" | "bash" | "shell" | "console" | "zsh" | "sql")
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    ((1..=6).contains(&level) && rest.starts_with([' ', '\t'])).then(|| rest.trim())
}

/// A line without its bullet, number, quote mark and box.
fn unmarked(line: &str) -> &str {
    let mut rest = line.trim_start_matches('>').trim_start();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let numbered = (1..=3).contains(&digits).then(|| &rest[digits..]);
    let after = numbered.and_then(|end| end.strip_prefix(". ").or(end.strip_prefix(") ")));
    let bullet = ["- ", "* ", "+ ", "• "].iter().find_map(|bullet| rest.strip_prefix(bullet));
    rest = after.or(bullet).unwrap_or(rest).trim_start();
    for mark in ["[ ] ", "[x] ", "[X] "] {
        rest = rest.strip_prefix(mark).unwrap_or(rest);
    }
    rest
}

/// `**Why:** text`, `**Goal.** text`, or `Why: text` where the label is a known one.
fn label(line: &str) -> Option<(&str, &str)> {
    let bold = ["**", "__"].into_iter().find_map(|mark| {
        let (label, after) = line.strip_prefix(mark)?.split_once(mark)?;
        let inner = label.trim_end().ends_with([':', '.', '?']);
        let outer = after.trim_start().starts_with(':');
        let alone = after.trim().is_empty();
        let short = label.split_whitespace().count() <= 6;
        let counts = short && (inner || outer || alone) && (inner || outer || label.len() < 60);
        counts.then(|| (label, after.trim_start().trim_start_matches(':').trim_start()))
    });
    if bold.is_some() {
        return bold;
    }
    let (label, after) = line.split_once(':')?;
    let words = label.split_whitespace().count();
    let shaped = (1..=4).contains(&words) && (after.is_empty() || after.starts_with([' ', '\t']));
    (shaped && sections::is_known(label)).then(|| (label, after.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn told(body: &str) -> Vec<String> {
        let text = format!("---\ntitle: T\n---\n{body}");
        let task = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes()).task.unwrap();
        let reading = Reading::of(&task);
        let line = |said: &Said| {
            let words = said.clause.quote(0..said.clause.units.len());
            format!("{:?} {:?}: {words}", said.section, said.place)
        };
        let shown = reading.shown.iter().map(|s| format!("{:?} code: {}", s.section, s.line));
        reading.said.iter().skip(1).map(line).chain(shown).collect()
    }

    #[test]
    fn each_clause_knows_its_part() {
        for (body, expected) in [
            ("Fix the\nparser. Test it.", vec!["Task Text: Fix the parser", "Task Text: Test it"]),
            (
                "## Why\n- It fails\n## Plan\n- [ ] Mend it",
                vec![
                    "Background Heading: Why",
                    "Background Item: It fails",
                    "Task Heading: Plan",
                    "Task Item: Mend it",
                ],
            ),
            (
                "- **Priority:** High\n- **Description:** Do it",
                vec!["Meta Item: High", "Task Item: Do it"],
            ),
            (
                "**Files to Create:**\n- a.rs\n\n**Out of scope:** deploying\n\nBuild it",
                vec!["Files Item: a.rs", "Excluded Text: deploying", "Task Text: Build it"],
            ),
            (
                "Do it\n```sh\nmake\n```\n> it was said",
                vec!["Task Text: Do it", "Background Item: it was said", "Task code: make"],
            ),
        ] {
            assert_eq!(told(body), expected, "{body}");
        }
    }
}
