//! The text of an event: subject, body, and a block of trailers that is always last.
//!
//! The parser is our own: a `---` line in a body makes both libgit2 and
//! `git interpret-trailers` find no trailers at all.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::cost::Cost;
use super::event::{
    CheckResult, Concern, Event, Failed, Fault, Judged, Kind, Merge, Opinion, Spent, Started,
    Succeeded, Usage,
};
use super::id::{Attempt, Percent, TaskId};

/// The longest value of a trailer, in bytes.
const MAX_VALUE: usize = 1024;
/// The longest body, in bytes.
pub const MAX_BODY: usize = 16 * 1024;
/// Every key of ours begins so.
const PREFIX: &str = "Buildq-";

/// The trailers of a message, in order: the last paragraph, if each of its lines is `Key: value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers<'t>(Vec<(Cow<'t, str>, Cow<'t, str>)>);

impl<'t> Trailers<'t> {
    /// The last paragraph of a message, and all before it but the subject.
    pub fn split(message: &'t str) -> (Self, &'t str) {
        let message = message.trim_end();
        let (head, block) = message.rsplit_once("\n\n").unwrap_or(("", message));
        let pairs: Option<Vec<_>> = block.lines().map(pair).collect();
        match pairs {
            Some(pairs) => (Self(pairs), after_subject(head)),
            None => (Self::default(), after_subject(message)),
        }
    }

    /// The first value of a key, without its `Buildq-`.
    pub fn get<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).next()
    }

    /// Every value of a key, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let wanted = move |(name, _): &&(Cow<str>, Cow<str>)| {
            name.strip_prefix(PREFIX).is_some_and(|name| name == key)
        };
        self.0.iter().filter(wanted).map(|(_, value)| &**value)
    }

    fn parse<T: FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.parse().ok()
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.all(key).map(str::to_owned).collect()
    }

    fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    fn moment(&self, key: &str) -> Option<DateTime<Utc>> {
        Some(DateTime::parse_from_rfc3339(self.get(key)?).ok()?.to_utc())
    }

    fn seconds(&self, key: &str) -> Option<Duration> {
        Duration::try_from_secs_f64(self.parse(key)?).ok()
    }

    /// Adds one; a value is one line of at most 1 KiB, so line breaks become spaces.
    pub fn push(&mut self, key: &str, value: impl ToString) {
        let value = one_line(&value.to_string(), MAX_VALUE);
        self.0.push((format!("{PREFIX}{key}").into(), value.into()));
    }

    fn push_some(&mut self, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.push(key, value);
        }
    }

    fn push_all(&mut self, key: &str, values: impl IntoIterator<Item = impl ToString>) {
        values.into_iter().for_each(|value| self.push(key, value));
    }

    /// As the last paragraph of a message.
    pub fn block(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, (key, value)| {
            let _ = writeln!(text, "{key}: {value}");
            text
        })
    }
}

fn pair(line: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (key, value) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // What other hands wrote is read as it would have been written here.
    let value = match value.len() > MAX_VALUE || value.contains(char::is_control) {
        true => one_line(value, MAX_VALUE).into(),
        false => value.trim().into(),
    };
    (!key.is_empty() && key.chars().all(plain)).then(|| (key.into(), value))
}

fn after_subject(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest).trim_matches('\n')
}

/// One line of at most `max` bytes, cut between characters; control characters become spaces.
pub fn one_line(text: &str, max: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = cut(clean.trim().to_owned(), max);
    // Whoever reads it leaves spaces at the end out.
    line.truncate(line.trim_end().len());
    line
}

/// At most `max` bytes, cut between characters.
fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

fn moment(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn seconds(duration: &Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

impl Event {
    /// The whole commit message.
    pub fn message(&self) -> String {
        let mut message = one_line(&self.kind.subject(), 256);
        message.push_str("\n\n");
        let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        let body = cut(self.body.chars().filter(shown).collect(), MAX_BODY);
        if !body.trim().is_empty() {
            message.push_str(body.trim_matches('\n').trim_end());
            message.push_str("\n\n");
        }
        message.push_str(&self.trailers().block());
        message
    }

    /// `None` when the message is no event: it has no `Buildq-Event`, or one without its facts.
    pub fn parse(message: &str) -> Option<Self> {
        let (trailers, body) = Trailers::split(message);
        let kind = kind(trailers.get("Event")?, &trailers)?;
        Some(Self {
            id: trailers.text("Id"),
            kind,
            queue: trailers.parse("Queue"),
            run: trailers.get("Run").map(str::to_owned),
            body: body.to_owned(),
        })
    }

    fn trailers(&self) -> Trailers<'static> {
        let mut t = Trailers::default();
        t.push("Event", self.kind.name());
        t.push("Id", &self.id);
        t.push_some("Task", self.kind.task());
        t.push_some("Attempt", self.kind.attempt());
        facts(&self.kind, &mut t);
        t.push_some("Run", self.run.as_ref());
        t.push_some("Queue", self.queue);
        t
    }
}

/// Writes what is particular to a kind; [`kind`] reads it.
fn facts(kind: &Kind, t: &mut Trailers) {
    match kind {
        Kind::Started(s) => {
            t.push("Runner", &s.runner);
            t.push("Builder", &s.builder);
            t.push("Source", s.source);
            t.push_some("Path", s.path.as_ref());
            t.push("Base", s.base);
            t.push("Title", &s.title);
            t.push_some("Estimate", s.estimate.as_ref().map(seconds));
            t.push_all("Upon", &s.upon);
            t.push_some("Spawned", s.spawned.then_some("yes"));
        }
        Kind::Progressed { percent, message, tip, .. } => {
            t.push("Progress", percent.value());
            t.push("Message", message);
            t.push("Tip", tip);
        }
        Kind::Succeeded(s) => {
            t.push("Tip", s.tip);
            t.push("Work", s.work);
            t.push("Criteria", format!("{}/{}", s.criteria.0, s.criteria.1));
            t.push_all("Unticked", &s.unticked);
            usage(&s.usage, t);
            t.push_all("Check", s.checks.iter().map(check_text));
            t.push_all("Deliverable", &s.deliverables);
            t.push_all("Next", &s.next_steps);
        }
        Kind::Failed(f) => {
            t.push("Fault", f.fault);
            t.push("Reason", &f.reason);
            t.push_some("Tip", f.tip);
            t.push_some("Base", f.base);
            usage(&f.usage, t);
            t.push_all("Check", f.checks.iter().map(check_text));
            t.push_some("Until", f.resumes.as_ref().map(moment));
        }
        Kind::Stalled { since, .. } => t.push("Since", moment(since)),
        Kind::Blocked { tip, question, spent: figures, .. } => {
            t.push("Tip", tip);
            t.push("Question", question);
            spent(figures, t);
        }
        Kind::Approved { source, path, risks, until, .. } => {
            t.push("Source", source);
            t.push_some("Path", path.as_ref());
            t.push_some("Risk", risks.as_ref().map(|kinds| list(kinds)));
            t.push_some("Until", until.as_ref().map(moment));
        }
        Kind::Clarified { source, .. } => t.push("Source", source),
        Kind::Judged(judged) => judged_facts(judged, t),
        Kind::Retried { reason, .. } => t.push("Reason", reason),
        Kind::Merged { commit, how, edited, .. } => {
            t.push("Commit", commit);
            t.push("How", how);
            t.push_some("Edited", edited.then_some("yes"));
        }
        Kind::Closed { reason, source, .. } | Kind::Cancelled { reason, source, .. } => {
            t.push("Reason", reason);
            t.push_some("Source", *source);
        }
        Kind::Paused { until, builder, reason } => {
            t.push_some("Builder", builder.as_ref());
            t.push_some("Until", until.as_ref().map(moment));
            t.push("Reason", reason);
        }
        Kind::Resumed { builder } => t.push_some("Builder", builder.as_ref()),
        Kind::Runner { runner } => t.push("Runner", runner),
        Kind::Reported { date } | Kind::Morning { date } => t.push("Date", date),
        Kind::Escalated { .. } | Kind::Rejected { .. } | Kind::Answered { .. } => {}
        Kind::Unknown { .. } => {}
    }
}

fn judged_facts(judged: &Judged, t: &mut Trailers) {
    t.push("Source", judged.source);
    t.push("Builder", &judged.builder);
    match &judged.fault {
        Some(fault) => t.push("Fault", fault),
        None => t.push("Clear", if judged.opinion.clear { "yes" } else { "no" }),
    }
    for risk in &judged.opinion.risks {
        let key = if risk.quoted { "Risk" } else { "Remark" };
        t.push(key, format!("{}: {}", risk.kind, risk.words));
    }
    t.push_all("Question", &judged.opinion.questions);
    t.push_some("Until", judged.until.as_ref().map(moment));
}

fn read_judged(task: TaskId, t: &Trailers) -> Option<Judged> {
    let concern = |text: &str, quoted| {
        // A value has no space at its end: without words `kind: ` is read as `kind:`.
        let parts = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")));
        let (kind, words) = parts.unwrap_or((text, ""));
        Concern { kind: kind.to_owned(), words: words.to_owned(), quoted }
    };
    let quoted = t.all("Risk").map(|text| concern(text, true));
    let own = t.all("Remark").map(|text| concern(text, false));
    let fault = t.get("Fault").map(str::to_owned);
    // A verdict that does not say whether it is one is none.
    let clear = match (t.get("Clear"), &fault) {
        (Some(word), None) => word == "yes",
        (None, Some(_)) => false,
        _ => return None,
    };
    Some(Judged {
        task,
        source: t.parse("Source")?,
        builder: t.text("Builder"),
        opinion: Opinion {
            clear,
            risks: quoted.chain(own).collect(),
            questions: t.texts("Question"),
        },
        fault,
        until: t.moment("Until"),
    })
}

/// Reads what [`facts`] wrote. A known word without its facts is no event.
fn kind(name: &str, t: &Trailers) -> Option<Kind> {
    let task = || t.parse::<TaskId>("Task");
    let attempt = || t.parse::<u32>("Attempt").map(Attempt);
    let kind = match name {
        "started" => Kind::Started(Started {
            task: task()?,
            attempt: attempt()?,
            runner: t.text("Runner"),
            builder: t.text("Builder"),
            source: t.parse("Source")?,
            path: t.get("Path").map(str::to_owned),
            base: t.parse("Base")?,
            title: t.text("Title"),
            estimate: t.seconds("Estimate"),
            upon: t.all("Upon").filter_map(|id| id.parse().ok()).collect(),
            spawned: t.get("Spawned").is_some(),
        }),
        "progressed" => Kind::Progressed {
            task: task()?,
            attempt: attempt()?,
            percent: Percent::new(t.parse("Progress")?)?,
            message: t.text("Message"),
            tip: t.parse("Tip")?,
        },
        "succeeded" => Kind::Succeeded(Succeeded {
            task: task()?,
            attempt: attempt()?,
            tip: t.parse("Tip")?,
            work: t.parse("Work").or_else(|| t.parse("Tip"))?,
            criteria: fraction(t.get("Criteria").unwrap_or("0/0"))?,
            unticked: t.texts("Unticked"),
            usage: read_usage(t),
            checks: t.all("Check").filter_map(read_check).collect(),
            deliverables: t.texts("Deliverable"),
            next_steps: t.texts("Next"),
        }),
        "failed" => Kind::Failed(Failed {
            task: task()?,
            attempt: attempt()?,
            fault: read_fault(&t.text("Fault")),
            reason: t.text("Reason"),
            tip: t.parse("Tip"),
            base: t.parse("Base"),
            usage: read_usage(t),
            checks: t.all("Check").filter_map(read_check).collect(),
            resumes: t.moment("Until"),
        }),
        "stalled" => {
            Kind::Stalled { task: task()?, attempt: attempt()?, since: t.moment("Since")? }
        }
        "blocked" => Kind::Blocked {
            task: task()?,
            attempt: attempt()?,
            tip: t.parse("Tip")?,
            question: t.text("Question"),
            spent: read_spent(t),
        },
        "escalated" => Kind::Escalated { task: task()?, attempt: attempt()? },
        "approved" => Kind::Approved {
            task: task()?,
            source: t.parse("Source")?,
            path: t.get("Path").map(str::to_owned),
            risks: t.get("Risk").map(read_list),
            until: match t.get("Until") {
                Some(_) => Some(t.moment("Until")?),
                None => None,
            },
        },
        "rejected" => Kind::Rejected { task: task()?, attempt: attempt()? },
        "answered" => match attempt() {
            Some(attempt) => Kind::Answered { task: task()?, attempt },
            None => Kind::Clarified { task: task()?, source: t.parse("Source")? },
        },
        "judged" => Kind::Judged(read_judged(task()?, t)?),
        "retried" => Kind::Retried { task: task()?, reason: t.text("Reason") },
        "merged" => Kind::Merged {
            task: task()?,
            attempt: attempt()?,
            commit: t.parse("Commit")?,
            how: read_merge(t.get("How")?)?,
            edited: t.get("Edited").is_some(),
        },
        "closed" => {
            Kind::Closed { task: task()?, reason: t.text("Reason"), source: t.parse("Source") }
        }
        "cancelled" => {
            Kind::Cancelled { task: task()?, reason: t.text("Reason"), source: t.parse("Source") }
        }
        "paused" => Kind::Paused {
            until: t.moment("Until"),
            builder: t.get("Builder").map(str::to_owned),
            reason: t.text("Reason"),
        },
        "resumed" => Kind::Resumed { builder: t.get("Builder").map(str::to_owned) },
        "runner" => Kind::Runner { runner: t.get("Runner")?.to_owned() },
        "reported" => Kind::Reported { date: t.parse("Date")? },
        "morning" => Kind::Morning { date: t.parse("Date")? },
        other => Kind::Unknown { name: other.to_owned(), task: task() },
    };
    Some(kind)
}

fn usage(usage: &Usage, t: &mut Trailers) {
    t.push("Duration", seconds(&usage.duration));
    t.push_some("Cpu", usage.cpu.as_ref().map(seconds));
    t.push_some("Memory", usage.memory);
    t.push_some("Disk", usage.disk);
    spent(&usage.spent, t);
}

fn spent(spent: &Spent, t: &mut Trailers) {
    t.push_some("Tokens-In", spent.tokens_in);
    t.push_some("Tokens-Out", spent.tokens_out);
    t.push_some("Cost", spent.cost);
}

fn read_spent(t: &Trailers) -> Spent {
    Spent {
        tokens_in: t.parse("Tokens-In"),
        tokens_out: t.parse("Tokens-Out"),
        cost: t.parse("Cost").and_then(Cost::dollars),
    }
}

fn read_usage(t: &Trailers) -> Usage {
    Usage {
        duration: t.seconds("Duration").unwrap_or_default(),
        cpu: t.seconds("Cpu"),
        memory: t.parse("Memory"),
        disk: t.parse("Disk"),
        spent: read_spent(t),
    }
}

/// `passed 1.2s, exit 0: pytest -q`
fn check_text(check: &CheckResult) -> String {
    let verdict = if check.passed { "passed" } else { "failed" };
    let took = seconds(&check.duration);
    format!("{verdict} {took}s, {}: {}", check.ended, check.command)
}

fn read_check(text: &str) -> Option<CheckResult> {
    let (verdict, rest) = text.split_once(' ')?;
    let (took, rest) = rest.split_once("s, ")?;
    let (ended, command) = rest.split_once(": ")?;
    Some(CheckResult {
        command: command.to_owned(),
        passed: verdict == "passed",
        ended: ended.to_owned(),
        duration: Duration::try_from_secs_f64(took.parse().ok()?).ok()?,
    })
}

fn fraction(text: &str) -> Option<(usize, usize)> {
    let (part, whole) = text.split_once('/')?;
    Some((part.parse().ok()?, whole.parse().ok()?))
}

/// `a, b`; `none` for an empty list, which is something else than no list.
fn list(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

fn read_list(text: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none");
    words.map(str::to_owned).collect()
}

/// An unknown fault counts as the task's: that spends a retry, which is the safe side.
fn read_fault(text: &str) -> Fault {
    [Fault::Builder, Fault::Base, Fault::Person, Fault::Secret]
        .into_iter()
        .find(|fault| fault.to_string() == text)
        .unwrap_or(Fault::Task)
}

fn read_merge(text: &str) -> Option<Merge> {
    [Merge::Accepted, Merge::Ancestry, Merge::Patch, Merge::File]
        .into_iter()
        .find(|how| how.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Oid;

    fn oid(digit: char) -> Oid {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn task() -> TaskId {
        TaskId::new("spotify-playlist").unwrap()
    }

    fn event(kind: Kind, body: &str) -> Event {
        let id = "01JZ8Q6M3T9W4K2V7B5N0C1D2E".to_owned();
        Event { id, kind, queue: Some(oid('7')), run: None, body: body.to_owned() }
    }

    fn started() -> Kind {
        Kind::Started(Started {
            task: task(),
            attempt: Attempt(2),
            runner: "mini/4f1c".into(),
            builder: "opus".into(),
            source: oid('5'),
            path: Some("queue/spotify-playlist.md".into()),
            base: oid('9'),
            title: "Spotify: playlists".into(),
            estimate: Some(Duration::from_secs(4 * 3600)),
            upon: vec![TaskId::new("oauth-core").unwrap()],
            spawned: true,
        })
    }

    #[test]
    fn an_event_reads_as_a_person_would_write_it() {
        let text = event(started(), "Attempt 1 failed: `pytest -q` exited 1.\n").message();
        let expected = "started: spotify-playlist attempt 2 on mini/4f1c\n\
            \n\
            Attempt 1 failed: `pytest -q` exited 1.\n\
            \n\
            Buildq-Event: started\n\
            Buildq-Id: 01JZ8Q6M3T9W4K2V7B5N0C1D2E\n\
            Buildq-Task: spotify-playlist\n\
            Buildq-Attempt: 2\n\
            Buildq-Runner: mini/4f1c\n\
            Buildq-Builder: opus\n\
            Buildq-Source: 5555555555555555555555555555555555555555\n\
            Buildq-Path: queue/spotify-playlist.md\n\
            Buildq-Base: 9999999999999999999999999999999999999999\n\
            Buildq-Title: Spotify: playlists\n\
            Buildq-Estimate: 14400.0\n\
            Buildq-Upon: oauth-core\n\
            Buildq-Spawned: yes\n\
            Buildq-Queue: 7777777777777777777777777777777777777777\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_kind_survives_the_round_trip() {
        let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let usage = Usage {
            duration: Duration::from_millis(61_500),
            cpu: Some(Duration::from_secs(3)),
            memory: Some(1 << 20),
            disk: None,
            spent: Spent { tokens_in: Some(1), tokens_out: Some(2), cost: Cost::dollars(3.5) },
        };
        let checks = vec![CheckResult {
            command: "pytest -q: a, b".into(),
            passed: false,
            ended: "exit 1".into(),
            duration: Duration::from_millis(1200),
        }];
        let (task, attempt) = (task(), Attempt(3));
        let kinds = vec![
            started(),
            Kind::Progressed {
                task: task.clone(),
                attempt,
                percent: Percent::new(40).unwrap(),
                message: "OAuth: works".into(),
                tip: oid('a'),
            },
            Kind::Succeeded(Succeeded {
                task: task.clone(),
                attempt,
                tip: oid('a'),
                work: oid('8'),
                criteria: (1, 2),
                unticked: vec!["Can fetch songs".into()],
                usage: usage.clone(),
                checks: checks.clone(),
                deliverables: vec!["https://example.org/x".into(), "src/a.rs".into()],
                next_steps: vec!["cache it".into()],
            }),
            Kind::Failed(Failed {
                task: task.clone(),
                attempt,
                fault: Fault::Builder,
                reason: "usage limit".into(),
                tip: None,
                base: Some(oid('f')),
                usage,
                checks,
                resumes: Some(at),
            }),
            Kind::Stalled { task: task.clone(), attempt, since: at },
            Kind::Blocked {
                task: task.clone(),
                attempt,
                tip: oid('b'),
                question: "key?".into(),
                spent: Spent { tokens_in: Some(7), tokens_out: None, cost: Cost::dollars(0.25) },
            },
            Kind::Escalated { task: task.clone(), attempt },
            Kind::Approved {
                task: task.clone(),
                source: oid('c'),
                path: Some("queue/a.md".into()),
                risks: Some(vec!["financial".into(), "production".into()]),
                until: Some(at),
            },
            Kind::Approved {
                task: task.clone(),
                source: oid('c'),
                path: None,
                risks: Some(Vec::new()),
                until: None,
            },
            Kind::Approved {
                task: task.clone(),
                source: oid('c'),
                path: None,
                risks: None,
                until: None,
            },
            Kind::Rejected { task: task.clone(), attempt },
            Kind::Answered { task: task.clone(), attempt },
            Kind::Clarified { task: task.clone(), source: oid('c') },
            Kind::Judged(Judged {
                task: task.clone(),
                source: oid('c'),
                builder: "opus".into(),
                opinion: Opinion {
                    clear: false,
                    risks: vec![
                        Concern { kind: "money".into(), words: "pay: all".into(), quoted: true },
                        Concern { kind: "access".into(), words: "it may".into(), quoted: false },
                    ],
                    questions: vec!["Which one?".into(), "And when?".into()],
                },
                fault: None,
                until: None,
            }),
            Kind::Judged(Judged {
                task: task.clone(),
                source: oid('c'),
                builder: "opus".into(),
                opinion: Opinion::default(),
                fault: Some("no answer".into()),
                until: Some(DateTime::UNIX_EPOCH),
            }),
            Kind::Retried { task: task.clone(), reason: "by hand".into() },
            Kind::Merged {
                task: task.clone(),
                attempt,
                commit: oid('d'),
                how: Merge::Patch,
                edited: true,
            },
            Kind::Closed { task: task.clone(), reason: "moved".into(), source: None },
            Kind::Cancelled { task: task.clone(), reason: "no".into(), source: Some(oid('e')) },
            Kind::Paused { until: Some(at), builder: Some("opus".into()), reason: "quota".into() },
            Kind::Resumed { builder: None },
            Kind::Runner { runner: "mini/4f1c".into() },
            Kind::Reported { date: "2026-02-07".parse().unwrap() },
            Kind::Morning { date: "2026-02-08".parse().unwrap() },
            Kind::Unknown { name: "claimed".into(), task: Some(task) },
        ];
        for kind in kinds {
            let event = event(kind, "a body\n\n---\nwith: a trap");
            assert_eq!(Event::parse(&event.message()).as_ref(), Some(&event));
        }
    }

    #[test]
    fn texts_cannot_forge_trailers() {
        let kind = Kind::Retried { task: task(), reason: "x\nBuildq-Task: other\u{1b}[2J".into() };
        let text = event(kind, "Buildq-Event: approved\nBuildq-Task: other").message();
        let back = Event::parse(&text).unwrap();
        assert_eq!(back.kind.name(), "retried");
        assert_eq!(back.kind.task(), Some(&task()));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn what_other_hands_wrote_is_read_back_as_it_is_written() {
        let source = format!("Buildq-Task: a\nBuildq-Source: {}\nBuildq-Clear: no", oid('5'));
        for text in [
            // Words that are none.
            format!("x\n\nBuildq-Event: judged\n{source}\nBuildq-Risk: production:"),
            format!("x\n\nBuildq-Event: judged\n{source}\nBuildq-Remark: ::"),
            // What becomes a space at an end.
            "x\n\nBuildq-Event: new\u{18}\nBuildq-Task: a".into(),
            // More than is written of it.
            format!("x\n\nBuildq-Event: new{}\nBuildq-Task: a", "\u{2028} ".repeat(600) + "b"),
            "x\n\nBuildq-Event: paused\nBuildq-Builder: a\u{85}\nBuildq-Reason: b".into(),
        ] {
            let written = Event::parse(&text).unwrap().message();
            let again = Event::parse(&written).unwrap().message();
            assert_eq!(again, written);
        }
    }

    #[test]
    fn what_lacks_its_facts_is_no_event() {
        for text in [
            "",
            "just a commit",
            "x\n\nBuildq-Id: 1",
            "x\n\nBuildq-Event: started\nBuildq-Task: ../x",
            "x\n\nBuildq-Event: started\nprose in the block",
        ] {
            assert_eq!(Event::parse(text), None, "{text}");
        }
    }

    #[test]
    fn values_and_bodies_are_bounded() {
        let kind = Kind::Retried { task: task(), reason: "é".repeat(4000) };
        let text = event(kind, &"x".repeat(100_000)).message();
        assert!(text.len() < MAX_BODY + 4 * MAX_VALUE);
        assert!(Event::parse(&text).is_some());
    }
}
