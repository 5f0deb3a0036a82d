//! One attack, as its file says it.

use std::fs;
use std::path::Path;

use crate::support::Walls;

/// What becomes of an attack behind lesser walls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is blocked there too.
    Blocked,
    /// It works there, and the README says so.
    Works,
    /// It would harm the machine that tries.
    Unsafe,
}

/// A file of `tests/attacks/`.
pub struct Script {
    /// Its file's stem.
    pub name: String,
    /// All of it.
    pub text: String,
}

impl Script {
    /// What stands behind `# name:`.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.lines().take_while(|line| line.starts_with('#'));
        let mut found =
            head.filter_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "));
        found.next()
    }

    /// What it says of its fate behind these walls; behind the best every attack is blocked,
    /// and behind Landlock alone one that says nothing.
    pub fn fate(&self, walls: Walls) -> Fate {
        let said = match walls {
            Walls::Bubblewrap => return Fate::Blocked,
            Walls::Landlock => self.header("landlock").or(Some("blocked")),
            Walls::Off => self.header("bare"),
        };
        match said {
            Some("blocked") => Fate::Blocked,
            Some("works") => Fate::Works,
            Some("unsafe") => Fate::Unsafe,
            other => panic!("{}: its fate behind {walls:?} is {other:?}", self.name),
        }
    }
}

/// All attacks of a folder, by name.
pub fn scripts(folder: &str) -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks").join(folder);
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let script = Script { name, text: fs::read_to_string(&path).unwrap() };
        assert!(script.header("tries").is_some(), "{} does not say what it tries", script.name);
        all.push(script);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
