//! The state of the screen, and what keys and news make of it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::list::{Entry, Section, entries};
use super::page::Plan;
use super::{Asked, Facts, Topic};
use crate::render::ink::Signs;
use crate::render::text::{fold, safe, safe_lines};

/// What a key asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To leave.
    Quit,
    /// To carry out a command line of buildq.
    Verb(Vec<String>),
    /// To try a task out, on the whole terminal.
    Try(String),
}

/// What the letters typed are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each is a key.
    Keys,
    /// Words for a command, which gets them as its last word.
    Words {
        /// What is asked.
        question: &'static str,
        /// The command.
        verb: Vec<String>,
        /// What is typed so far.
        typed: String,
    },
    /// Yes or no.
    Sure {
        /// The command.
        verb: Vec<String>,
    },
    /// The page of keys is open.
    Help,
}

/// All that the screen shows.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) facts: Option<Facts>,
    pub(super) entries: Vec<Entry>,
    pub(super) chosen: usize,
    pub(super) mode: Mode,
    /// Asked for with a key; else what fits the entry.
    topic: Option<Topic>,
    /// What a command has answered stands beside the list.
    pub(super) answer: Option<String>,
    /// What is told of the chosen entry.
    told: String,
    /// The detail takes the whole screen.
    pub(super) whole: bool,
    /// Lines of the detail above what is shown; `None` follows its end.
    scrolled: Option<usize>,
    /// The command under way.
    pub(super) busy: Option<String>,
    /// What went wrong with the last look.
    pub(super) trouble: Option<String>,
    /// Columns and rows.
    pub(super) size: (u16, u16),
    /// With what it is drawn.
    pub(super) signs: Signs,
}

/// The longest words that are taken, in letters.
const WORDS: usize = 4_000;

impl Model {
    /// Nothing is known yet.
    pub fn new(signs: Signs, size: (u16, u16)) -> Self {
        Self {
            facts: None,
            entries: Vec::new(),
            chosen: 0,
            mode: Mode::Keys,
            topic: None,
            answer: None,
            told: String::new(),
            whole: false,
            scrolled: None,
            busy: None,
            trouble: None,
            size,
            signs,
        }
    }

    /// What a look told; what was chosen stays chosen wherever it stands now.
    pub fn learn(&mut self, facts: Facts) {
        let before = self.entry().map(|entry| (entry.section, entry.name.clone()));
        self.entries = entries(&facts);
        (self.facts, self.trouble) = (Some(facts), None);
        let place = |(section, name): &(Section, String)| {
            let mut named = self.entries.iter().enumerate().filter(|(_, it)| it.name == *name);
            let same = named.clone().find(|(_, it)| it.section == *section);
            same.or_else(|| named.next()).map(|(at, _)| at)
        };
        let found = before.as_ref().and_then(place).unwrap_or(self.chosen);
        self.chosen = found.min(self.entries.len().saturating_sub(1));
    }

    /// A look failed.
    pub fn fail(&mut self, why: &str) {
        self.trouble = Some(safe(why));
    }

    /// The answer to [`Model::asks`]; one that comes too late is dropped.
    pub fn tell(&mut self, asked: &Asked, text: &str) {
        if self.asks().as_ref() == Some(asked) {
            self.told = safe_lines(text);
        }
    }

    /// A command has begun.
    pub fn begin(&mut self, verb: &[String]) {
        self.busy = Some(safe(&format!("buildq {}", verb.join(" "))));
    }

    /// It has ended, and said this.
    pub fn end(&mut self, said: &str) {
        let line = self.busy.take().unwrap_or_default();
        self.answer = Some(format!("$ {line}\n\n{}", safe_lines(said)));
        self.scrolled = Some(0);
    }

    /// The command under way.
    pub fn is_busy(&self) -> Option<&str> {
        self.busy.as_deref()
    }

    /// Another size of the terminal.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.size = (columns, rows);
    }

    pub(super) fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    /// What is to be told of the chosen entry now.
    pub fn asks(&self) -> Option<Asked> {
        let entry = self.entry()?;
        let task = entry.task.clone()?;
        let fitting = match entry.section {
            Section::Building => Topic::Output,
            Section::Review => Topic::Review,
            Section::Queue => Topic::Why,
            Section::Needs | Section::History => Topic::Show,
        };
        let plan = Plan::of(self.size, self.whole);
        let columns = plan.detail.width.max(plan.body.width / 2);
        Some(Asked { task, topic: self.topic.unwrap_or(fitting), columns: columns.into() })
    }

    /// The lines beside the list that fit, and how many there are in all.
    pub(super) fn detail(&self) -> (Vec<String>, usize) {
        let room = Plan::of(self.size, self.whole).detail;
        let all = self.all_detail(room.width.into());
        let last = all.len().saturating_sub(room.height.into());
        let first = self.scrolled.unwrap_or(if self.follows_end() { last } else { 0 }).min(last);
        let count = all.len();
        (all.into_iter().skip(first).take(room.height.into()).collect(), count)
    }

    /// Output is read at its end, pages from their beginning.
    fn follows_end(&self) -> bool {
        self.answer.is_none() && self.asks().is_some_and(|asked| asked.topic == Topic::Output)
    }

    fn all_detail(&self, columns: usize) -> Vec<String> {
        let entry = self.entry().filter(|entry| entry.task.is_none());
        let of_clone = entry.map(|it| format!("{} {}\n\n{}", it.name, it.said, it.command));
        let text = self.answer.as_ref().or(of_clone.as_ref()).unwrap_or(&self.told);
        let mut lines = Vec::new();
        for line in self.signs.words(text).lines() {
            // The beginning of a line stays: pages are indented.
            let indent = line.len() - line.trim_start().len();
            let indent = indent.min(columns / 2);
            let folded = fold(line, columns.saturating_sub(indent).max(1));
            match folded.is_empty() {
                true => lines.push(String::new()),
                false => lines.extend(folded.into_iter().map(|it| " ".repeat(indent) + &it)),
            }
        }
        lines
    }

    /// A key: what it changes, and what it asks of the world.
    pub fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return Some(Wish::Quit);
        }
        match std::mem::replace(&mut self.mode, Mode::Keys) {
            Mode::Words { question, verb, typed } => self.words(key.code, question, (verb, typed)),
            Mode::Sure { verb } => {
                matches!(key.code, KeyCode::Char('y' | 'Y')).then_some(Wish::Verb(verb))
            }
            Mode::Help => None,
            Mode::Keys if control => None,
            Mode::Keys => self.key(key.code),
        }
    }

    /// Pasted text: words where words are asked for, and never keys.
    pub fn paste(&mut self, text: &str) {
        if let Mode::Words { typed, .. } = &mut self.mode {
            let room = WORDS.saturating_sub(typed.chars().count());
            typed.extend(safe(text).chars().take(room));
        }
    }

    fn words(
        &mut self,
        code: KeyCode,
        question: &'static str,
        (mut verb, mut typed): (Vec<String>, String),
    ) -> Option<Wish> {
        match code {
            KeyCode::Esc => return None,
            KeyCode::Enter if !typed.trim().is_empty() => {
                // A word of its own, or the value of a flag: never a flag itself.
                match verb.last_mut().filter(|last| last.ends_with('=')) {
                    Some(flag) => flag.push_str(&typed),
                    None => verb.push(typed),
                }
                return Some(Wish::Verb(verb));
            }
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char(c) if typed.chars().count() < WORDS => typed.push(c),
            _ => {}
        }
        self.mode = Mode::Words { question, verb, typed };
        None
    }

    fn key(&mut self, code: KeyCode) -> Option<Wish> {
        let page = isize::try_from(self.size.1 / 2).unwrap_or(1).max(1);
        match code {
            KeyCode::Char('q') => return Some(Wish::Quit),
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Esc => {
                self.whole = false;
                self.about(None);
            }
            KeyCode::Enter => self.whole = !self.whole,
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::Char('f') => self.scrolled = None,
            KeyCode::Char('o') => self.open(Topic::Output),
            KeyCode::Char('w') => self.open(Topic::Why),
            KeyCode::Char('i') => self.open(Topic::Show),
            KeyCode::Char(letter) if self.busy.is_none() => return self.verb(letter),
            _ => {}
        }
        None
    }

    /// In the list from entry to entry; where the detail has the whole screen, in that.
    fn step(&mut self, by: isize) {
        if self.whole {
            return self.scroll(by);
        }
        let last = self.entries.len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(by).min(last);
        self.about(None);
    }

    fn about(&mut self, topic: Option<Topic>) {
        let before = self.asks();
        (self.topic, self.answer, self.scrolled) = (topic, None, None);
        if self.asks() != before || self.told.is_empty() {
            self.told.clear();
        }
    }

    /// Something else beside the list; where there is no room beside it, instead of it.
    fn open(&mut self, topic: Topic) {
        self.about(Some(topic));
        self.whole |= Plan::of(self.size, false).detail.is_empty();
    }

    fn scroll(&mut self, by: isize) {
        let room = Plan::of(self.size, self.whole).detail;
        let last = self.all_detail(room.width.into()).len().saturating_sub(room.height.into());
        let now = self.scrolled.unwrap_or(if self.follows_end() { last } else { 0 });
        let then = now.min(last).saturating_add_signed(by).min(last);
        // At its end it is followed again.
        self.scrolled = (then < last || !self.follows_end()).then_some(then);
    }

    /// A command about the chosen task; whether it may is for the command to say.
    fn verb(&mut self, letter: char) -> Option<Wish> {
        let task = self.entry()?.task.clone()?.to_string();
        let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let words = |question, words: &[&str]| Mode::Words {
            question,
            verb: line(words),
            typed: String::new(),
        };
        self.mode = match letter {
            'a' => Mode::Sure { verb: line(&["accept", &task]) },
            'p' => Mode::Sure { verb: line(&["approve", &task]) },
            'c' => Mode::Sure { verb: line(&["cancel", &task]) },
            'r' => words("what should be different?", &["reject", &task, "--message="]),
            'n' => words("your answer:", &["answer", &task, "--"]),
            't' => return Some(Wish::Try(task)),
            'R' => return Some(Wish::Verb(line(&["retry", &task]))),
            's' => return Some(Wish::Verb(line(&["spawn", &task]))),
            _ => return None,
        };
        None
    }
}
