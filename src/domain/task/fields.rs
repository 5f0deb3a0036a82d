//! The keys of a task's front matter.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::super::config::{Check, checks, globs, some_span};
use super::super::diagnostic::{Findings, Severity, quoted};
use super::super::id::TaskId;
use super::super::yaml::{Field, Fields};
use super::body::unboxed;
use super::{Priority, When};

/// What the keys say.
#[derive(Default)]
pub struct Front {
    pub title: Option<String>,
    pub priority: Priority,
    pub estimate: Option<Duration>,
    pub due: Option<When>,
    pub tech: Vec<String>,
    pub labels: Vec<String>,
    pub depends_on: Vec<TaskId>,
    pub blockers: Vec<String>,
    pub not_before: Option<When>,
    pub builder: Option<String>,
    pub verify: Vec<Check>,
    pub touches: Vec<String>,
}

/// Reads the keys, telling of every wrong value.
pub fn read(top: &Fields, found: &mut Findings) -> Front {
    let priorities =
        [("high", Priority::High), ("medium", Priority::Medium), ("low", Priority::Low)];
    // Where it was brought from; nothing here depends on it.
    top.get("source").and_then(|f| f.text(found).map(str::len));
    Front {
        title: top.get("title").and_then(|f| f.text(found)).map(str::to_owned),
        priority: top.get("priority").and_then(|f| f.word(&priorities, found)).unwrap_or_default(),
        estimate: top.get("estimate").and_then(|f| some_span(&f, found)),
        due: top.get("due").and_then(|f| moment(&f, END_OF_DAY, found)),
        tech: words(top.get("tech"), found),
        labels: words(top.get("labels"), found),
        depends_on: top.get("depends_on").map(|f| ids(&f, found)).unwrap_or_default(),
        blockers: top.get("blockers").map(|f| blockers(&f, found)).unwrap_or_default(),
        not_before: top.get("not_before").and_then(|f| moment(&f, NaiveTime::MIN, found)),
        builder: top.get("builder").and_then(|f| f.read(found, builder)),
        verify: top.get("verify").map(|f| checks(&f, found)).unwrap_or_default(),
        touches: top.get("touches").map(|f| globs(&f, found)).unwrap_or_default(),
    }
}

/// Warns of keys that say nothing here.
pub fn unknown(top: &Fields, known: &[&str], found: &mut Findings) {
    let elsewhere = ["description", "criteria"];
    let (misplaced, rest): (Vec<_>, Vec<_>) = top.entries().iter().partition(|entry| {
        let key = entry.key.to_lowercase();
        elsewhere.contains(&key.as_str()) && !known.contains(&key.as_str())
    });
    for entry in misplaced {
        let hint = match entry.key.to_lowercase().as_str() {
            "description" => "write it below the second `---`",
            _ => "write a list below a heading `## Completion criteria`",
        };
        let message = format!("in a Markdown task `{}` belongs in the body", entry.key);
        found.code("misplaced-key").warning(&entry.key_at, message, hint);
    }
    if !rest.is_empty() {
        let others = elsewhere.into_iter().filter(|key| !known.contains(key));
        let known: Vec<&str> = known.iter().copied().chain(others).collect();
        top.only(&known, &[], Severity::Warning, found);
    }
}

/// 23:59: a task that is due on a day may take all of it.
const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

fn moment(field: &Field, day: NaiveTime, found: &mut Findings) -> Option<When> {
    field.read(found, |text| {
        when(text, day).ok_or_else(|| {
            (
                format!("{} is no date", quoted(text)),
                "write `2026-02-07 20:00` or `2026-02-07`".to_owned(),
            )
        })
    })
}

/// Reads `2026-02-07 20:00`, `2026-02-07T20:00`, either with seconds and with an offset, and
/// `2026-02-07`, which means that day at `day`.
pub fn when(text: &str, day: NaiveTime) -> Option<When> {
    let text = text.trim();
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let plain = text.replacen(['T', 't'], " ", 1).replace(['Z', 'z'], "+00:00");
    let exact = ["%Y-%m-%d %H:%M%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M %#z"]
        .iter()
        .chain(&["%Y-%m-%d %H:%M:%S%.f %#z"])
        .find_map(|format| DateTime::parse_from_str(&plain, format).ok())
        .map(|moment| When::Exact(moment.to_utc()));
    let civil = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&plain, format).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(&plain, "%Y-%m-%d").ok()?.and_time(day)))
        .map(When::Civil);
    exact.or(civil).filter(|when| {
        let year = match when {
            When::Civil(moment) => moment.year(),
            When::Exact(moment) => moment.year(),
        };
        (1970..=9999).contains(&year)
    })
}

fn words(field: Option<Field>, found: &mut Findings) -> Vec<String> {
    let words = field.map(|field| field.words(found)).unwrap_or_default();
    words.into_iter().map(|(word, _)| word.to_owned()).collect()
}

fn ids(field: &Field, found: &mut Findings) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for (word, at) in field.words(found) {
        if is_none(word) {
            continue;
        }
        match TaskId::new(word) {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => {
                let file = word.rsplit('/').next().unwrap_or(word);
                let stem = [".md", ".yaml", ".yml"].iter().find_map(|end| file.strip_suffix(end));
                let hint = match TaskId::suggest(stem.unwrap_or(file)) {
                    Some(id) => format!("did you mean `{id}`?"),
                    None => "use the task file's name without its ending".to_owned(),
                };
                let message = format!("`{}`: {} is no task id", field.name, quoted(word));
                found.error(at, message, hint);
            }
        }
    }
    ids
}

/// What still stands in the way: not the ticked, the struck out, and the words for nothing.
fn blockers(field: &Field, found: &mut Findings) -> Vec<String> {
    let open = |text: &str| {
        let (ticked, plain) = unboxed(text);
        let struck = plain.len() >= 4 && plain.starts_with("~~") && plain.ends_with("~~");
        let open = ticked != Some(true) && !struck && !is_none(plain);
        open.then(|| super::body::one_line(plain))
    };
    let texts = field.texts(found);
    texts.into_iter().filter_map(|(text, _)| open(text)).collect()
}

fn is_none(text: &str) -> bool {
    let word = text.trim().trim_end_matches('.').to_lowercase();
    matches!(word.as_str(), "" | "none" | "n/a" | "na" | "nothing" | "no" | "-" | "–" | "—")
}

fn builder(text: &str) -> Result<String, (String, String)> {
    let name = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        let hint = "use a name that stands below `builders:` in buildq.yaml, or `steps`";
        return Err((format!("{} is no name of a builder", quoted(text)), hint.into()));
    }
    Ok(name.to_owned())
}
