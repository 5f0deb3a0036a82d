//! A ledger and a queue full of strange text, and every page that is made of them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::targets::moment;
use crate::core::judged::Judged;
use crate::core::ledger::Ledger;
use crate::core::overview::{self, Live, Machine};
use crate::core::plan;
use crate::core::queue::{self, Content, File, Item, Queue};
use crate::core::report::{Past, Span, Stood, report};
use crate::core::situation::{Observations, Origin, Situation, Trust};
use crate::domain::config::Config;
use crate::domain::event::{
    CheckResult, Event, Failed, Fault, Kind, Merge, Recorded, Started, Succeeded, Usage,
};
use crate::domain::id::{Attempt, Oid, Percent, TaskId};
use crate::render::status::Part;
use crate::render::why::Reader;
use crate::render::{lint, log, plan as plan_page, report as report_page, show, status, text, why};

/// A page holds nothing that a terminal would obey.
pub fn harmless(page: &str) {
    let safe = text::safe_page(page);
    let place = || page.char_indices().zip(safe.chars()).find(|((_, a), b)| a != b);
    assert!(page == safe, "a terminal would obey {:?} in {page:?}", place());
}

/// JSON is JSON, whatever stands in it.
fn json(text: &str) {
    let read: Result<serde_json::Value, _> = serde_json::from_str(text);
    assert!(read.is_ok(), "no JSON: {read:?}");
}

/// Texts, one after the other, round and round.
struct Texts<'a> {
    all: Vec<&'a str>,
    next: usize,
}

impl Texts<'_> {
    fn text(&mut self) -> String {
        self.next += 1;
        self.all
            .get(self.next % self.all.len().max(1))
            .map(|text| (*text).to_owned())
            .unwrap_or_default()
    }

    fn some(&mut self, number: u8) -> Vec<String> {
        (0..number % 4).map(|_| self.text()).collect()
    }
}

/// Every page.
pub fn shown(bytes: &[u8]) {
    let all = String::from_utf8_lossy(bytes);
    let mut texts = Texts { all: all.split('\n').collect(), next: 0 };
    // What happens is told by the bytes at the end, what is said by all of them.
    let choices = &bytes[bytes.len().saturating_sub(24)..];
    let (events, ledger) = ledger(choices, &mut texts);
    let queue = queue_of(&mut texts);
    let (seen, config) = (observed(&queue, &ledger), Config::default());
    let now = moment();
    let here = Situation {
        queue: &queue,
        ledger: &ledger,
        seen: &seen,
        config: &config,
        now,
        forced: None,
    };
    statuses(here, &mut texts);
    for task in names() {
        tasks(here, &task, &mut texts);
    }
    let judged = seen.judged.clone();
    reports(&events, Stood { queue: queue.clone(), judged }, &config);
    let planned = plan::plan(here);
    harmless(&plan_page::plan(&planned, &config));
    let found: Vec<_> = queue.items.values().flat_map(|item| item.diagnostics.clone()).collect();
    harmless(&lint::page(&found, queue.items.len()));
    json(&lint::json(&found, queue.items.len()).unwrap());
    logged(&events, &ledger);
}

fn names() -> [TaskId; 3] {
    ["a", "b", "c"].map(|name| TaskId::new(name).unwrap())
}

fn ledger(choices: &[u8], texts: &mut Texts) -> (Vec<Recorded>, Ledger) {
    let (mut ledger, mut events) = (Ledger::default(), Vec::new());
    for (number, choice) in (0..).zip(choices) {
        let task = names()[usize::from(*choice) % 3].clone();
        let last = ledger.builds.get(&task).and_then(|build| build.last().map(|run| run.number()));
        let kind = kind(choice / 3, (task, last.unwrap_or(Attempt(0))), texts);
        let event =
            Event { id: number.to_string(), kind, queue: None, run: None, body: texts.text() };
        // As it comes out of the ledger: what goes in is cut and cleaned on the way.
        let Some(event) = Event::parse(&event.message()) else { continue };
        let at = moment() - TimeDelta::hours(24 - i64::from(number));
        let (author, subject) = (texts.text(), event.kind.subject());
        let recorded = Recorded { commit: oid(number), at, author, subject, event };
        ledger.apply(&recorded);
        events.push(recorded);
    }
    (events, ledger)
}

fn oid(number: u8) -> Oid {
    Oid([number; 20])
}

/// Even choices carry a build on, so that most of them come somewhere.
fn kind(choice: u8, (task, last): (TaskId, Attempt), texts: &mut Texts) -> Kind {
    let attempt = last;
    let reason = texts.text();
    match choice % 18 {
        0..=3 => Kind::Started(Started {
            task,
            attempt: Attempt(last.0 + 1),
            runner: "here/1".into(),
            builder: reason,
            source: oid(choice),
            path: Some(texts.text()),
            base: oid(1),
            title: texts.text(),
            estimate: Some(Duration::from_secs(u64::from(choice) * 100)),
            upon: names().into_iter().take(usize::from(choice % 3)).collect(),
            spawned: false,
        }),
        4 => {
            let (percent, tip) = (Percent::of(1, 2), oid(choice));
            Kind::Progressed { task, attempt, percent, message: reason, tip }
        }
        5 | 6 => Kind::Succeeded(Succeeded {
            task,
            attempt,
            tip: oid(choice),
            work: oid(choice),
            criteria: (usize::from(choice % 4), usize::from(choice)),
            unticked: texts.some(choice),
            usage: Usage::default(),
            checks: checks(choice, texts),
            deliverables: texts.some(choice / 4),
            next_steps: texts.some(choice / 8),
        }),
        7 | 8 => {
            let faults = [Fault::Task, Fault::Builder, Fault::Base, Fault::Person, Fault::Secret];
            let (usage, checks) = (Usage::default(), checks(choice, texts));
            let fault = faults[usize::from(choice) % 5];
            let (tip, base) = (Some(oid(choice)), Some(oid(1)));
            Kind::Failed(Failed {
                task,
                attempt,
                fault,
                reason,
                tip,
                base,
                usage,
                checks,
                resumes: None,
            })
        }
        9 => {
            let (tip, spent) = (oid(choice), Default::default());
            Kind::Blocked { task, attempt, tip, question: reason, spent }
        }
        10 => Kind::Stalled { task, attempt, since: moment() },
        11 => Kind::Rejected { task, attempt },
        12 => Kind::Answered { task, attempt },
        13 => {
            Kind::Merged { task, attempt, commit: oid(2), how: Merge::Patch, edited: choice > 40 }
        }
        14 => Kind::Closed { task, reason, source: None },
        15 => Kind::Cancelled { task, reason, source: None },
        16 => Kind::Paused { until: None, builder: (choice > 40).then(|| texts.text()), reason },
        _ => Kind::Runner { runner: if choice > 40 { reason } else { "here/1".into() } },
    }
}

fn checks(choice: u8, texts: &mut Texts) -> Vec<CheckResult> {
    let one = |command: String| CheckResult {
        command,
        passed: choice.is_multiple_of(2),
        ended: "exit 1".into(),
        duration: Duration::from_secs(u64::from(choice)),
    };
    texts.some(choice).into_iter().map(one).collect()
}

fn queue_of(texts: &mut Texts) -> Queue {
    let file = |name: &str| {
        let title = serde_json::to_string(&texts.text()).unwrap();
        let (blocker, label) = (serde_json::to_string(&texts.text()).unwrap(), texts.text());
        let label = serde_json::to_string(&label).unwrap();
        let front = match name {
            "a" => format!("title: {title}\npriority: high"),
            "b" => format!("title: {title}\nblockers: [{blocker}]\nlabels: [{label}]"),
            _ => format!("title: {title}\npriority: {blocker}"),
        };
        let words = [texts.text(), texts.text(), texts.text()].join("\n");
        let text = format!("---\n{front}\n---\n{words}\n\n## Criteria\n- [ ] {}\n", texts.text());
        let (path, blob) = (format!("queue/{name}.md"), oid(name.as_bytes()[0]));
        File { path, blob, content: Content::Bytes(text.into_bytes()) }
    };
    let mut files: Vec<File> = ["a", "b", "c"].map(file).into();
    // A name that is none.
    let path = format!("queue/{}.md", texts.text().replace('\0', ""));
    files.push(File { path, blob: oid(9), content: Content::Irregular("a symbolic link") });
    queue::read(Some(oid(77)), "queue", files)
}

fn observed(queue: &Queue, ledger: &Ledger) -> Observations {
    let author = ledger.approvals.first().map_or("Eve".to_owned(), |given| given.author.clone());
    let origin = |id: &TaskId| {
        let added = moment();
        let origin = Origin { doubt: None, commit: oid(3), author: author.clone(), added };
        (id.clone(), origin)
    };
    let judged = |item: &Item| {
        let task = item.task.as_ref()?;
        Some((item.id.clone(), Judged::read(item.blob, task)))
    };
    Observations {
        here: "here/1".into(),
        // Read once, as the program does.
        judged: queue.items.values().filter_map(judged).collect(),
        trust: Trust::Trusted,
        origins: queue.items.keys().map(origin).collect(),
        base: Some(("main".into(), oid(1))),
        alive: ledger.builds.keys().cloned().collect(),
        ..Observations::default()
    }
}

fn statuses(here: Situation, texts: &mut Texts) {
    let live = |task: TaskId| {
        let (percent, message, last_sign) = (Percent::of(1, 3), texts.text(), moment());
        (task, Live { percent, message, last_sign, alive: Some(true) })
    };
    let live: BTreeMap<TaskId, Live> = names().map(live).into();
    let machine =
        Machine { queue_branch: texts.text(), head: Some(texts.text()), ..Machine::default() };
    let view = overview::overview(here, &live, machine);
    for part in [Part::All, Part::Queue, Part::Active, Part::Completed] {
        harmless(&status::page(&view, part, 20 + texts.all.len() % 100));
    }
    harmless(&status::brief(&view));
    harmless(&status::markdown(&view));
    json(&serde_json::to_string(&view).unwrap());
}

fn tasks(here: Situation, task: &TaskId, texts: &mut Texts) {
    let Some(told) = overview::why(here, task) else { return };
    let (now, zone) = (here.now, here.config.timezone);
    let reader = Reader { now, zone, width: 80 };
    harmless(&why::page(&told, reader));
    json(&serde_json::to_string(&told).unwrap());
    let build = here.ledger.builds.get(task);
    let detail = overview::Detail {
        version: overview::VERSION,
        at: now,
        why: told,
        spec: None,
        criteria: Vec::new(),
        percent: None,
        attempts: build.into_iter().flat_map(attempts).collect(),
        commits: Vec::new(),
        summary: Some(texts.text()),
        deliverables: texts.some(3),
        next_steps: texts.some(2),
        words: build.into_iter().flat_map(|build| build.words.iter().map(Into::into)).collect(),
        look: texts.some(1),
    };
    harmless(&show::page(&detail, reader));
    json(&serde_json::to_string(&detail).unwrap());
}

fn attempts(build: &crate::core::ledger::Build) -> Vec<overview::AttemptView> {
    build.attempts.iter().map(|run| overview::attempt(run, run.tip())).collect()
}

fn reports(events: &[Recorded], stood: Stood, config: &Config) {
    let since: DateTime<Utc> = moment() - TimeDelta::hours(20);
    let past = Past::of(events.iter().cloned(), Span { since, until: moment() });
    let told = report(past, stood, config);
    harmless(&report_page::plain(&told));
    harmless(&report_page::markdown(&told, None).unwrap());
    json(&report_page::json(&told).unwrap());
}

fn logged(events: &[Recorded], ledger: &Ledger) {
    let line = |recorded: &Recorded| log::Line {
        commit: recorded.commit.to_string(),
        at: recorded.at,
        author: recorded.author.clone(),
        event: recorded.event.kind.name().to_owned(),
        task: recorded.event.kind.task().map(ToString::to_string),
        attempt: recorded.event.kind.attempt().map(|attempt| attempt.0),
        subject: recorded.subject.clone(),
        body: recorded.event.body.clone(),
        superseded: ledger.superseded.contains(&recorded.commit),
    };
    let lines: Vec<_> = events.iter().map(line).collect();
    harmless(&log::page(&lines, log::Style { zone: chrono_tz::UTC, bodies: true }));
}
