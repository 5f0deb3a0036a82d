//! From the text of `buildq.yaml` to [`Config`].

use chrono::NaiveTime;
use chrono_tz::Tz;

use super::super::diagnostic::{Diagnostic, Findings, Severity, Source, nearest, quoted};
use super::super::keys;
use super::super::yaml::{self, Field, Fields, Keys};
use super::argv::{checks, command, some_span, span};
use super::asking;
use super::calendar::calendars;
use super::keys::{KEYS, TABLE};
use super::limits::Limits;
use super::window::{clock, window};
use super::{BUILDER_TIMEOUT, Builder, Config, Depends, Lint, PromptBy, RetryFrom, STEPS};
use super::{judge, keep, notify};

/// A configuration file is never larger.
const LARGEST: usize = 1 << 20;

type Wrong = (String, String);

/// Understands a configuration, or says all that is wrong with it. With it come warnings.
pub fn parse(file: &str, bytes: &[u8]) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    let text = decode(file, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let source = Source::new(file, text);
    let mut found = Findings::new(&source);
    let start = source.line_range(1).start;
    let config = yaml::parse(start..text.len(), &mut found).and_then(|root| {
        Fields::of(&root, "", Keys::Exact, &mut found).map(|top| read(&top, &mut found))
    });
    match config {
        Some(config) if found.errors() == 0 => Ok((config, found.into_list())),
        _ => Err(found.into_list()),
    }
}

fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    if bytes.len() > LARGEST {
        let message = format!("larger than {} KiB", LARGEST / 1024);
        return Err(Box::new(Diagnostic::error(file, message)));
    }
    std::str::from_utf8(bytes)
        .map_err(|_| Box::new(Diagnostic::error(file, "not UTF-8 text").hint("save it as UTF-8")))
}

fn read(top: &Fields, found: &mut Findings) -> Config {
    let mut config = Config::default();
    only(top, "", found);
    set_option(&mut config.base, top.get("base").and_then(|f| f.read(found, branch)));
    let queue = below(top, "queue", found);
    set(&mut config.queue_dir, queue.get("dir").and_then(|f| f.read(found, directory)));
    let number = top.get("max_parallel").and_then(|f| f.number(1, 64, found));
    set(&mut config.max_parallel, number.map(|n| n as usize));
    let number = top.get("max_review").and_then(|f| f.number(1, 10_000, found));
    set(&mut config.max_review, number.map(|n| n as usize));
    config.limits = Limits::read(&below(top, "limits", found), found);
    builders(top, &mut config, found);
    set(&mut config.verify, top.get("verify").map(|f| checks(&f, found)));
    set(&mut config.commit_leftovers, top.get("commit_leftovers").and_then(|f| f.flag(found)));
    starting(top, &mut config, found);
    let depends = [("review", Depends::Review), ("merged", Depends::Merged)];
    set(&mut config.depends, top.get("depends").and_then(|f| f.word(&depends, found)));
    let workspace = below(top, "workspace", found);
    set(&mut config.workspace_copy, workspace.get("copy").map(|f| globs(&f, found)));
    set(&mut config.workspace_setup, workspace.get("setup").map(|f| checks(&f, found)));
    let sandbox = below(top, "sandbox", found);
    set(&mut config.sandbox_network, sandbox.get("network").and_then(|f| f.flag(found)));
    let report = below(top, "report", found);
    set(&mut config.report_at, report.get("at").and_then(|f| f.read(found, time)));
    set_option(&mut config.morning, report.get("morning").and_then(|f| f.read(found, time)));
    let prefix = below(top, "branch", found);
    set(&mut config.branch_prefix, prefix.get("prefix").and_then(|f| f.read(found, branch_prefix)));
    set(&mut config.status_branch, top.get("status_branch").and_then(|f| f.flag(found)));
    let hooks = below(top, "hooks", found);
    set(&mut config.hooks_quiet, hooks.get("quiet").and_then(|f| f.flag(found)));
    let lint = [("warn", Lint::Warn), ("deny", Lint::Deny)];
    set(&mut config.lint, top.get("lint").and_then(|f| f.word(&lint, found)));
    set(&mut config.protected, top.get("protected").map(|f| super::protected::read(&f, found)));
    let known: Vec<&str> = config.builders.keys().map(String::as_str).collect();
    let judge = top.get("judge").and_then(|f| judge::read(&f, &known, found));
    set_option(&mut config.judge, judge);
    let risk = below(top, "risk", found);
    config.risk.allow = asking::named(&below(&risk, "allow", found), found);
    config.risk.ask = asking::named(&below(&risk, "ask", found), found);
    config.notify = notify::read(top, found);
    config.keep = keep::read(&below(top, "keep", found), found);
    config
}

/// What says when something starts, and starts again.
fn starting(top: &Fields, config: &mut Config, found: &mut Findings) {
    let retry = below(top, "retry", found);
    set(&mut config.retry_max, retry.get("max").and_then(|f| f.number(0, 100, found)));
    set(&mut config.retry_delay, retry.get("delay").and_then(|f| span(&f, found)));
    let from = [("base", RetryFrom::Base), ("branch", RetryFrom::Branch)];
    set(&mut config.retry_from, retry.get("from").and_then(|f| f.word(&from, found)));
    let stall = below(top, "stall", found);
    set(&mut config.stall_after, stall.get("after").and_then(|f| some_span(&f, found)));
    let windows = below(top, "windows", found);
    set(&mut config.window_high, windows.get("high").and_then(|f| window(&f, found)));
    set(&mut config.window_medium, windows.get("medium").and_then(|f| window(&f, found)));
    set(&mut config.window_low, windows.get("low").and_then(|f| window(&f, found)));
    set(&mut config.calendars, top.get("calendar").map(|f| calendars(&f, found)));
    set(&mut config.timezone, top.get("timezone").and_then(|f| f.read(found, timezone)));
}

fn builders(top: &Fields, config: &mut Config, found: &mut Findings) {
    let named = top.below("builders", found);
    for entry in named.entries() {
        let path = format!("builders.{}", entry.key);
        if let Err((message, hint)) = builder_name(&entry.key) {
            found.error(&entry.key_at, message, hint);
            continue;
        }
        let Some(fields) = Fields::of(&entry.value, &path, Keys::Exact, found) else { continue };
        only(&fields, "builders.NAME", found);
        let Some(command_field) = fields.get("command") else {
            let hint = format!("write `command: [\"{}\"]` below it", entry.key);
            found.error(&entry.key_at, format!("`{path}.command` is missing"), hint);
            continue;
        };
        let ways = [("stdin", PromptBy::Stdin), ("file", PromptBy::File), ("arg", PromptBy::Arg)];
        let prompt = fields.get("prompt").and_then(|f| f.word(&ways, found));
        let env = fields.get("env").map(|f| variables(&f, found)).unwrap_or_default();
        let timeout = fields.get("timeout").and_then(|f| some_span(&f, found));
        let network = fields.get("network").and_then(|f| f.flag(found));
        let Some(command) = command(&command_field, found) else { continue };
        let prompt = prompt.unwrap_or_default();
        let timeout = timeout.unwrap_or(BUILDER_TIMEOUT);
        let builder = Builder { command, prompt, env, timeout, network };
        config.builders.insert(entry.key.clone(), builder);
    }
    let Some(field) = top.get("builder") else {
        if let Some(entry) = named.entries().first() {
            let message = format!("no `builder` is set: `{STEPS}` builds what names none");
            found.warning(&entry.key_at, message, format!("write `builder: {}`", entry.key));
        }
        return;
    };
    let known: Vec<&str> =
        named.entries().iter().map(|entry| entry.key.as_str()).chain([STEPS]).collect();
    let chosen = field.read(found, |text| match known.contains(&text.trim()) {
        true => Ok(text.trim().to_owned()),
        false => {
            let hint = match nearest(text, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("define it below `builders:`, or write `{STEPS}`"),
            };
            Err((format!("there is no builder {}", quoted(text)), hint))
        }
    });
    set(&mut config.builder, chosen);
}

fn builder_name(name: &str) -> Result<(), Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name == STEPS {
        let message = format!("`{STEPS}` is built in and cannot be defined");
        return Err((message, "give your builder another name".into()));
    }
    let head = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !head || !name.chars().all(plain) || name.len() > 64 {
        let message = format!("{} is no name for a builder", quoted(name));
        return Err((message, "use letters, digits, `-`, `_` and `.`".into()));
    }
    Ok(())
}

fn variables(field: &Field, found: &mut Findings) -> Vec<String> {
    let mut names = Vec::new();
    for (name, at) in field.texts(found) {
        let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
            names.push(name.to_owned());
        } else {
            let message = format!("`{}`: {} is no name of a variable", field.name, quoted(name));
            found.error(at, message, "list names alone; values come from your environment");
        }
    }
    names
}

/// The patterns of a list, those that are none told.
pub fn globs(field: &Field, found: &mut Findings) -> Vec<String> {
    let mut patterns = Vec::new();
    for (pattern, at) in field.texts(found) {
        let outside = pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
        match globset::Glob::new(pattern) {
            Ok(_) if !outside => patterns.push(pattern.to_owned()),
            Ok(_) => {
                let message =
                    format!("`{}`: {} leaves the repository", field.name, quoted(pattern));
                found.error(at, message, "write it from the top of the repository");
            }
            Err(error) => {
                let message = format!(
                    "`{}`: {} is no pattern: {}",
                    field.name,
                    quoted(pattern),
                    error.kind()
                );
                found.error(at, message, "for example `src/music/**`");
            }
        }
    }
    patterns
}

fn time(text: &str) -> Result<NaiveTime, Wrong> {
    let wrong = || (format!("{} is no time of day", quoted(text)), "write `\"23:00\"`".to_owned());
    clock(text.trim()).ok_or_else(wrong)
}

fn timezone(text: &str) -> Result<Tz, Wrong> {
    text.trim().parse().map_err(|_| {
        let hint = match nearest(text.trim(), chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name())) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "use a name such as `Europe/Berlin`, `America/New_York` or `UTC`".to_owned(),
        };
        (format!("{} is no time zone", quoted(text)), hint)
    })
}

fn directory(text: &str) -> Result<String, Wrong> {
    let path = text.trim().trim_end_matches('/');
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && part != ".git";
    let odd = |c: char| c.is_control() || c == '\\' || c == ':';
    if path.is_empty() || path.contains(odd) || !path.split('/').all(plain) {
        let message = format!("{} is no folder inside the repository", quoted(text));
        return Err((message, "write a plain path from its top, e.g. `queue`".into()));
    }
    Ok(path.to_owned())
}

fn branch(text: &str) -> Result<String, Wrong> {
    let name = text.trim();
    let bad = !is_branch(name);
    match bad || name.starts_with("refs/") || name.starts_with("buildq") {
        true => Err((
            format!("{} is no branch to build on", quoted(text)),
            "write the name of a branch, e.g. `main`".into(),
        )),
        false => Ok(name.to_owned()),
    }
}

fn branch_prefix(text: &str) -> Result<String, Wrong> {
    let prefix = text.trim();
    let hint = || "write for example `build/`".to_owned();
    if prefix.is_empty() || !is_branch(&format!("{prefix}x")) || prefix.starts_with("refs/") {
        return Err((format!("no branch can begin with {}", quoted(text)), hint()));
    }
    // `buildq` and `buildq-status` are branches of buildq's own.
    if prefix.starts_with("buildq") {
        return Err(("names that begin with `buildq` are taken".into(), hint()));
    }
    Ok(prefix.to_owned())
}

/// The rules of `git check-ref-format --branch`.
fn is_branch(name: &str) -> bool {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    name.len() <= 200
        && !name.starts_with('-')
        && !name.contains(odd)
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && name != "HEAD"
        && name.split('/').all(part)
}

fn below<'n>(above: &Fields<'n>, key: &str, found: &mut Findings) -> Fields<'n> {
    let fields = above.below(key, found);
    only(&fields, fields.path(), found);
    fields
}

/// Tells of each key that the table does not have below this path.
fn only(fields: &Fields, path: &str, found: &mut Findings) {
    fields.only(&keys::below(TABLE, path), KEYS, Severity::Error, found);
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn set_option<T>(place: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Window;
    use super::*;

    fn good(text: &str) -> Config {
        parse("buildq.yaml", text.as_bytes()).unwrap_or_else(|d| panic!("{text}: {d:#?}")).0
    }

    #[test]
    fn nothing_is_the_defaults() {
        for text in ["", "# nothing\n", "---\n", "retry:\n", "retry:\n  max:\n", "\u{feff}"] {
            assert_eq!(good(text), Config::default(), "{text:?}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let config = good(
            "base: develop\nqueue:\n  dir: work/queue/\nmax_parallel: 2\n\
             builders:\n  opus:\n    command: [claude, -p]\n    prompt: arg\n    env: [A_KEY]\n    timeout: 2h\n  \
             script:\n    command: ./build.sh --fast\n\
             builder: opus\nverify:\n  - cargo test\n  - [sh, -c, a | b]\n  - {run: make lint, timeout: 10m}\n\
             commit_leftovers: false\nretry: {max: 1, delay: 90s, from: branch}\nstall: {after: 30m}\n\
             windows:\n  high: never\n  medium: always\n  low: [\"01:00-05:00\", 22:00-24:00]\n\
             timezone: Europe/Berlin\ndepends: Merged\n\
             workspace:\n  copy: .env\n  setup: npm ci\nreport:\n  at: 07:30\n  morning: 06:45\nbranch:\n  prefix: q-\nhooks:\n  quiet: true\nlint: deny\n",
        );
        assert_eq!(config.base.as_deref(), Some("develop"));
        assert_eq!(config.queue_dir, "work/queue");
        assert_eq!(config.max_parallel, 2);
        let opus = &config.builders["opus"];
        assert_eq!((opus.prompt, opus.timeout.as_secs()), (PromptBy::Arg, 7200));
        assert_eq!((&opus.command[1], &opus.env[0]), (&"-p".into(), &"A_KEY".into()));
        assert_eq!(config.builders["script"].command, ["./build.sh", "--fast"]);
        assert_eq!(config.builders["script"].timeout, BUILDER_TIMEOUT);
        assert_eq!(config.verify[1].argv, ["sh", "-c", "a | b"]);
        assert_eq!(config.verify[2].timeout, Duration::from_secs(600));
        assert!(!config.commit_leftovers && config.hooks_quiet && config.lint == Lint::Deny);
        assert_eq!((config.retry_max, config.retry_delay.as_secs()), (1, 90));
        assert_eq!(config.retry_from, RetryFrom::Branch);
        assert_eq!(config.stall_after.as_secs(), 1800);
        assert_eq!(config.window_high, Window::Never);
        assert_eq!(config.window_medium, Window::Always);
        assert!(matches!(&config.window_low, Window::Spans(spans) if spans.len() == 2));
        assert_eq!(config.timezone, chrono_tz::Europe::Berlin);
        assert_eq!(config.depends, Depends::Merged);
        assert_eq!(config.workspace_copy, [".env"]);
        assert_eq!(config.workspace_setup[0].argv, ["npm", "ci"]);
        assert_eq!(config.report_at, NaiveTime::from_hms_opt(7, 30, 0).unwrap());
        assert_eq!(config.morning, NaiveTime::from_hms_opt(6, 45, 0));
        assert_eq!(config.branch_prefix, "q-");
    }

    #[test]
    fn each_slip_is_told_with_its_mend() {
        for (text, message, hint) in [
            ("max_paralel: 2", "1:1: unknown key `max_paralel`", "did you mean `max_parallel`?"),
            (
                "retry:\n  dealy: 5m",
                "2:3: unknown key `retry.dealy`",
                "did you mean `retry.delay`?",
            ),
            ("quiet: true", "1:1: unknown key `quiet`", "did you mean `hooks.quiet`?"),
            (
                "retry.max: 3",
                "1:1: unknown key `retry.max`",
                "write `retry:` and below it, indented, `max: …`",
            ),
            ("window: {}", "1:1: unknown key `window`", "did you mean `windows`?"),
            (
                "max_parallel: many",
                "1:15: `max_parallel`: `many` is not a number from 1 to 64",
                "write a number, e.g. `1`",
            ),
            (
                "retry: 3",
                "1:8: `retry` must be keys with values, not `3`",
                "write `key: value`, one per line",
            ),
            (
                "commit_leftovers: yes",
                "1:19: `commit_leftovers` must be `true` or `false`, not `yes`",
                "write `true` or `false`, without quotes",
            ),
            (
                "stall: {after: 4}",
                "1:16: `stall.after`: `4` has no unit: write `4m`, `4h` or `4d`",
                "for example `90s`, `45 minutes` or `4h`",
            ),
            (
                "timezone: Europe/Berln",
                "1:11: `timezone`: `Europe/Berln` is no time zone",
                "did you mean `Europe/Berlin`?",
            ),
            (
                "depends: done",
                "1:10: `depends`: `done` is not one of `review`, `merged`",
                "use `review` or `merged`",
            ),
            (
                "builder: opsu\nbuilders: {opus: {command: x}}",
                "1:10: `builder`: there is no builder `opsu`",
                "did you mean `opus`?",
            ),
            (
                "builders: {steps: {command: x}}\nbuilder: steps",
                "1:12: `steps` is built in and cannot be defined",
                "give your builder another name",
            ),
            (
                "builders: {opus: {}}\nbuilder: opus",
                "1:12: `builders.opus.command` is missing",
                "write `command: [\"opus\"]` below it",
            ),
            (
                "verify: cargo test | tee log",
                "1:9: `verify`: `cargo test | tee log` needs a shell (`|`), and there is none here",
                "put it into a script and name that, or write [\"sh\", \"-c\", \"cargo test | tee log\"]",
            ),
            (
                "queue: {dir: ../queue}",
                "1:14: `queue.dir`: `../queue` is no folder inside the repository",
                "write a plain path from its top, e.g. `queue`",
            ),
            (
                "branch: {prefix: buildq/}",
                "1:18: `branch.prefix`: names that begin with `buildq` are taken",
                "write for example `build/`",
            ),
            (
                "branch: {prefix: a..b}",
                "1:18: `branch.prefix`: no branch can begin with `a..b`",
                "write for example `build/`",
            ),
            (
                "report: {at: 25:00}",
                "1:14: `report.at`: `25:00` is no time of day",
                "write `\"23:00\"`",
            ),
            (
                "builder: steps\nbuilder: steps",
                "2:1: `builder` is given twice",
                "it already stands in line 1: keep one of the two",
            ),
        ] {
            let list = parse("f", text.as_bytes()).expect_err(text);
            assert_eq!(list.len(), 1, "{text}: {list:#?}");
            assert_eq!(list[0].one_line(), format!("f:{message}"));
            assert_eq!(list[0].hint.as_deref(), Some(hint), "{text}");
        }
    }

    #[test]
    fn all_slips_are_told_at_once() {
        let list = parse("f", b"max_parallel: x\nretry: {max: -1}\nnonsense: 1\n").unwrap_err();
        assert_eq!(list.len(), 3);
    }

    #[test]
    fn prefixes_that_make_branches() {
        for good in ["build/", "b", "team/build-", "build/x_"] {
            assert!(branch_prefix(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "-b", "/b", "b//", "b..", "b~", "b:", "a b/", "buildq", "buildq-", ".b/",
            "b.lock/",
        ] {
            assert!(branch_prefix(bad).is_err(), "{bad}");
        }
    }
}
