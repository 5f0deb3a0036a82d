//! The page for a terminal: what needs a person first, bars, colours and links, laid out for any
//! width. Its words are those of the plain page.

use std::collections::BTreeMap;

use super::{MOST, Part, brief, ended, health, run_lines, sentence, standing};
use crate::core::overview::{Overview, Running, Standing, What};
use crate::domain::id::TaskId;
use crate::render::ink::{Ink, Line, Mark, Signs, Span};
use crate::render::text::{fold, pad, safe, width};

/// Below this many columns labels stand above what is said of them.
const NARROW: usize = 48;
/// The widest page.
const WIDEST: usize = 120;
/// The widest bar, in columns.
const BAR: usize = 24;
/// What a line of an entry begins with: two spaces, a mark, a space.
const MARGIN: usize = 4;

/// What the terminal can show.
#[derive(Clone, Debug)]
pub struct Face {
    /// Its columns.
    pub width: usize,
    /// Its letters.
    pub signs: Signs,
    /// Where the name of a task leads.
    pub links: BTreeMap<TaskId, String>,
}

/// One paragraph of an entry.
type Words = (Ink, String);

/// The page, line by line. Commands stay whole, so that they can be copied; no other line is wider than
/// the terminal.
pub fn lines(view: &Overview, part: Part, face: &Face) -> Vec<Line> {
    let labels = view.needs_you.iter().map(|need| safe(&need.subject));
    let tasks = view.running.iter().map(|run| &run.task);
    let tasks = tasks.chain(view.queue.iter().map(|entry| &entry.task));
    let tasks = tasks.chain(view.recent.iter().map(|ended| &ended.task));
    let longest = labels.chain(tasks.map(TaskId::to_string)).map(|label| width(&label)).max();
    let page = face.width.clamp(MARGIN + 4, WIDEST);
    let label = if page < NARROW { 0 } else { longest.unwrap_or(0).min(page / 3) };
    let most = if part == Part::All { MOST } else { usize::MAX };
    let mut sheet = Sheet { view, face, page, label, most, lines: Vec::new() };
    match part {
        Part::All => {
            sheet.needs();
            sheet.summary();
            sheet.running(false);
            sheet.queue(false);
            sheet.ended(5, false);
            sheet.health();
        }
        Part::Queue => sheet.queue(true),
        Part::Active => {
            sheet.needs();
            sheet.running(true);
        }
        Part::Completed => sheet.ended(usize::MAX, true),
    }
    sheet.lines
}

struct Sheet<'a> {
    view: &'a Overview,
    face: &'a Face,
    page: usize,
    /// Columns of the labels; none where they stand above.
    label: usize,
    most: usize,
    lines: Vec<Line>,
}

impl Sheet<'_> {
    fn signs(&self) -> Signs {
        self.face.signs
    }

    /// Columns before what is said.
    fn indent(&self) -> usize {
        if self.label == 0 { MARGIN } else { MARGIN + self.label + 2 }
    }

    fn room(&self) -> usize {
        self.page - self.indent()
    }

    fn push(&mut self, spans: Vec<Span>) {
        self.lines.push(Line(spans));
    }

    fn gap(&mut self) {
        if !self.lines.is_empty() {
            self.push(Vec::new());
        }
    }

    /// Words over the whole page.
    fn paragraph(&mut self, ink: Ink, words: &str, indent: usize) {
        for line in fold(&self.signs().words(words), self.page - indent) {
            self.push(vec![Span::new(ink, " ".repeat(indent) + &line)]);
        }
    }

    fn heading(&mut self, name: &str) {
        self.gap();
        self.paragraph(Ink::Heading, name, 0);
    }

    fn summary(&mut self) {
        self.gap();
        let quiet = self.view.needs_you.is_empty();
        let ink = if quiet { Ink::Good } else { Ink::Plain };
        self.paragraph(ink, &brief(self.view), 0);
    }

    /// The section's name where it has entries; what is said where it has none.
    fn opens(&mut self, name: &str, entries: usize, alone: bool) {
        match (entries, alone) {
            (0, false) => {}
            (0, true) => {
                self.gap();
                self.paragraph(Ink::Plain, &format!("{name}: nothing"), 0);
            }
            _ => self.heading(name),
        }
    }

    fn more(&mut self, entries: usize, command: &str) {
        let left = entries.saturating_sub(self.most);
        if left > 0 {
            self.paragraph(Ink::Faint, &format!("… and {left} more: {command}"), 2);
        }
    }

    /// A marked name, and what is said beside it or below.
    fn entry(&mut self, mark: Mark, name: &str, said: Vec<Vec<Span>>) {
        let link = TaskId::new(name).ok().and_then(|task| self.face.links.get(&task).cloned());
        let mut head = vec![Span::new(Ink::Plain, "  "), mark.span(self.signs())];
        head.push(Span::new(Ink::Plain, " "));
        let mut said = said.into_iter();
        let names = fold(name, self.page - MARGIN);
        let beside = self.label > 0 && width(name) <= self.label;
        for (at, part) in names.into_iter().enumerate() {
            if at > 0 {
                head = vec![Span::new(Ink::Plain, " ".repeat(MARGIN))];
            }
            let gap = pad("", self.label.saturating_sub(width(&part)) + 2);
            head.push(Span { link: link.clone(), ..Span::new(Ink::Name, part) });
            if beside && let Some(first) = said.next() {
                head.push(Span::new(Ink::Plain, gap));
                head.extend(first);
            }
            self.push(std::mem::take(&mut head));
        }
        for spans in said {
            let mut line = vec![Span::new(Ink::Plain, " ".repeat(self.indent()))];
            line.extend(spans);
            self.push(line);
        }
    }

    /// Paragraphs as lines of the room beside a label.
    fn folded(&self, words: impl IntoIterator<Item = Words>) -> Vec<Vec<Span>> {
        let lines = words.into_iter().flat_map(|(ink, text)| {
            let lines = fold(&self.signs().words(&text), self.room()).into_iter();
            lines.map(move |line| vec![Span::new(ink, line)])
        });
        lines.collect()
    }

    fn needs(&mut self) {
        let needs = &self.view.needs_you;
        self.opens("Needs you", needs.len(), false);
        for need in needs.iter().take(self.most) {
            let mut said = self.folded([(Ink::Plain, sentence(self.view, need))]);
            let arrow = self.signs().words("→ ");
            said.push(vec![Span::new(Ink::Faint, arrow), self.command(&need.command)]);
            self.entry(Mark::of_need(need.kind), &safe(&need.subject), said);
        }
        self.more(needs.len(), "buildq status --active");
    }

    /// Untouched but for what a person has to fill in.
    fn command(&self, command: &str) -> Span {
        let blank = self.signs().words("\"…\"");
        Span::new(Ink::Command, safe(command).replace("\"…\"", &blank))
    }

    fn running(&mut self, alone: bool) {
        let runs = &self.view.running;
        self.opens("Building", runs.len(), alone);
        for run in runs.iter().take(self.most) {
            let mark = if is_still(run) { Mark::Still } else { Mark::Runs };
            let mut said = vec![self.bar(run, mark.ink())];
            let words = run_lines(self.view, run);
            let inks = [Ink::Plain].into_iter().chain(std::iter::repeat(Ink::Faint));
            said.extend(self.folded(inks.zip(words)));
            self.entry(mark, run.task.as_str(), said);
        }
        self.more(runs.len(), "buildq status --active");
    }

    fn bar(&self, run: &Running, ink: Ink) -> Vec<Span> {
        let (done, left) = self.signs().bar(run.percent, self.room().saturating_sub(5).min(BAR));
        let percent = format!("{:>4}", run.percent.to_string());
        let percent = if done.is_empty() && left.is_empty() {
            percent.trim_start().to_owned()
        } else {
            format!(" {percent}")
        };
        vec![Span::new(ink, done), Span::new(Ink::Faint, left), Span::new(Ink::Plain, percent)]
    }

    fn queue(&mut self, alone: bool) {
        let queue = &self.view.queue;
        self.opens("Queue", queue.len(), alone);
        for entry in queue.iter().take(self.most) {
            let mark = match entry.standing {
                Standing::Held => Mark::Held,
                Standing::Queued | Standing::Waiting => Mark::Waits,
            };
            let words = format!("{}. {}", entry.position, standing(self.view, entry));
            let said = self.folded([(Ink::Plain, words)]);
            self.entry(mark, entry.task.as_str(), said);
        }
        self.more(queue.len(), "buildq status --queue");
    }

    fn ended(&mut self, most: usize, alone: bool) {
        let recent = &self.view.recent;
        self.opens("Ended lately", recent.len(), alone);
        for it in recent.iter().take(most) {
            let mark = match it.what {
                What::Succeeded | What::Merged => Mark::Done,
                What::Closed | What::Cancelled => Mark::Failed,
            };
            let said = self.folded([(Ink::Plain, ended(self.view, it))]);
            self.entry(mark, it.task.as_str(), said);
        }
    }

    fn health(&mut self) {
        self.heading("Health");
        self.paragraph(Ink::Faint, &health(self.view).join("; "), 2);
    }
}

fn is_still(run: &Running) -> bool {
    run.stalled_since.is_some() || run.alive == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::overview::tests::{CLEAR, Desk, HIGH, id};

    fn view() -> Overview {
        let long = "a-task-whose-name-is-as-long-as-names-are-allowed-to-be-0123456";
        let tasks = [("oauth", HIGH), ("songs", HIGH), ("night", CLEAR), (long, CLEAR)];
        let events = "16:10 songs started\n16:11 songs blocked which\u{1b}[2J key?\n\
                      17:10 oauth started";
        let mut desk = Desk::new(&tasks, events, "17:42");
        let run = desk.ledger.builds.get_mut(&id("oauth")).unwrap().attempts.last_mut().unwrap();
        run.started.title =
            "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{66f2}\u{3092}\u{4e26}\u{3079}\u{308b}".into();
        desk.view(&[("oauth", 40, "Token refresh works", "17:41")])
    }

    fn face(width: usize, signs: Signs) -> Face {
        Face { width, signs, links: [(id("night"), "file://here/night.md".into())].into() }
    }

    fn shown(width: usize, signs: Signs, part: Part) -> String {
        let lines = lines(&view(), part, &face(width, signs));
        lines.iter().map(|line| line.plain() + "\n").collect()
    }

    #[test]
    fn what_needs_a_person_is_the_first_word() {
        let page = shown(72, Signs::Unicode, Part::Active);
        let expected = "\
Needs you
  ? songs                     asks: which\u{fffd}[2J key? (1h 31m ago)
                              → buildq answer songs \"…\"

Building
  ▸ oauth                     █████████▌░░░░░░░░░░░░░░  40%
                              日本語の曲を並べる · 40%, attempt 1 of 4
                              by steps
                              \"Token refresh works\"
                              began 18:10 (32m ago), last sign of life
                              1m ago
";
        assert_eq!(page, expected);
        assert!(shown(80, Signs::Unicode, Part::All).starts_with("Needs you\n"));
    }

    #[test]
    fn twenty_columns_are_enough() {
        let expected = "\
Needs you
  ? songs
    asks: which\u{fffd}[2J
    key? (1h 31m
    ago)
    -> buildq answer songs \"...\"

Building
  > oauth
    ####.......  40%
    日本語の曲を並べ
    る - 40%,
    attempt 1 of 4
    by steps
    \"Token refresh
    works\"
    began 18:10 (32m
    ago), last sign
    of life 1m ago
";
        assert_eq!(shown(20, Signs::Ascii, Part::Active), expected);
    }

    #[test]
    fn no_line_but_a_command_is_wider_than_the_terminal() {
        for signs in [Signs::Unicode, Signs::Ascii] {
            for columns in (8..=60).chain([79, 80, 100, 119, 120, 121, 300]) {
                for part in [Part::All, Part::Queue, Part::Active, Part::Completed] {
                    for line in lines(&view(), part, &face(columns, signs)) {
                        let command = line.0.iter().any(|span| span.ink == Ink::Command);
                        let plain = line.plain();
                        assert!(command || width(&plain) <= columns, "{columns}: {plain}");
                        assert!(!plain.contains('\n'), "{plain:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_lead_to_their_files_and_nothing_else_leads_anywhere() {
        let lines = lines(&view(), Part::All, &face(80, Signs::Unicode));
        let spans: Vec<_> = lines.iter().flat_map(|line| &line.0).collect();
        let linked: Vec<_> = spans.iter().filter(|span| span.link.is_some()).collect();
        assert!(!linked.is_empty());
        assert!(linked.iter().all(|span| (span.ink, span.text.as_str()) == (Ink::Name, "night")));
    }

    #[test]
    fn an_empty_queue_is_a_word_here_too() {
        let view = Desk::new(&[], "", "12:00").view(&[]);
        for (part, said) in [
            (Part::All, "nothing is building, nothing is queued; nothing needs you"),
            (Part::Queue, "Queue: nothing"),
            (Part::Active, "Building: nothing"),
            (Part::Completed, "Ended lately: nothing"),
        ] {
            assert_eq!(lines(&view, part, &face(80, Signs::Unicode))[0].plain(), said);
        }
    }
}
