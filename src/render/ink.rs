//! Text with a meaning for the eye: lines of spans that say what they are, and where a terminal
//! may lead. What a terminal obeys is made of it in `commands/mouth.rs`, and nowhere else.

use crate::core::overview::NeedKind;
use crate::domain::id::Percent;

/// What a span is; each face has its own colours for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// Words.
    #[default]
    Plain,
    /// The name of a section.
    Heading,
    /// The name of a task, or of what else is spoken of.
    Name,
    /// All is well.
    Good,
    /// A person should look.
    Warning,
    /// Something failed.
    Bad,
    /// Of less weight.
    Faint,
    /// To be typed.
    Command,
}

/// Some letters of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// What they are.
    pub ink: Ink,
    /// The letters.
    pub text: String,
    /// A URL that they lead to.
    pub link: Option<String>,
}

impl Span {
    /// Letters that lead nowhere.
    pub fn new(ink: Ink, text: impl Into<String>) -> Self {
        Self { ink, text: text.into(), link: None }
    }
}

/// One line, from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

#[cfg(test)]
impl Line {
    /// Its letters alone.
    pub fn plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }
}

/// With what signs something is marked, drawn and shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Those of Unicode.
    Unicode,
    /// ASCII, where the locale knows no more.
    Ascii,
}

/// The state of something, as one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It runs.
    Runs,
    /// It shows no sign of life.
    Still,
    /// It comes by itself.
    Waits,
    /// It is held.
    Held,
    /// It is done.
    Done,
    /// It failed, or was called off.
    Failed,
    /// A person is asked.
    Asks,
    /// A person should know.
    Needs,
}

impl Mark {
    /// Of what waits for a person.
    pub fn of_need(kind: NeedKind) -> Self {
        match kind {
            NeedKind::Escalated => Self::Failed,
            NeedKind::Question => Self::Asks,
            NeedKind::Stalled => Self::Still,
            NeedKind::Review => Self::Done,
            NeedKind::Held | NeedKind::Paused => Self::Held,
            _ => Self::Needs,
        }
    }

    /// How it is painted.
    pub fn ink(self) -> Ink {
        match self {
            Self::Runs | Self::Done => Ink::Good,
            Self::Waits => Ink::Faint,
            Self::Still | Self::Held | Self::Asks => Ink::Warning,
            Self::Failed | Self::Needs => Ink::Bad,
        }
    }

    /// Its letter, one column wide.
    pub fn sign(self, signs: Signs) -> &'static str {
        let (unicode, ascii) = match self {
            Self::Runs => ("▸", ">"),
            Self::Still => ("◌", "~"),
            Self::Waits => ("○", "o"),
            Self::Held => ("■", "#"),
            Self::Done => ("✓", "+"),
            Self::Failed => ("✗", "x"),
            Self::Asks => ("?", "?"),
            Self::Needs => ("!", "!"),
        };
        if signs == Signs::Unicode { unicode } else { ascii }
    }

    /// The same as a span.
    pub fn span(self, signs: Signs) -> Span {
        Span::new(self.ink(), self.sign(signs))
    }
}

impl Signs {
    /// Our own words with the signs that stand in them: arrows, dots, dashes.
    pub fn words(self, text: &str) -> String {
        if self == Self::Unicode {
            return text.to_owned();
        }
        text.replace('→', "->").replace('…', "...").replace(['·', '–'], "-")
    }

    /// A bar of this many columns, and what is left of it: one column shows eight steps in Unicode
    /// and one in ASCII. Only what is whole is full.
    pub fn bar(self, percent: Percent, columns: usize) -> (String, String) {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let done = usize::from(percent.value()) * columns;
        let (full, rest) = (done / 100, done % 100);
        let (block, part, void) = match self {
            Self::Unicode => ("█", EIGHTHS[rest * 8 / 100], "░"),
            Self::Ascii => ("#", "", "."),
        };
        let left = columns - full - usize::from(!part.is_empty());
        (block.repeat(full) + part, void.repeat(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::text::width;

    #[test]
    fn a_bar_is_as_wide_as_wanted_and_full_only_when_all_is_done() {
        for signs in [Signs::Unicode, Signs::Ascii] {
            for columns in [0, 1, 7, 20, 33] {
                for percent in 0..=100 {
                    let (done, left) = signs.bar(Percent::of(percent, 100), columns);
                    assert_eq!(width(&done) + width(&left), columns, "{percent}% of {columns}");
                    let full = if signs == Signs::Unicode { '█' } else { '#' };
                    let whole =
                        columns > 0 && done.chars().filter(|c| *c == full).count() == columns;
                    assert_eq!(whole, columns > 0 && percent == 100, "{percent}% of {columns}");
                }
            }
        }
        let forty = Percent::of(45, 100);
        assert_eq!(Signs::Unicode.bar(forty, 10), ("████▌".into(), "░░░░░".into()));
        assert_eq!(Signs::Ascii.bar(forty, 10), ("####".into(), "......".into()));
    }

    #[test]
    fn every_mark_has_a_sign_of_one_column_in_either_set() {
        use Mark::{Asks, Done, Failed, Held, Needs, Runs, Still, Waits};
        for mark in [Runs, Still, Waits, Held, Done, Failed, Asks, Needs] {
            assert_eq!(width(mark.sign(Signs::Unicode)), 1);
            assert!(mark.sign(Signs::Ascii).is_ascii());
            assert_eq!(mark.sign(Signs::Ascii).len(), 1);
        }
        assert_eq!(Signs::Ascii.words("a · b → c…"), "a - b -> c...");
    }
}
