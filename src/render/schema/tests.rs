//! The readers and the schemas agree, key by key.
//!
//! For every key a file is written that says what its table says may stand there, and one that says
//! what may not: the reader and a validator must be of one mind, and what is read must make a
//! difference. So no key is in a table that nothing reads, and none is read that no schema has.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;

use super::*;
use crate::domain::config::{self as policy, Config};
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::TaskId;
use crate::domain::task::{Task, parse};

/// One key of one mapping, with files that say it.
struct Place {
    name: String,
    form: Form,
    default: Option<&'static str>,
    role: Role,
    /// A file that says all that its mappings need, and not the key.
    without: String,
    /// What stands before and after the value in a file that says it.
    around: (String, String),
}

impl Place {
    fn with(&self, value: &str) -> String {
        format!("{}{value}{}", self.around.0, self.around.1)
    }
}

/// Values that others of the same mapping demand, by what a key's full name ends with.
const COMPANY: &[(&str, &str)] = &[
    ("email.user", "password: {env: PW}"),
    ("email.password", "user: me"),
    ("webhook.kind", "url: {env: U}, token: {env: T}, chat: a, room: b"),
    ("webhook.token", "kind: telegram, url: {env: U}, chat: a"),
    ("webhook.chat", "kind: telegram, url: {env: U}, token: {env: T}"),
    ("webhook.room", "kind: matrix, url: {env: U}, token: {env: T}"),
];

/// Every key of a table and of the mappings within, each in a file of its own.
fn places(table: &'static [Key], prefix: &str, around: &(String, String)) -> Vec<Place> {
    let mut all = Vec::new();
    for key in table {
        let (above, last) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let mut around = around.clone();
        for part in above.split('.').filter(|part| !part.is_empty()) {
            let part = if part == "NAME" { "opus" } else { part };
            around = (format!("{}{part}: {{", around.0), format!("}}{}", around.1));
        }
        let name = format!("{prefix}{}", key.path);
        let others = company(table, key, &name);
        let without = format!("{}{others}{}", around.0, around.1);
        let comma = if others.is_empty() { "" } else { ", " };
        let around = (format!("{}{others}{comma}{last}: ", around.0), around.1);
        for within in tables(&key.form) {
            let inner = (format!("{}{{", around.0), format!("}}{}", around.1));
            all.extend(places(within, &format!("{name}."), &inner));
        }
        let (form, default, role) = (key.form, key.default, key.role);
        all.push(Place { name, form, default, role, without, around });
    }
    all
}

/// What the mapping of a key needs beside it.
fn company(table: &'static [Key], key: &Key, name: &str) -> String {
    let level = |key: &Key| key.path.rsplit_once('.').map_or("", |(above, _)| above);
    let last = |key: &Key| key.path.rsplit('.').next().unwrap();
    let beside = || table.iter().filter(|other| level(other) == level(key));
    let needed = beside().filter(|other| other.role == Role::Must && other.path != key.path);
    let one = beside().find(|other| other.role == Role::OneOf && key.role != Role::OneOf);
    let said = needed.chain(one).map(|key| format!("{}: {}", last(key), good(&key.form)[0]));
    let more = COMPANY.iter().filter(|(end, _)| name.ends_with(end)).map(|(_, m)| (*m).to_owned());
    said.chain(more).collect::<Vec<_>>().join(", ")
}

fn tables(form: &Form) -> Vec<&'static [Key]> {
    match form {
        Form::Keys(keys) => vec![keys],
        Form::NoneOr(form) | Form::List(form) | Form::Commas(form) => tables(form),
        Form::Either(forms) => forms.iter().flat_map(tables).collect(),
        _ => Vec::new(),
    }
}

/// Values that may stand there, in YAML.
fn good(form: &Form) -> Vec<String> {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let listed = |form: &Form| {
        let inner = good(form);
        let some: Vec<_> = inner.iter().map(String::as_str).take(2).collect();
        [format!("[{}]", some.join(", ")), format!("[{}, ~]", some[0])]
    };
    match form {
        Form::Text => all(&["word", "42", "true", "\"a: b\""]),
        Form::Flag => all(&["true", "false"]),
        Form::Yes => all(&["true"]),
        Form::Number(low, high) => {
            vec![low.to_string(), high.to_string(), format!("\"{}\"", low + 1)]
        }
        Form::Word(words) => {
            let upper = words.iter().map(|word| word.to_uppercase());
            upper.chain(words.iter().map(|word| (*word).to_owned())).collect()
        }
        Form::Spelt(spelling) => {
            spelling.examples.iter().map(|text| format!("\"{text}\"")).collect()
        }
        Form::Dollars => all(&["5.00", "12", "\"0.5\""]),
        Form::Zone => all(&["Europe/Berlin", "UTC"]),
        Form::Command => all(&["cargo test", "[cargo, test, 1]"]),
        Form::NoneOr(inner) => [all(&["none", "None"]), good(inner)].concat(),
        Form::List(inner) => [good(inner), listed(inner).to_vec()].concat(),
        Form::Commas(inner) => {
            [all(&["\"one, two\""]), good(inner), listed(inner).to_vec()].concat()
        }
        Form::Either(forms) => forms.iter().flat_map(good).collect(),
        Form::Keys(keys) => vec![whole_of(keys)],
        Form::Named(_) => all(&["{}"]),
    }
}

/// The least that a mapping needs.
fn whole_of(keys: &'static [Key]) -> String {
    let one = keys.iter().find(|key| key.role == Role::OneOf);
    let needed = |key: &&Key| matches!(key.role, Role::Must | Role::Unless(..));
    let must = keys.iter().filter(needed).chain(one);
    let said: Vec<_> = must.map(|key| format!("{}: {}", key.path, good(&key.form)[0])).collect();
    format!("{{{}}}", said.join(", "))
}

/// Values that may not.
fn bad(form: &Form) -> Vec<String> {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match form {
        Form::Text => all(&["{odd: 1, even: 2}", "[[a]]"]),
        Form::Flag => all(&["maybe", "\"true\"", "1", "[true]"]),
        Form::Yes => all(&["false", "maybe", "1"]),
        Form::Number(low, high) => {
            let mut wrong = all(&["many", "1.5", "[1]", "-1"]);
            wrong.push((high + 1).to_string());
            wrong.extend(low.checked_sub(1).map(|less| less.to_string()));
            wrong
        }
        Form::Word(_) => all(&["no-such-word", "{odd: 1}"]),
        Form::Spelt(spelling) => wrong(spelling).iter().map(|text| (*text).to_owned()).collect(),
        Form::Dollars => all(&["-1", "cheap", "5 EUR"]),
        Form::Zone => all(&["Europe/Berln", "CET-1"]),
        Form::Command => all(&["\" \"", "{odd: 1}"]),
        Form::NoneOr(inner) => [all(&["nothing", "[none]"]), bad(inner)].concat(),
        Form::List(inner) => {
            let inner = bad(inner);
            let single = inner.iter().filter(|text| !text.starts_with('['));
            single.clone().map(|text| format!("[{text}]")).chain(single.cloned()).collect()
        }
        Form::Commas(inner) => bad(inner).into_iter().map(|text| format!("[{text}]")).collect(),
        Form::Either(forms) => {
            let sets: Vec<BTreeSet<_>> =
                forms.iter().map(|form| bad(form).into_iter().collect()).collect();
            let mut both = sets[0].clone();
            sets[1..].iter().for_each(|set| both.retain(|text| set.contains(text)));
            let words = forms.iter().any(|form| matches!(form, Form::Word(_)));
            both.insert("{odd: 1}".into());
            both.extend(words.then(|| "no-such-word".to_owned()));
            both.into_iter().collect()
        }
        Form::Keys(keys) => {
            let whole = whole_of(keys);
            let more = whole.trim_end_matches('}');
            let comma = if more == "{" { "" } else { ", " };
            vec!["7".into(), "{odd: 1}".into(), format!("{more}{comma}odd: 1}}")]
        }
        Form::Named(_) => all(&["7", "[a]", "{\"a b\": {}}"]),
    }
}

fn wrong(spelling: &Spelling) -> &'static [&'static str] {
    let of = |other: &Spelling| std::ptr::eq(spelling.means, other.means);
    match () {
        () if of(&keys::SPAN) || of(&keys::BRIEF) => &["4", "soon", "\"4 fortnights\"", "[4h, 5h]"],
        () if of(&keys::SIZE) => &["512", "large", "4 apples"],
        () if of(&keys::CLOCK) => &["noon", "7", "\"7:00 pm\""],
        () if of(&keys::MOMENT) => &["tomorrow", "07.02.2030", "2030", "2030-02-07 noon"],
        () if of(&keys::HOURS) => &["at night", "22-06", "Mon-Fri"],
        () if of(&keys::BRANCH) => &["refs/heads/x", "buildq", "a..b", "-b", "\"a~1\""],
        () if of(&keys::PREFIX) => &["buildq/", "a..b", "-b", "/b"],
        () if of(&keys::FOLDER) => &["../queue", "/queue", "a/../b", "\"C:\\\\a\""],
        () if of(&keys::GLOB) => &["/abs/**", "../out", "a/../../b"],
        () if of(&keys::SIGNED_GLOB) => &["../out", "\"!../out\""],
        () if of(&keys::FILE) => &["https://example.org/a.ics"],
        () if of(&keys::VARIABLE) => &["A=b", "1A", "A B"],
        () if of(&keys::BUILDER) || of(&keys::JUDGE) => &["no builder", "a/b", "{odd: 1}"],
        () if of(&keys::TASK) => &["queue/One.md", "A_b", "\"ä\""],
        () if of(&keys::ADDRESS) => &["ftp://example.org", "example.org"],
        () if of(&keys::MAILBOX) => &["nobody", "\"@example.org\""],
        () if of(&keys::OFTEN) => &["often", "every 2"],
        () => panic!("nothing is known to be wrong for {}", spelling.means),
    }
}

/// As YAML 1.2 reads it, by another reader than buildq's own.
fn json(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

fn passes(schema: &Validator, yaml: &str) -> bool {
    schema.is_valid(&json(yaml))
}

fn said(list: &[Diagnostic]) -> String {
    list.iter().map(|one| format!("{} ({:?})\n", one.one_line(), one.hint)).collect()
}

/// The policy, or what is wrong with it.
fn config(text: &str) -> Result<Config, String> {
    let (config, _) = policy::parse("f", text.as_bytes()).map_err(|list| said(&list))?;
    Ok(config)
}

/// The task, or what is wrong with it; an unknown key is wrong too.
fn task_of(text: &str) -> Result<Task, String> {
    let parsed = parse("queue/x.yaml", &TaskId::new("x").unwrap(), text.as_bytes());
    let counts = |one: &Diagnostic| {
        one.severity == Severity::Error || one.message.starts_with("unknown key")
    };
    let wrong: Vec<_> = parsed.diagnostics.into_iter().filter(counts).collect();
    if !wrong.is_empty() {
        return Err(said(&wrong));
    }
    let mut task = parsed.task.unwrap();
    // Where it would be ticked is no part of what is said.
    task.criteria.iter_mut().for_each(|one| (one.mark, one.tick) = (None, None));
    Ok(task)
}

fn validator(schema: &Value) -> Validator {
    jsonschema::meta::validate(schema).unwrap();
    jsonschema::draft202012::new(schema).unwrap()
}

/// Holds the reader against the schema at every place.
fn agree<T: PartialEq + std::fmt::Debug>(
    places: &[Place],
    schema: &Validator,
    read: impl Fn(&str) -> Result<T, String>,
) {
    let mut wrong = Vec::new();
    let mut check = |good: bool, text: String| {
        let (read, passes) = (read(&text), passes(schema, &text));
        if read.is_ok() != good || passes != good {
            wrong.push(format!("{text}\n  should be {good}, schema: {passes}, reader: {read:?}"));
        }
    };
    for place in places {
        check(place.role == Role::May, place.without.clone());
        good(&place.form).iter().for_each(|value| check(true, place.with(value)));
        bad(&place.form).iter().for_each(|value| check(false, place.with(value)));
        if place.role == Role::May {
            check(true, place.with("~"));
        }
        let words = match place.form {
            Form::Word(words) => Some(words),
            Form::List(Form::Word(words) | Form::Either([Form::Word(words), Form::Keys(_)])) => {
                Some(*words)
            }
            _ => None,
        };
        if let Some(words) = words {
            let message = read(&place.with("no-such-word")).unwrap_err();
            let known: BTreeSet<_> = words.iter().copied().collect();
            assert_eq!(named(&message), known, "words of `{}`: {message}", place.name);
        }
        check(false, place.with(&format!("{}, no_such_key: 1", good(&place.form)[0])));
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
    for place in places {
        let before = read(&place.without).ok();
        let differs = |value: &String| read(&place.with(value)).ok() != before;
        let silent = ["source", "builders", "notify"];
        let moves = good(&place.form).iter().any(differs);
        assert!(moves || silent.contains(&place.name.as_str()), "nothing reads `{}`", place.name);
        if let Some(default) = place.default {
            let quoted = match serde_json::from_str::<Value>(default) {
                Ok(_) => default.to_owned(),
                Err(_) if default == "none" => default.to_owned(),
                Err(_) => format!("\"{default}\""),
            };
            assert_eq!(read(&place.with(&quoted)).ok(), before, "default of `{}`", place.name);
        }
    }
}

/// The words that a message says are known.
fn named(message: &str) -> BTreeSet<&str> {
    let begins = ["not one of ", "write one of ", "known here: "];
    let rest = begins.iter().find_map(|begin| Some(message.split_once(begin)?.1)).unwrap();
    let end = rest.find(['(', '"']).unwrap_or(rest.len());
    let letter = |c: char| c.is_ascii_alphabetic() || c == '-';
    rest[..end].split(|c| !letter(c)).filter(|word| !word.is_empty()).collect()
}

const NOTHING: (String, String) = (String::new(), String::new());

fn of_the_config() -> Vec<Place> {
    // `builder` and `judge` name one that there is.
    let all = |below: &'static str| ("{".to_owned() + below, "}".to_owned());
    let known = all("builders: {opus: {command: x}}, ");
    let own = |name: &str| name.starts_with("builders");
    let (builders, others): (Vec<_>, Vec<_>) =
        places(config::TABLE, "", &NOTHING).into_iter().partition(|place| own(&place.name));
    let wrap = |mut place: Place, (before, after): &(String, String)| {
        place.without = format!("{before}{}{after}", place.without);
        place.around =
            (format!("{before}{}", place.around.0), format!("{}{after}", place.around.1));
        place
    };
    let builders = builders.into_iter().map(|place| wrap(place, &all("")));
    builders.chain(others.into_iter().map(|place| wrap(place, &known))).collect()
}

#[test]
fn the_policy_is_read_as_its_schema_says() {
    let places = of_the_config();
    assert!(places.len() > config::TABLE.len() + 20, "{}", places.len());
    agree(&places, &validator(&of_config()), config);
}

#[test]
fn a_task_is_read_as_its_schema_says() {
    let around = ("{".to_owned(), "}".to_owned());
    let mut all = places(task::FRONT, "", &around);
    all.extend(places(task::BODY, "", &around));
    assert_eq!(
        all.len(),
        task::FRONT.len() + task::BODY.len() + 4,
        "with run, timeout, text, done"
    );
    agree(&all, &validator(&of_task()), task_of);
}

/// Keys with their remarks, by full path, as the fenced YAML of a page has them.
fn remarks(yaml: &str) -> Vec<(String, String)> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut found = Vec::new();
    for line in yaml.lines() {
        let plain = line.trim_start().trim_start_matches("# ");
        let depth = line.len() - line.trim_start().len();
        let Some((key, rest)) = plain.split_once(':') else { continue };
        above.retain(|(other, _)| *other < depth);
        above.push((depth, key));
        let remark = rest.split_once(" # ").map_or("", |(_, remark)| remark);
        let path = above.iter().map(|(_, key)| *key).collect::<Vec<_>>().join(".");
        found.push((path, remark.trim().to_owned()));
    }
    found
}

#[test]
fn the_readme_says_of_every_key_what_its_schema_says() {
    let readme = include_str!("../../../README.md");
    let part = |head: &str| readme.split(&format!("\n## {head}\n")).nth(1).unwrap();
    let block = |text: &str, kind: &str, nth: usize| {
        let block = text.split(&format!("```{kind}\n")).nth(nth).unwrap();
        block.split("```").next().unwrap().to_owned()
    };
    let policy = block(part("Configuration"), "yaml", 1) + &block(part("Configuration"), "yaml", 2);
    let policy = policy.replace("  opus:", "  NAME:");
    let groups = config::GROUPS.iter().map(|(path, about)| ((*path).to_owned(), *about));
    let keys = |table: &[Key]| -> Vec<(String, &str)> {
        table.iter().map(|key| (key.path.to_owned(), key.about)).collect()
    };
    let known: Vec<_> = keys(config::TABLE).into_iter().chain(groups).collect();
    hold(&known, &remarks(&policy));
    let front = block(part("The task file"), "markdown", 1);
    let front = front.split("---\n").nth(1).unwrap();
    hold(&keys(task::FRONT), &remarks(front));
    // Those that stand in one line with others, and those of a section of their own.
    let elsewhere = ["risk.allow.", "risk.ask.", "notify.NAME."];
    for (path, about) in known {
        let there = remarks(&policy).iter().any(|(other, _)| *other == path);
        let excused = elsewhere.iter().any(|begin| path.starts_with(begin));
        assert!(
            there || excused || path.starts_with("risk."),
            "the README lacks `{path}`: {about}"
        );
    }
    for (path, _) in keys(task::FRONT) {
        assert!(
            remarks(front).iter().any(|(other, _)| *other == path),
            "the README lacks `{path}`"
        );
    }
}

/// Each key that has a remark is known and called the same.
fn hold(known: &[(String, &str)], remarks: &[(String, String)]) {
    for (path, remark) in remarks {
        let about = known.iter().find(|(other, _)| other == path).map(|(_, about)| *about);
        let about = about.unwrap_or_else(|| match path.as_str() {
            "builders.NAME" => "",
            _ => panic!("`{path}` of the README is no key"),
        });
        assert!(remark.is_empty() || remark == about, "`{path}`: `{remark}` is not `{about}`");
    }
}
