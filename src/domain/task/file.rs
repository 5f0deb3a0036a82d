//! From the bytes of a task file to a [`Task`].

use std::ops::Range;

use super::super::diagnostic::{Diagnostic, Findings, Severity, Source};
use super::super::id::TaskId;
use super::super::yaml::{self, Fields, Keys, Kind, Node};
use super::body::{self, Body};
use super::fields::{self, Front};
use super::keys::{BODY, CRITERION, KEYS};
use super::{Criterion, Step, Task};

/// The largest task file, in bytes.
pub const LARGEST_FILE: usize = 1 << 20;

/// The largest front matter, in bytes.
pub const LARGEST_FRONT_MATTER: usize = 64 << 10;

/// What a task file says, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The task; `None` if there is any error.
    pub task: Option<Task>,
    /// Errors and warnings, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

/// Understands a task file; `file` is its path for messages, and its ending tells the format.
pub fn parse(file: &str, id: &TaskId, bytes: &[u8]) -> Parsed {
    let text = match decode(file, bytes) {
        Ok(text) => text,
        Err(diagnostic) => return Parsed { task: None, diagnostics: vec![*diagnostic] },
    };
    let source = Source::new(file, text);
    let mut found = Findings::new(&source);
    let lower = file.to_lowercase();
    let (front, body) = match lower.ends_with(".yaml") || lower.ends_with(".yml") {
        true => from_yaml(&mut found),
        false => from_markdown(&mut found),
    };
    if body.criteria.is_empty() && found.errors() == 0 {
        let hint = match lower.ends_with(".yaml") || lower.ends_with(".yml") {
            true => "add a list `criteria:`",
            false => "add a list below a heading `## Completion criteria`",
        };
        let warning = Diagnostic::warning(file, "nothing says when it is done").code("no-criteria");
        found.whole(warning.hint(hint));
    }
    let task = (found.errors() == 0).then(|| assemble(id, front, body));
    Parsed { task, diagnostics: found.into_list() }
}

fn assemble(id: &TaskId, front: Front, body: Body) -> Task {
    let title = [front.title, body.title]
        .into_iter()
        .flatten()
        .map(|title| body::one_line(&title))
        .find(|title| !title.is_empty());
    Task {
        titled: title.is_some(),
        title: title.unwrap_or_else(|| id.as_str().replace('-', " ")),
        priority: front.priority,
        estimate: front.estimate,
        due: front.due,
        tech: front.tech,
        labels: front.labels,
        depends_on: front.depends_on,
        blockers: front.blockers,
        not_before: front.not_before,
        builder: front.builder,
        verify: front.verify,
        touches: front.touches,
        description: body.description,
        criteria: body.criteria,
        steps: body.steps,
    }
}

fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    let error =
        |message: String, hint: &str| Err(Box::new(Diagnostic::error(file, message).hint(hint)));
    if bytes.len() > LARGEST_FILE {
        let message = format!("larger than 1 MiB ({} bytes)", bytes.len());
        return error(message, "put the material beside it and name it in the task");
    }
    if bytes.contains(&0) {
        return error("binary, not text".into(), "a task file is Markdown or YAML");
    }
    std::str::from_utf8(bytes).or_else(|broken| {
        let line = bytes[..broken.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        error(format!("not UTF-8 text (line {line})"), "save it as UTF-8")
    })
}

fn from_markdown(found: &mut Findings) -> (Front, Body) {
    let text = found.source.text;
    let whole = found.source.line_range(1).start..text.len();
    let (front, start) = match front_matter(found) {
        Some((range, body)) => (fields_of(range, found), body),
        None => (Front::default(), whole.start),
    };
    let wants_title = front.title.is_none();
    let mut body = body::read(&text[start..], wants_title);
    body.shift(start, |offset| found.source.line(offset));
    (front, body)
}

/// The bytes between the two `---` lines, and where the body begins.
pub(super) fn front_matter(found: &mut Findings) -> Option<(Range<usize>, usize)> {
    let source = found.source;
    let is_fence = |range: &Range<usize>| source.text[range.clone()].trim_end() == "---";
    let opening = source.line_range(1);
    if !is_fence(&opening) {
        return None;
    }
    let start = next_line(source.text, opening.end);
    let mut at = start;
    while at < source.text.len() {
        let line = source.line_range(source.line(at));
        if is_fence(&line) {
            let range = start..line.start;
            if range.len() > LARGEST_FRONT_MATTER {
                let message = format!("the front matter is larger than 64 KiB ({})", range.len());
                found.code("front-matter").error(
                    &opening,
                    message,
                    "move text below the second `---`",
                );
                return Some((start..start, source.text.len()));
            }
            return Some((range, next_line(source.text, line.end)));
        }
        at = next_line(source.text, line.end);
    }
    let message = "the front matter has no end";
    found.code("front-matter").error(&opening, message, "write `---` below its last key");
    Some((start..start, source.text.len()))
}

fn next_line(text: &str, end: usize) -> usize {
    text[end..].find('\n').map_or(text.len(), |length| end + length + 1)
}

fn fields_of(range: Range<usize>, found: &mut Findings) -> Front {
    let root = yaml::parse(range, found);
    let top = root.as_ref().and_then(|root| Fields::of(root, "", Keys::Loose, found));
    let Some(top) = top else { return Front::default() };
    fields::unknown(&top, KEYS, found);
    fields::read(&top, found)
}

fn from_yaml(found: &mut Findings) -> (Front, Body) {
    let range = found.source.line_range(1).start..found.source.text.len();
    let root = yaml::parse(range, found);
    let top = root.as_ref().and_then(|root| Fields::of(root, "", Keys::Loose, found));
    let Some(top) = top else { return (Front::default(), Body::default()) };
    let known = [KEYS, &super::super::keys::names(BODY)].concat();
    fields::unknown(&top, &known, found);
    let front = fields::read(&top, found);
    let mut body = Body::default();
    if let Some(field) = top.get("description")
        && let Some(text) = field.text(found)
    {
        body = body::read(text, false);
        let first = first_line(field.node, found.source);
        let lines: Vec<usize> = line_starts(text);
        body.unplace(|offset| first + lines.partition_point(|start| *start <= offset) - 1);
    }
    if let Some(field) = top.get("criteria") {
        let listed = field.list();
        body.criteria = listed.iter().filter_map(|item| criterion(item.node, found)).collect();
        // The description's blocks stand under none of these.
        body.steps.iter_mut().for_each(|step: &mut Step| step.criterion = None);
    }
    (front, body)
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// The line of the file in which a text's first line stands.
fn first_line(node: &Node, source: &Source) -> usize {
    let block = matches!(&node.kind, Kind::Text(_, yaml::Style::Block));
    let written = &source.text[node.at.clone()];
    let below = block && written.starts_with(['|', '>']);
    source.line(node.at.start) + usize::from(below)
}

/// A text, `[x] text`, or `{text: …, done: true}`.
fn criterion(node: &Node, found: &mut Findings) -> Option<Criterion> {
    let source = found.source;
    let field = yaml::Field { name: "criteria".into(), node };
    let (text, text_node, stated) = match &node.kind {
        Kind::Map(entries) if entries.iter().any(|entry| entry.key == "text") => {
            let fields = Fields::of(node, "criteria", Keys::Loose, found)?;
            fields.only(&super::super::keys::names(CRITERION), &[], Severity::Warning, found);
            let text = fields.get("text")?;
            let done = fields.get("done");
            let stated = match &done {
                Some(field) => Some((field.flag(found)?, field.at().clone())),
                None => None,
            };
            (text.text(found)?, text.node, stated)
        }
        _ => (field.text(found)?, node, None),
    };
    let (boxed, plain) = body::unboxed(text);
    let plain = body::one_line(plain);
    if plain.is_empty() {
        return None;
    }
    let done = stated.as_ref().map_or(boxed == Some(true), |(done, _)| *done);
    if done {
        return Some(Criterion { text: plain, done, ..Criterion::default() });
    }
    let written = &source.text[text_node.at.clone()];
    let one_line =
        !written.contains('\n') && !matches!(text_node.kind, Kind::Text(_, yaml::Style::Block));
    let at_box = written.find("[ ]").filter(|at| boxed.is_some() && *at <= 1);
    let mark = at_box.map(|at| text_node.at.start + at + 1).filter(|_| stated.is_none());
    let range = mark.map(|mark| mark..mark + 1);
    let tick = match (stated, range) {
        (Some((_, at)), _) => Some(super::Splice { range: at, with: "true".into() }),
        (None, Some(range)) => Some(super::Splice { range, with: "x".into() }),
        (None, None) if one_line => {
            let with = super::super::config::double_quoted(&format!("[x] {plain}"));
            Some(super::Splice { range: text_node.at.clone(), with })
        }
        (None, None) => None,
    };
    Some(Criterion { text: plain, done, mark, tick })
}

#[cfg(test)]
mod tests {
    use super::super::{Priority, When, tick, tick_all};
    use super::*;

    fn read(file: &str, text: &str) -> Parsed {
        parse(file, &TaskId::new("my-task").unwrap(), text.as_bytes())
    }

    fn good(file: &str, text: &str) -> Task {
        let parsed = read(file, text);
        parsed.task.unwrap_or_else(|| panic!("{text}: {:#?}", parsed.diagnostics))
    }

    const FULL: &str = "\
---
title: Spotify playlist automation
priority: HIGH              # high | medium | low
estimate: 4h
due: 2026-02-07 20:00
tech: [Python, Spotipy, OAuth2]
labels: music
depends_on: [oauth-core]
blockers: [\"~~API key~~\", \"[x] server\", none, \"[ ] waiting for Ann\"]
not-before: 2026-02-07
builder: opus
verify: [\"pytest -q\", {run: make lint, timeout: 10m}]
touches: [\"src/music/**\"]
---
Build OAuth integration with the Spotify API. Fetch liked songs.

## Completion criteria
- [ ] OAuth flow working
- [x] Can fetch the user's
      *liked* `songs`
* Generates playlists

  ```sh
  make playlists
  ```
  - [ ] nested is no criterion of its own

## Notes
See [the docs][d].

[d]: https://example.org
";

    #[test]
    fn a_whole_task_is_read() {
        for text in [FULL.to_owned(), FULL.replace('\n', "\r\n"), format!("\u{feff}{FULL}")] {
            let parsed = read("queue/my-task.md", &text);
            assert_eq!(parsed.diagnostics, vec![]);
            let task = parsed.task.unwrap();
            assert_eq!(task.title, "Spotify playlist automation");
            assert_eq!(task.priority, Priority::High);
            assert_eq!(task.estimate.unwrap().as_secs(), 4 * 3600);
            let civil = |text: &str| Some(When::Civil(text.parse().unwrap()));
            assert_eq!(task.due, civil("2026-02-07T20:00:00"));
            assert_eq!(task.not_before, civil("2026-02-07T00:00:00"));
            assert_eq!(task.tech, ["Python", "Spotipy", "OAuth2"]);
            assert_eq!(task.labels, ["music"]);
            assert_eq!(task.depends_on[0].as_str(), "oauth-core");
            assert_eq!(task.blockers, ["waiting for Ann"]);
            assert_eq!(task.builder.as_deref(), Some("opus"));
            assert_eq!(task.verify[0].argv, ["pytest", "-q"]);
            assert_eq!(task.verify[1].timeout.as_secs(), 600);
            assert_eq!(task.touches, ["src/music/**"]);
            assert_eq!(
                task.description,
                "Build OAuth integration with the Spotify API. Fetch liked songs.\n\n\
                 ## Notes\nSee [the docs][d].\n\n[d]: https://example.org"
            );
            let criteria: Vec<_> = task.criteria.iter().map(|c| (&*c.text, c.done)).collect();
            assert_eq!(
                criteria,
                [
                    ("OAuth flow working", false),
                    ("Can fetch the user's liked `songs`", true),
                    ("Generates playlists", false),
                ]
            );
            assert_eq!(task.steps.len(), 1);
            assert_eq!(task.steps[0].script.trim_end(), "make playlists");
            assert_eq!((task.steps[0].criterion, task.steps[0].line), (Some(2), 23));
        }
    }

    #[test]
    fn ticks_change_one_place() {
        let ticked = |text: &str, index: usize| {
            let task = good("t.md", text);
            String::from_utf8(tick(text.as_bytes(), &task.criteria[index])).unwrap()
        };
        let crlf = FULL.replace('\n', "\r\n");
        assert_eq!(ticked(&crlf, 0), crlf.replace("[ ] OAuth", "[x] OAuth"));
        assert_eq!(ticked(FULL, 1), FULL);
        assert_eq!(ticked(FULL, 2), FULL.replace("* Gen", "* [x] Gen"));
        let mark = good("t.md", FULL).criteria[0].mark.unwrap();
        assert_eq!(&FULL[mark - 1..mark + 2], "[ ]");
        for (before, after) in [
            ("# Done when\n1. **a** b\n", "# Done when\n1. [x] **a** b\n"),
            ("# Done when\n- [] a\n", "# Done when\n- [x] a\n"),
            ("# Done when\n- [ ]a\n", "# Done when\n- [x]a\n"),
            ("# Done when\n- [  ]a\n", "# Done when\n- [x]a\n"),
            ("# Done when\n- ![i](u) a\n", "# Done when\n- [x] ![i](u) a\n"),
            ("# Done when\n- [a](u)\n", "# Done when\n- [x] [a](u)\n"),
            ("# Done when\n- `a`\n", "# Done when\n- [x] `a`\n"),
            ("# Done when\n- [ ] a\n\n- [ ] b\n", "# Done when\n- [x] a\n\n- [ ] b\n"),
        ] {
            assert_eq!(ticked(before, 0), after);
            assert!(good("t.md", after).criteria[0].done, "{after}");
        }
        // A ticked box alone in its line would be all that the item says.
        for alone in ["# Done when\n- [  ]\na\n", "# Done when\n- []\r\n  a\n"] {
            assert_eq!(ticked(alone, 0), alone);
        }
        let task = good("t.md", FULL);
        let all = tick_all(FULL.as_bytes(), &task.criteria);
        let all = good("t.md", std::str::from_utf8(&all).unwrap());
        assert!(all.criteria.iter().all(|criterion| criterion.done));
    }

    #[test]
    fn yaml_tasks_say_the_same() {
        let text = "title: Hello\ndepends-on: a, b\ndescription: |\n  Write it.\n\n  ```sh\n  touch a\n  ```\n\
                    criteria:\n  - \"[x] one\"\n  - '[ ] two'\n  - three is: nothing\n";
        let list = read("q/t.yaml", text).diagnostics;
        assert_eq!(list[0].one_line(), "q/t.yaml:12:5: `criteria` must be a text, not a mapping");
        assert_eq!(list[0].hint.as_deref(), Some("put quotes around it: \"three is: nothing\""));
        let text = text.replace("three is: nothing", "three # c")
            + "  - {text: four, done: false}\n  - text: five\n    done: true\n  - text: six\n";
        let task = good("q/t.yml", &text);
        let criteria: Vec<_> = task.criteria.iter().map(|c| (&*c.text, c.done)).collect();
        let four = [("one", true), ("two", false), ("three", false), ("four", false)];
        assert_eq!(criteria[..4], four);
        assert_eq!(criteria[4..], [("five", true), ("six", false)]);
        assert_eq!(task.depends_on.len(), 2);
        assert_eq!((task.steps[0].script.as_str(), task.steps[0].line), ("touch a\n", 6));
        let all = tick_all(text.as_bytes(), &task.criteria);
        let all = String::from_utf8(all).unwrap();
        for line in
            ["'[x] two'", "- \"[x] three\" # c", "{text: four, done: true}", "- text: \"[x] six\""]
        {
            assert!(all.contains(line), "{all}");
        }
        assert!(good("t.yaml", &all).criteria.iter().all(|criterion| criterion.done));
        assert_eq!(good("t.yaml", "").title, "my task");
    }

    #[test]
    fn titles_come_from_the_nearest_place() {
        for (text, title, description) in [
            ("", "my task", ""),
            ("Just text\n", "my task", "Just text"),
            ("# The  *title*\n\nText\n", "The title", "Text"),
            ("---\ntitle: T\n---\n# H\nText\n", "T", "# H\nText"),
            ("---\ntitle: 42\n---\n", "42", ""),
            ("---\n---\nText\n# Late\nmore", "Late", "Text\n\nmore"),
            ("# Acceptance criteria\n- a\n", "my task", ""),
            ("---\ntitle: \"a\\e[31m\\tb\"\n---\n", "a [31m b", ""),
        ] {
            let task = good("t.md", text);
            assert_eq!((&*task.title, &*task.description), (title, description), "{text:?}");
        }
    }

    #[test]
    fn criteria_are_found_below_many_headings() {
        for text in [
            "## Completion criteria\n- a\n- b\n",
            "#### ACCEPTANCE CRITERIA:\n\n1. a\n2. b\n",
            "**Acceptance criteria:**\n- a\n- b\n\nText after\n- no\n",
            "Some text\nAcceptance Criteria:\n- a\n- b\n",
            "**Deliverables**\n\n- [ ] a\n- [x] b\n",
            "## ✅ 3. **Definition of Done**\n<!-- AC:BEGIN -->\n- [ ] a\n- [ ] b\n<!-- AC:END -->\n## Else\n- no\n",
            "## Success criteria\n### One\n- a\n### Two\n- b\n## Else\n- no\n",
            "## Done when\n- a\n## Deliverables\n- b\n",
            "Deliverables\n---\n- a\n- b\n- [ ]\n",
        ] {
            let task = good("t.md", text);
            let texts: Vec<_> = task.criteria.iter().map(|c| &*c.text).collect();
            assert_eq!(texts, ["a", "b"], "{text}");
        }
        for text in ["- a\n- b\n", "Deliverables are late\n- a\n", "> ## Done when\n> - a\n"] {
            assert!(good("t.md", text).criteria.is_empty(), "{text}");
        }
        let task =
            good("t.md", "Write it.\n## Done when\nAll of these:\n- a\n\n<!-- x -->\n## More\nb");
        assert_eq!(task.description, "Write it.\n\nAll of these:\n\n## More\nb");
    }

    #[test]
    fn scripts_stand_under_their_criterion() {
        let text = "Text\n```sh\nzero\n```\n## Done when\n```sh\nnone\n```\n- a\n- b\n\n  ~~~ sh -e\n  one\n  two\n  ~~~\n\n- c\n\n\
                    ```sh\nthree\n```\n```bash\nnot\n```\n    sh\n## More\n```sh\nlast\n```\n";
        let steps = good("t.md", text).steps;
        let steps: Vec<_> =
            steps.iter().map(|s| (s.script.as_str(), s.criterion, s.line)).collect();
        assert_eq!(
            steps,
            [
                ("zero\n", None, 2),
                ("none\n", None, 6),
                ("one\ntwo\n", Some(1), 12),
                ("three\n", Some(2), 19),
                ("last\n", None, 27),
            ]
        );
    }

    #[test]
    fn slips_are_told_with_their_mend() {
        for (front, message, hint) in [
            (
                "priority: urgent",
                "2:11: `priority`: `urgent` is not one of `high`, `medium`, `low`",
                "use `high`, `medium` or `low`",
            ),
            (
                "priority: hihg",
                "2:11: `priority`: `hihg` is not one of `high`, `medium`, `low`",
                "did you mean `high`?",
            ),
            (
                "title: fix: x",
                "2:8: this text must stand in quotes: YAML reads its signs as syntax",
                "put quotes around it: title: \"fix: x\"",
            ),
            (
                "labels: a\ntitle: @bot says \"hi\"",
                "3:8: this text must stand in quotes: YAML reads its signs as syntax",
                "put quotes around it: title: '@bot says \"hi\"'",
            ),
            (
                "title: *x",
                "2:8: references (`*`) are not read here",
                "put quotes around a text that begins with it",
            ),
            (
                "title: &x y",
                "2:11: anchors (`&`) are not read here",
                "put quotes around a text that begins with it",
            ),
            (
                "title: !x y",
                "2:8: tags (`!`) are not read here",
                "put quotes around a text that begins with it",
            ),
            (
                "estimate: soon",
                "2:11: `estimate`: `soon` is no span of time",
                "for example `90s`, `45 minutes` or `4h`",
            ),
            (
                "due: tomorrow",
                "2:6: `due`: `tomorrow` is no date",
                "write `2026-02-07 20:00` or `2026-02-07`",
            ),
            (
                "due: 2026-02-30",
                "2:6: `due`: `2026-02-30` is no date",
                "write `2026-02-07 20:00` or `2026-02-07`",
            ),
            (
                "depends_on: [OAuth Core.md]",
                "2:14: `depends_on`: `OAuth Core.md` is no task id",
                "did you mean `oauth-core`?",
            ),
            (
                "verify:\n  - a\n  - a && b",
                "4:5: `verify`: `a && b` needs a shell (`&&`), and there is none here",
                "put it into a script and name that, or write [\"sh\", \"-c\", \"a && b\"]",
            ),
            (
                "verify: {timeout: 1m}",
                "2:9: `verify.run` is missing",
                "write `{run: cargo test, timeout: 10m}`",
            ),
            ("tech: {a: b, c: d}", "2:7: `tech` must be a text, not a mapping", "write one text"),
            (
                "title: a\nTitle: b",
                "3:1: `Title` is given twice",
                "`title` stands in line 2: keep one of the two",
            ),
            (
                "touches: [\"[\"]",
                "2:11: `touches`: `[` is no pattern: unclosed character class; missing ']'",
                "for example `src/music/**`",
            ),
            (
                "just words",
                "2:1: this must be keys with values, not `just words`",
                "write `key: value`, one per line",
            ),
            (
                "builder: a b",
                "2:10: `builder`: `a b` is no name of a builder",
                "use a name that stands below `builders:` in buildq.yaml, or `steps`",
            ),
        ] {
            let parsed = read("f", &format!("---\n{front}\n---\nbody\n"));
            assert_eq!(parsed.task, None, "{front}");
            assert_eq!(parsed.diagnostics.len(), 1, "{front}: {:#?}", parsed.diagnostics);
            let found = &parsed.diagnostics[0];
            assert_eq!(found.one_line(), format!("f:{message}"), "{front}");
            assert_eq!(found.hint.as_deref(), Some(hint), "{front}");
        }
    }

    #[test]
    fn unknown_keys_are_warnings() {
        let text = "---\nprioriy: high\nassignee: me\ncriteria: [a]\n---\nx\n## Done when\n- a\n";
        let parsed = read("f.md", text);
        assert!(parsed.task.is_some());
        let told: Vec<_> = parsed.diagnostics.iter().map(Diagnostic::one_line).collect();
        assert_eq!(
            told,
            [
                "f.md:2:1: unknown key `prioriy`",
                "f.md:3:1: unknown key `assignee`",
                "f.md:4:1: in a Markdown task `criteria` belongs in the body",
            ]
        );
        assert_eq!(parsed.diagnostics[0].hint.as_deref(), Some("did you mean `priority`?"));
        let none = read("f.md", "x\n").diagnostics;
        assert_eq!(none[0].one_line(), "f.md: nothing says when it is done");
    }

    #[test]
    fn files_that_are_no_tasks_are_refused() {
        let large = vec![b'a'; LARGEST_FILE + 1];
        let front = format!("---\ntitle: {}\n---\n", "x".repeat(LARGEST_FRONT_MATTER));
        for (bytes, message) in [
            (large.as_slice(), "f.md: larger than 1 MiB (1048577 bytes)"),
            (b"a\0b", "f.md: binary, not text"),
            (b"a\n\xff", "f.md: not UTF-8 text (line 2)"),
            (front.as_bytes(), "f.md:1:1: the front matter is larger than 64 KiB (65544)"),
            (b"---\ntitle: x\n", "f.md:1:1: the front matter has no end"),
        ] {
            let parsed = parse("f.md", &TaskId::new("f").unwrap(), bytes);
            assert_eq!(parsed.diagnostics[0].one_line(), message);
        }
        let two = read("f.yaml", "title: a\n---\ntitle: b\n").diagnostics;
        assert_eq!(two[0].one_line(), "f.yaml:2:1: a second document begins here");
    }

    #[test]
    fn moments_are_read() {
        for (text, shown) in [
            ("2026-02-07 20:00", "civil 2026-02-07T20:00:00"),
            ("2026-02-07T20:00", "civil 2026-02-07T20:00:00"),
            ("2026-02-07 20:00:30", "civil 2026-02-07T20:00:30"),
            ("2026-02-07", "civil 2026-02-07T23:59:00"),
            ("2026-02-07T20:00:00+01:00", "exact 2026-02-07T19:00:00Z"),
            ("2026-02-07 20:00 +0100", "exact 2026-02-07T19:00:00Z"),
            ("2026-02-07T20:00Z", "exact 2026-02-07T20:00:00Z"),
        ] {
            let task = good("f.md", &format!("---\ndue: {text}\n---\n"));
            let told = match task.due.unwrap() {
                When::Civil(moment) => format!("civil {}", moment.format("%FT%T")),
                When::Exact(moment) => format!("exact {}", moment.format("%FT%TZ")),
            };
            assert_eq!(told, shown, "{text}");
        }
    }

    /// A small generator (xorshift), so that a failure can be had again.
    fn noise(seed: &mut u64, alphabet: &[&str], length: usize) -> String {
        let mut text = String::new();
        while text.len() < length {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            text.push_str(alphabet[(*seed % alphabet.len() as u64) as usize]);
        }
        text
    }

    #[test]
    fn any_text_is_survived() {
        let signs: Vec<&str> = "\u{feff}|---\n|\r\n|\n|\n\n|  |\t|- |* |1. |[ ] |[x]|[|]|{|}|: |:|, |\"|'|`|```sh\n|```\n|~~~|# |## |Done when|**|_|>|<!--|-->|\u{7f}|é|日|&a|*a|<<|!|%|@|?|text|title|criteria|verify|due|\\|#|null|~"
            .split('|')
            .chain(["|"])
            .collect();
        let mut seed = 0x2545_F491_4F6C_DD1D;
        for round in 0..3000 {
            let mut text = noise(&mut seed, &signs, 20 + round % 200);
            if round % 3 == 0 {
                text = format!("---\n{text}\n---\n{text}");
            }
            for file in ["f.md", "f.yaml"] {
                let parsed = read(file, &text);
                if let Some(task) = parsed.task {
                    for criterion in &task.criteria {
                        let ticked = tick(text.as_bytes(), criterion);
                        assert!(std::str::from_utf8(&ticked).is_ok(), "{text:?}");
                        if let Some(mark) = criterion.mark {
                            assert_eq!(text.as_bytes()[mark - 1], b'[', "{text:?}");
                            assert_eq!(text.as_bytes()[mark + 1], b']', "{text:?}");
                        }
                    }
                } else {
                    assert!(!parsed.diagnostics.is_empty(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_mebibyte_of_noise_is_quick() {
        let begun = std::time::Instant::now();
        for unit in ["- ", "> ", "[", "![", "*a ", "- [ ] a\n", "[a](", "<!--", "? ", "{", "a: "] {
            let text = unit.repeat(LARGEST_FILE / unit.len());
            read("f.md", &text[..LARGEST_FILE / 8]);
            read("f.yaml", &text);
        }
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
}
