//! Whether a task says enough to be built without asking.

use crate::domain::task::Task;

/// Fewer words cannot say what is to be done.
const FEWEST_WORDS: usize = 4;

/// Said in place of a task.
const VAGUE: &str = "\
    make it better, make it work, make it good, make it nice, make it faster, make things \
    better, make this better, fix it, fix stuff, fix things, fix everything, improve it, \
    improve things, improve everything, do something, do stuff, do the thing, some stuff, \
    whatever, you decide, as discussed, the usual, etc etc";

/// Stand where a text should stand.
const PLACEHOLDERS: &str = "\
    tbd, tba, idk, todo, tbc, wip, fixme, xxx, ???, ??, ?, ..., …, -, stuff, things, \
    something, whatever, none, n/a, na, asap, done, works, it works, all done, to be \
    defined, to be decided, to do, fill in, lorem ipsum";

/// Verbs that name an outcome together with their object.
const OUTCOMES: &str = "\
    add, allow, append, build, bump, change, close, collect, connect, convert, copy, count, \
    create, delete, display, document, draw, drop, enable, expose, extend, extract, fail, \
    fetch, fix, flag, generate, hide, implement, import, integrate, keep, let, list, load, \
    log, make, merge, migrate, move, parse, port, print, protect, provide, publish, pull, \
    push, put, read, refactor, reject, remove, rename, render, replace, report, respect, \
    return, revert, rewrite, run, save, schedule, send, set, show, sort, split, start, stop, \
    store, support, switch, sync, test, track, translate, turn, update, upgrade, use, \
    validate, wire, wrap, write";

/// Words that carry nothing.
const EMPTY: &str = "\
    a, an, the, it, its, this, that, these, those, and, or, of, for, to, in, on, at, by, \
    with, from, as, is, are, be, we, i, you, all, some, any, so, then, more, better, good, \
    nice, nicer, great, stuff, thing, things, something, everything, please, just, really, \
    very, etc, work, works, properly, correctly, somehow, maybe";

/// Why a task cannot be built without asking; `None` when it can.
pub fn unclear(task: &Task) -> Option<String> {
    let concrete = |text: &str| !is_placeholder(text) && vague_phrase(text).is_none();
    let says_when_done = task.criteria.iter().any(|criterion| concrete(&criterion.text));
    if says_when_done || !task.steps.is_empty() || !task.verify.is_empty() {
        return None;
    }
    let text = prose(&task.description);
    let words: Vec<&str> = text.split_whitespace().filter(|word| has_letter(word)).collect();
    if text.is_empty() {
        return Some("no description".into());
    }
    if is_placeholder(&text) {
        return Some(format!("vague: \"{}\"", short(&text)));
    }
    if let Some(phrase) = vague_phrase(&text)
        && words.len() <= 12
        && !words.iter().any(|word| is_concrete(word))
    {
        return Some(format!("vague: \"{phrase}\""));
    }
    if words.len() < FEWEST_WORDS {
        let plural = if words.len() == 1 { "" } else { "s" };
        return Some(format!("too short: {} word{plural}", words.len()));
    }
    if let Some(mark) = text.split_whitespace().find(|word| is_open_mark(word)) {
        return Some(format!("vague: \"{}\"", bare(mark)));
    }
    let carrying = |word: &&&str| !listed(EMPTY, &bare(word).to_lowercase());
    let outcome = words.iter().any(|word| is_outcome(word));
    let carried = words.iter().filter(carrying).count();
    let checkable = words.iter().any(|word| is_concrete(word)) || (outcome && carried >= 4);
    (!checkable).then(|| "no checkable outcome".into())
}

/// The description without comments, headings and unfilled brackets.
fn prose(description: &str) -> String {
    let mut text = String::new();
    let mut rest = description;
    while let Some((before, comment)) = rest.split_once("<!--") {
        text.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let unfilled = |line: &str| line.starts_with('[') && line.ends_with(']') && line.contains(' ');
    let kept = text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !unfilled(line));
    kept.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn listed(list: &str, word: &str) -> bool {
    list.split(", ").any(|other| other == word)
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn has_letter(word: &str) -> bool {
    word.contains(char::is_alphanumeric)
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let plain = lower.trim_matches(|c: char| !c.is_alphanumeric());
    plain.is_empty() || listed(PLACEHOLDERS, plain) || listed(PLACEHOLDERS, lower.trim())
}

fn vague_phrase(text: &str) -> Option<&'static str> {
    let words: Vec<String> = text.split_whitespace().map(|w| bare(w).to_lowercase()).collect();
    let padded = format!(" {} ", words.join(" "));
    VAGUE.split(", ").find(|phrase| padded.contains(&format!(" {phrase} ")))
}

/// `TBD` and its kind, shouted in the middle of a text.
fn is_open_mark(word: &str) -> bool {
    matches!(bare(word), "TBD" | "TBA" | "TBC" | "IDK") || word == "???"
}

/// Names something that can be looked at: a file, an identifier, code, a number, a link.
fn is_concrete(word: &str) -> bool {
    let inner = bare(word);
    let dotted = inner.split_once('.').is_some_and(|(name, end)| {
        !name.is_empty() && end.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
    });
    let camel =
        inner.chars().zip(inner.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    dotted
        || camel
        || word.contains(['`', '/', '_', '"'])
        || word.starts_with("--")
        || inner.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a word is one of [`OUTCOMES`], in any of its forms.
fn is_outcome(word: &str) -> bool {
    let word = bare(word).to_lowercase();
    let forms = ["", "s", "es", "d", "ed", "ing"];
    OUTCOMES.split(", ").any(|verb| {
        let stem = word.strip_prefix(verb.strip_suffix('e').unwrap_or(verb));
        stem.is_some_and(|end| forms.contains(&end) || end == "e")
    })
}

fn short(text: &str) -> String {
    text.split_whitespace().take(6).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn why(text: &str) -> String {
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        unclear(&parsed.task.unwrap()).unwrap_or_else(|| "clear".into())
    }

    #[test]
    fn what_says_enough_is_clear() {
        for text in [
            "Write hello.txt with a greeting",
            "# Greeting\nWrite a file that greets the reader.",
            "Build OAuth integration with the Spotify API. Fetch liked songs.",
            "# Greeting\n## Done when\n- [ ] hello.txt exists",
            "```sh\necho hello > hello.txt\n```",
            "---\nverify: make check\n---\nMake it better",
            "Running `mypy .` reports 287 errors.",
            "Respect the system's colour scheme for dark mode.",
            "Make it better: the page at /chat loads in 300 ms.",
        ] {
            assert_eq!(why(text), "clear", "{text}");
        }
    }

    #[test]
    fn what_says_too_little_is_told() {
        for (text, reason) in [
            ("", "no description"),
            ("# Only a title", "no description"),
            ("<!-- what is to be done? -->\n## Context\n", "no description"),
            ("[Brief description of the bug]", "no description"),
            ("IDK", "vague: \"IDK\""),
            ("stuff", "vague: \"stuff\""),
            ("TBD", "vague: \"TBD\""),
            ("...", "vague: \"...\""),
            ("Make it better", "vague: \"make it better\""),
            ("Just make it better, please!", "vague: \"make it better\""),
            ("parser bug", "too short: 2 words"),
            ("Refactor", "too short: 1 word"),
            ("Write the client for the endpoint TBD", "vague: \"TBD\""),
            ("Performance is somewhat disappointing lately", "no checkable outcome"),
            ("Goal\n## Done when\n- TBD\n- ...", "too short: 1 word"),
        ] {
            assert_eq!(why(text), reason, "{text}");
        }
    }
}
