//! What is no literal never reaches git where it could be taken for a flag: it stands behind
//! `--end-of-options` or `--`, is the value of a flag, or begins with words of ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::code::{Code, List};
use crate::support::files_below;

/// Every verb of git that is called, and others that may be.
const VERBS: &str = "add am apply archive branch cat-file check-ignore checkout cherry-pick clone commit \
                     commit-tree config describe diff diff-index diff-tree fetch for-each-ref fsck gc \
                     hash-object index-pack lfs log ls-files ls-remote ls-tree maintenance merge \
                     merge-base merge-file merge-tree mktree mv pack-objects prune push read-tree rebase \
                     remote repack reset restore rev-list rev-parse rm show show-ref status submodule \
                     switch symbolic-ref tag unpack-objects update-index update-ref verify-commit \
                     verify-tag worktree write-tree";

/// Flags that take the next word as it is.
const TAKES: &[&str] =
    &["-m", "-F", "-p", "-c", "-C", "-t", "--cacheinfo", "--contains", "--git-path", "-f"];

/// Words that are no literals and stand where a flag could: file, word, and why that is right.
const KNOWN: &[(&str, &str, &str)] = &[
    ("commands/demo/stage.rs", "key", "names of settings, all of them literals"),
    ("commands/doctor/live.rs", "key", "names of settings, all of them literals"),
    ("effects/own_settings.rs", "key", "names of settings, all of them literals"),
];

/// Lists that are added to: file, verb, and why what is added is no flag.
const GROWING: &[(&str, &str, &str)] = &[
    ("commands/demo/stage.rs", "add", "begins with `--`"),
    ("effects/collect.rs", "rev-list", "literals, then `--end-of-options`"),
    ("effects/commit.rs", "commit-tree", "values of `-p`, then `--end-of-options`"),
    ("effects/drafts.rs", "diff-index", "paths behind `--`"),
    ("effects/signers.rs", "log", "ends with `--end-of-options`"),
    ("effects/workspace/leftovers.rs", "reset", "paths behind `--`"),
    ("effects/workspace/note.rs", "commit-tree", "values of `-p`, then `--end-of-options`"),
    ("effects/workspace/trouble.rs", "log", "commits behind `--end-of-options`, paths behind `--`"),
    ("effects/workspace/trouble.rs", "rev-list", "commits behind `--end-of-options`"),
];

#[derive(Default)]
struct Found {
    /// Words that could be taken for a flag.
    bare: BTreeSet<(String, String)>,
    /// Lists that are added to.
    growing: BTreeSet<(String, String)>,
}

#[test]
fn no_word_from_outside_can_be_a_flag_of_git() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Found::default();
    let mut calls = 0;
    for file in files_below(&root) {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_test = name.ends_with("/tests.rs") || name.ends_with("_tests.rs");
        if name.ends_with(".rs") && !is_test {
            calls += look(&name, &fs::read_to_string(&file).unwrap(), &mut found);
        }
    }
    assert!(calls > 70, "only {calls} calls of git were found");
    let known = |list: &[(&str, &str, &str)]| -> BTreeSet<(String, String)> {
        list.iter().map(|(file, word, _)| ((*file).to_owned(), (*word).to_owned())).collect()
    };
    assert_eq!(found.bare, known(KNOWN), "put `--end-of-options` before it, or say why not");
    assert_eq!(found.growing, known(GROWING), "say why what is added is no flag");
}

#[test]
fn what_is_planted_is_found() {
    for (source, bare, growing) in [
        (r#"git.run(["log", "-1", name])"#, &["name"][..], false),
        (r#"git.run(["log", "-1", "--end-of-options", name])"#, &[], false),
        (r#"git.run(["checkout", "--", name])"#, &[], false),
        (r#"git.run(["commit", "-m", message, path])"#, &["path"], false),
        (r#"git.run(["rev-parse", &format!("{head}^{{tree}}")])"#, &["format"], false),
        (r#"git.run(["log", &format!("refs/heads/{name}"), REF])"#, &[], false),
        (r#"git.run(vec!["log".to_owned(), "-1".into(), tip.to_string()])"#, &["tip"], false),
        (r#"git.run(["config", "user.name", value])"#, &[], false),
        (r#"git.run(["config", key, value])"#, &["key"], false),
        (r#"let mut args = vec!["log"]; args.push(name); git.run(args)"#, &[], true),
        (r#"let words = ["log"]; git.run(words.into_iter().chain(more))"#, &[], true),
        (r#"git.run(["add"].into_iter().chain(paths))"#, &[], true),
        (r#"let words = ["log"]; git.run(words)"#, &[], false),
        (r#"git.run(["status"]); let x = ["nothing", name];"#, &[], false),
    ] {
        let mut found = Found::default();
        look("x.rs", source, &mut found);
        let words: Vec<_> = found.bare.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!((&words[..], !found.growing.is_empty()), (bare, growing), "{source}");
    }
}

/// Looks at every call of one file; how many there are.
fn look(name: &str, source: &str, found: &mut Found) -> usize {
    let code = Code::read(source);
    let verbs: BTreeSet<&str> = VERBS.split_whitespace().collect();
    let mut calls = 0;
    for list in code.lists() {
        let Some(verb) = list.elements.first().and_then(|words| literal(words)) else { continue };
        if !verbs.contains(verb) {
            continue;
        }
        calls += 1;
        let bare = bare(verb, &list).into_iter();
        found.bare.extend(bare.map(|word| (name.to_owned(), word)));
        if list.grows {
            found.growing.insert((name.to_owned(), verb.to_owned()));
        }
    }
    calls
}

/// Elements that could be taken for a flag, by their first word.
fn bare(verb: &str, list: &List) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = None;
    for words in list.elements.iter().skip(1) {
        let said = literal(words);
        if matches!(said, Some("--" | "--end-of-options")) {
            return found;
        }
        let taken = before.is_some_and(|flag| TAKES.contains(&flag));
        before = said;
        let safe = taken || said.is_some() || begins_with_ours(words);
        if !safe {
            let mut named = words.iter().filter(|word| *word != "&" && *word != "*");
            found.push(named.next().cloned().unwrap_or_default());
        }
        // What stands behind the name of a setting is its value.
        if verb == "config" && said.is_none_or(|said| !said.starts_with('-')) {
            return found;
        }
    }
    found
}

/// The text of an element that is a literal, also as `"x".into()`.
fn literal(words: &[String]) -> Option<&str> {
    let (first, rest) = words.split_first()?;
    let plain = rest.is_empty() || matches!(rest[0].as_str(), ".");
    first.strip_prefix('"').filter(|_| plain)
}

/// A constant, or `&format!("…")` that begins with a letter or a dash of ours.
fn begins_with_ours(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "&").collect();
    match words[..] {
        [name] => name.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
        ["format", "!", "(", text, ..] => {
            text.strip_prefix('"').is_some_and(|text| !text.is_empty() && !text.starts_with('{'))
        }
        _ => false,
    }
}
