//! Putting what a list says of an item where it belongs.

use super::fields::Key;
use super::words::{one_line, trimmed, unstressed};
use super::{Item, State, values};

/// More criteria or facts than that are no item's.
pub const MOST: usize = 400;

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing said.
    Open,
    /// Somebody is at it.
    Begun,
    /// It waits for something.
    Blocked,
    /// Done.
    Done,
    /// It will not be done.
    Dropped,
}

/// Words for it, the more exact ones first; in lower case.
const STATUSES: &[(&str, Status)] = &[
    ("not done", Status::Open),
    ("not started", Status::Open),
    ("undone", Status::Open),
    ("un-done", Status::Open),
    ("not complete", Status::Open),
    ("incomplete", Status::Open),
    ("unfinished", Status::Open),
    ("to be done", Status::Open),
    ("to do", Status::Open),
    ("not ready", Status::Blocked),
    ("not planned", Status::Dropped),
    ("won't", Status::Dropped),
    ("wont", Status::Dropped),
    ("will not", Status::Dropped),
    ("cancel", Status::Dropped),
    ("abandon", Status::Dropped),
    ("dropped", Status::Dropped),
    ("rejected", Status::Dropped),
    ("superseded", Status::Dropped),
    ("duplicate", Status::Dropped),
    ("obsolete", Status::Dropped),
    ("blocked", Status::Blocked),
    ("on hold", Status::Blocked),
    ("on-hold", Status::Blocked),
    ("paused", Status::Blocked),
    ("deferred", Status::Blocked),
    ("icebox", Status::Blocked),
    ("waiting for", Status::Blocked),
    ("draft", Status::Blocked),
    ("blockiert", Status::Blocked),
    ("bloqueado", Status::Blocked),
    ("in progress", Status::Begun),
    ("in_progress", Status::Begun),
    ("in-progress", Status::Begun),
    ("in review", Status::Begun),
    ("building", Status::Begun),
    ("ongoing", Status::Begun),
    ("started", Status::Begun),
    ("doing", Status::Begun),
    ("wip", Status::Begun),
    ("in arbeit", Status::Begun),
    ("en curso", Status::Begun),
    ("en cours", Status::Begun),
    ("进行中", Status::Begun),
    ("進行中", Status::Begun),
    ("未完成", Status::Open),
    ("complete", Status::Done),
    ("done", Status::Done),
    ("finished", Status::Done),
    ("shipped", Status::Done),
    ("closed", Status::Done),
    ("merged", Status::Done),
    ("resolved", Status::Done),
    ("deployed", Status::Done),
    ("released", Status::Done),
    ("archive", Status::Done),
    ("erledigt", Status::Done),
    ("fertig", Status::Done),
    ("abgeschlossen", Status::Done),
    ("hecho", Status::Done),
    ("terminado", Status::Done),
    ("completado", Status::Done),
    ("terminé", Status::Done),
    ("concluíd", Status::Done),
    ("feito", Status::Done),
    ("已完成", Status::Done),
    ("完了", Status::Done),
    ("完成", Status::Done),
    ("готово", Status::Done),
    ("выполнено", Status::Done),
];

/// How far something is, by its words or its box.
pub fn status(text: &str) -> Option<Status> {
    let lower = text.to_lowercase().replace(['`', '*', '’'], "'");
    let starts = |at: usize| !lower[..at].ends_with(char::is_alphanumeric);
    let named = |word: &str| {
        let ascii = word.is_ascii();
        lower.match_indices(word).any(|(at, _)| !ascii || starts(at))
    };
    if let Some((_, status)) = STATUSES.iter().find(|(word, _)| named(word)) {
        return Some(*status);
    }
    match super::rows::boxed(text).0? {
        super::rows::Box::Open => Some(Status::Open),
        super::rows::Box::Begun => Some(Status::Begun),
        super::rows::Box::Done => Some(Status::Done),
        super::rows::Box::Dropped => Some(Status::Dropped),
    }
}

/// Whether a value says that there is nothing.
pub fn is_nothing(text: &str) -> bool {
    let word = trimmed(text).trim_matches(['.', '*', '_', '(', ')', '[', ']']).to_lowercase();
    let words = ["", "none", "n/a", "na", "nothing", "no", "-", "–", "—", "null", "tbd", "keine"];
    words.contains(&word.as_str()) || matches!(word.as_str(), "nein" | "ninguno" | "aucun" | "无")
}

impl Item {
    /// Takes what a field says; what it does not understand stays as text.
    pub(super) fn take(&mut self, name: &str, key: Key, value: &str) {
        let plain = unstressed(&one_line(value));
        if plain.is_empty() || (is_nothing(&plain) && key != Key::Text) {
            return;
        }
        match key {
            Key::Text => self.write(value.trim()),
            Key::Criteria => self.criterion(&plain, false),
            Key::Tech => self.tech.extend(words_of(&plain)),
            Key::Labels => self.labels.extend(words_of(&plain)),
            Key::Depends => self.depends_on.push(plain),
            Key::Blockers => self.blockers.push(plain),
            Key::Builder if self.builder.is_none() => self.builder = Some(plain),
            // What is called a title is one; a heading is a name of it too.
            Key::Title => {
                let before = std::mem::replace(&mut self.title, one_line(value));
                self.aliases.extend(Some(before).filter(|before| !before.is_empty()));
            }
            Key::Name => self.aliases.push(plain),
            Key::Status => self.stands(&plain),
            Key::Priority => {
                self.measured(name, &plain, values::priority(&plain), |item| &mut item.priority)
            }
            Key::Estimate => {
                self.measured(name, &plain, values::estimate(&plain), |item| &mut item.estimate)
            }
            Key::Due => self.measured(name, &plain, values::moment(&plain), |item| &mut item.due),
            Key::NotBefore => {
                let moment = values::moment(&plain);
                self.measured(name, &plain, moment, |item| &mut item.not_before);
            }
            Key::Builder | Key::Fact => self.note(name, &plain),
        }
    }

    /// A value that was understood goes into its place; a remark beside it, and what was not
    /// understood, stay as text.
    fn measured<T>(
        &mut self,
        name: &str,
        plain: &str,
        value: Option<T>,
        place: impl FnOnce(&mut Self) -> &mut Option<T>,
    ) {
        let remark = plain.contains('(') || value.is_none();
        let place = place(self);
        let taken = place.is_some();
        if !taken {
            *place = value;
        }
        if remark || taken {
            self.note(name, plain);
        }
    }

    /// Takes how far it is.
    pub(super) fn stands(&mut self, text: &str) {
        match status(text) {
            Some(Status::Done) => self.state = State::Done,
            Some(Status::Dropped) => {
                self.state = State::Done;
                self.note("Status", text);
            }
            Some(Status::Blocked) => self.blockers.push(format!("marked `{}`", text.trim())),
            Some(Status::Open) => {}
            Some(Status::Begun) | None => self.note("Status", text),
        }
    }

    /// One more outcome.
    pub(super) fn criterion(&mut self, text: &str, done: bool) {
        let text = one_line(text);
        if self.criteria.len() >= MOST {
            return self.lose("criteria");
        }
        if !is_nothing(&text) && !self.criteria.iter().any(|(known, _)| *known == text) {
            self.criteria.push((text, done));
        }
    }

    /// Tells once that there was more of something than anybody reads.
    pub(super) fn lose(&mut self, what: &str) {
        let told = format!("left behind: more than {MOST} {what}");
        if !self.lost.contains(&told) {
            self.lost.push(told);
        }
    }

    /// One more line of text.
    pub(super) fn write(&mut self, line: &str) {
        let blank = line.trim().is_empty();
        if blank && (self.text.is_empty() || self.text.ends_with("\n\n")) {
            return;
        }
        self.text += line.trim_end();
        self.text.push('\n');
    }
}

/// Words with commas between.
pub fn words_of(text: &str) -> Vec<String> {
    let word = |word: &str| {
        // `#web` is a tag, `C#` a language.
        let bare = word.trim().trim_matches(['`', '"', '[', ']', '*']);
        one_line(bare.trim_start_matches('#'))
    };
    let words = text.split([',', ';', '、', '，']).map(word);
    words.filter(|word| !is_nothing(word) && word.len() <= 200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    #[test]
    fn a_status_in_many_words() {
        for (text, meant) in [
            ("✅ Done (verified)", Some(Status::Done)),
            ("Un-done batches", Some(Status::Open)),
            ("To Do", Some(Status::Open)),
            ("🟢 Completed (Last 7 Days)", Some(Status::Done)),
            ("Won’t Do", Some(Status::Dropped)),
            ("In Progress", Some(Status::Begun)),
            ("`[NOT READY]`", Some(Status::Blocked)),
            ("未完成", Some(Status::Open)),
            ("已完成", Some(Status::Done)),
            ("Active Queue", None),
            ("Abandoned cart", Some(Status::Dropped)),
        ] {
            assert_eq!(status(text), meant, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_stays() {
        let mut item = Item::default();
        for (name, key, value) in [
            ("Estimate", Key::Estimate, "5 points"),
            ("Priority", Key::Priority, "High (revenue)"),
            ("Due", Key::Due, "Friday"),
            ("Tech", Key::Tech, "Python, `Stripe API`"),
            ("Blockers", Key::Blockers, "None"),
            ("Status", Key::Status, "Blocked by legal"),
            ("Added", Key::Fact, "2026-02-07"),
        ] {
            item.take(name, key, value);
        }
        assert_eq!((item.priority, item.estimate), (Some(Priority::High), None));
        assert_eq!(item.tech, ["Python", "Stripe API"]);
        assert_eq!(item.blockers, ["marked `Blocked by legal`"]);
        let notes: Vec<_> = item.notes.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        let kept = ["Estimate: 5 points", "Priority: High (revenue)", "Due: Friday"];
        assert_eq!(notes[..3], kept);
        assert_eq!(notes[3], "Added: 2026-02-07");
    }
}
