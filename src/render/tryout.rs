//! What is told of the place where a build is tried out.

use serde::Serialize;

use super::text;
use crate::core::tryout::Choice;
use crate::domain::id::{Attempt, Oid, TaskId};

/// A place, and how it comes about.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Whose.
    pub task: TaskId,
    /// Which run.
    pub attempt: Attempt,
    /// What is checked out.
    pub commit: Oid,
    /// Where it lies.
    pub folder: String,
    /// Whether it is there already.
    #[serde(flatten)]
    pub choice: Choice,
    /// What is run in it first.
    pub setup: Vec<String>,
}

/// What would be done.
pub fn foreseen(told: &Told) -> String {
    let (task, attempt, commit) = (&told.task, told.attempt, told.commit.short());
    let mut page = format!("{task} attempt {attempt} at {commit}\n");
    match &told.choice {
        Choice::Kept => page += "in the workspace that was kept for it\n",
        Choice::New { because, stays } => {
            let then = match stays {
                true => "kept until the build is decided",
                false => "removed when you leave it",
            };
            page += &format!("in a new workspace, since {}; {then}\n", text::safe(because));
        }
    }
    for line in &told.setup {
        page += &format!("setup: {}\n", text::safe(line));
    }
    page + &format!("folder: {}\n", text::safe(&told.folder))
}

/// Before a new one is made.
pub fn setting_up(told: &Told) -> String {
    match &told.choice {
        Choice::Kept => String::new(),
        Choice::New { because, .. } => format!(
            "setting up a new workspace at {}, since {}",
            told.commit.short(),
            text::safe(because)
        ),
    }
}

/// Before a person's shell begins.
pub fn welcome(told: &Told) -> String {
    format!(
        "{} attempt {} at {}, within the walls of a builder; what you change stays here\n\
         `exit` or Ctrl-D leaves",
        told.task,
        told.attempt,
        told.commit.short()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_what_becomes_of_it() {
        let told = Told {
            task: TaskId::new("hello").unwrap(),
            attempt: Attempt(2),
            commit: "a".repeat(40).parse().unwrap(),
            folder: "/w/hello-2\u{1b}".into(),
            choice: Choice::Kept,
            setup: Vec::new(),
        };
        assert_eq!(
            foreseen(&told),
            "hello attempt 2 at aaaaaaa\nin the workspace that was kept for it\n\
             folder: /w/hello-2\u{fffd}\n"
        );
        assert_eq!(setting_up(&told), "");
        let because = "it was built on mini/4f1c".to_owned();
        let choice = Choice::New { because, stays: true };
        let new = Told { choice, setup: vec!["npm ci".into()], ..told };
        assert_eq!(
            foreseen(&new),
            "hello attempt 2 at aaaaaaa\nin a new workspace, since it was built on mini/4f1c; \
             kept until the build is decided\nsetup: npm ci\nfolder: /w/hello-2\u{fffd}\n"
        );
        assert_eq!(
            setting_up(&new),
            "setting up a new workspace at aaaaaaa, since it was built on mini/4f1c"
        );
    }
}
