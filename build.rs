//! What is done once, when the program is made, so that starting it costs nothing.
//!
//! On Linux it is linked at a fixed address. Every `git commit` starts `buildq hook`, and most of
//! its start-up was the dynamic linker writing 43,000 addresses (nearly all of them in the table of
//! time zones) into pages that it had to copy for it: about a millisecond. What this costs is the
//! random address of the program's own image; libraries, heap and stack keep theirs.
//!
//! The weights of the model become tables, and so does the lexicon: reading 34,000 lines of weights
//! and putting 5,000 words into all their forms took a hook longer than all the rest of its work.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

use language::classes::Meaning;
use language::forms::Lexicon;

#[allow(dead_code, reason = "what only the program itself asks")]
#[path = "src/core/language"]
mod language {
    pub mod classes;
    pub mod forms;
    mod nouns;
    mod verbs;
}

const WEIGHTS: &str = "src/core/model/weights.tsv";
/// Answers of the model: `core/model.rs` has their names.
const ANSWERS: usize = 9;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={WEIGHTS}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|now| now == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bin=buildq=-no-pie");
    }
    for file in ["classes", "forms", "nouns", "verbs"] {
        println!("cargo::rerun-if-changed=src/core/language/{file}.rs");
    }
    let text = fs::read_to_string(WEIGHTS).expect(WEIGHTS);
    let out = env::var("OUT_DIR").expect("cargo names OUT_DIR");
    let write = |name: &str, source: String| {
        fs::write(Path::new(&out).join(name), source).expect("OUT_DIR can be written");
    };
    write("weights.rs", tables(&text));
    write("lexicon.rs", lexicon());
}

/// Every word, what it means alone, and the phrases that it begins.
fn lexicon() -> String {
    let meaning = |Meaning { classes, form }| format!("m({:#x}, Form::{form:?})", classes.0);
    let mut map = phf_codegen::Map::new();
    for (word, entry) in Lexicon::make().0 {
        let phrases: Vec<String> = entry
            .phrases
            .iter()
            .map(|(rest, whole)| format!("(&{rest:?}, {})", meaning(*whole)))
            .collect();
        let (alone, phrases) = (meaning(entry.alone), phrases.join(", "));
        map.entry(word, format!("Entry {{ alone: {alone}, phrases: &[{phrases}] }}"));
    }
    format!("static LEXICON: phf::Map<&'static str, Entry> = {};\n", map.build())
}

/// Lines of a mark, a name and the weights, parted by tabs; marks are `bias`, `title`, `text`,
/// `rule`. Weights that a line leaves out are zero.
fn tables(text: &str) -> String {
    let mut source = String::new();
    let mut maps = [("title", "TITLE"), ("text", "TEXT"), ("rule", "RULES")]
        .map(|(mark, name)| (mark, name, phf_codegen::Map::new()));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (mark, name) = (fields.next().expect(line), fields.next().expect(line));
        let mut row = [0i16; ANSWERS];
        for (at, field) in fields.enumerate().filter(|(_, field)| !field.is_empty()) {
            row[at] = field.parse().expect(line);
        }
        match maps.iter_mut().find(|map| map.0 == mark) {
            Some((_, _, map)) => _ = map.entry(name, format!("{row:?}")),
            None => writeln!(source, "static BIAS: Row = {row:?};").expect("it is a string"),
        }
    }
    for (_, name, map) in maps {
        writeln!(source, "static {name}: phf::Map<&'static str, Row> = {};", map.build())
            .expect("it is a string");
    }
    source
}
