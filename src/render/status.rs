//! `buildq status`: pages of the overview.

mod markdown;
pub mod terminal;
mod still;

use chrono::{DateTime, Utc};

use super::text::{self, Columns, safe};
use crate::core::gates::Gate;
use crate::core::overview::{
    Ended, FileState, Health, Held, MOST, Need, NeedKind, Overview, Queued, Running, Standing, What,
};
use crate::domain::task::Priority;

pub use markdown::markdown;
pub use still::still;

/// Which part of the page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// What could start.
    Queue,
    /// What runs, and what waits for a person.
    Active,
    /// What has ended.
    Completed,
}

/// One overview before the reader.
struct Page<'a> {
    view: &'a Overview,
    columns: Columns,
    most: usize,
}

/// The page as plain text, at most this many columns wide where words allow it.
pub fn page(view: &Overview, part: Part, width: usize) -> String {
    let labels = view.needs_you.iter().map(|need| need.subject.as_str());
    let labels = labels.chain(view.running.iter().map(|run| run.task.as_str()));
    let labels = labels.chain(view.queue.iter().map(|entry| entry.task.as_str()));
    let labels = labels.chain(view.recent.iter().map(|ended| ended.task.as_str()));
    let labels = labels.chain([view.beyond.label.as_str()]);
    let most = if part == Part::All { MOST } else { usize::MAX };
    let page = Page { view, columns: Columns::fit(labels, width.min(120)), most };
    let parts: Vec<String> = match part {
        Part::All => vec![
            page.summary(),
            page.needs(),
            page.running(),
            page.queue(),
            page.ended(5),
            page.health(),
        ],
        Part::Queue => vec![page.or("Queue", page.queue())],
        Part::Active => vec![page.needs(), page.or("Building", page.running())],
        Part::Completed => vec![page.or("Ended lately", page.ended(usize::MAX))],
    };
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

impl Page<'_> {
    fn or(&self, heading: &str, section: String) -> String {
        if section.is_empty() { format!("{heading}: nothing\n") } else { section }
    }

    fn summary(&self) -> String {
        text::wrap(&brief(self.view), self.columns.page).join("\n") + "\n"
    }

    fn section(
        &self,
        heading: &str,
        entries: Vec<String>,
        (more, beyond): (&str, usize),
    ) -> String {
        if entries.is_empty() {
            return String::new();
        }
        let left = entries.len().saturating_sub(self.most) + beyond;
        let mut section = format!("{heading}\n");
        section.extend(entries.into_iter().take(self.most));
        if left > 0 {
            section += &format!("  … and {left} more: {more}\n");
        }
        section
    }

    fn needs(&self) -> String {
        let needs = self.view.needs_you.iter().map(|need| {
            let said = self.columns.entry(&safe(&need.subject), &sentence(self.view, need));
            said + &self.columns.whole(&format!("→ {}", safe(&need.command)))
        });
        let more = ("buildq status --active", self.view.beyond.needs);
        self.section("Needs you", needs.collect(), more)
    }

    fn running(&self) -> String {
        let runs = self.view.running.iter().map(|run| {
            run_lines(self.view, run)
                .iter()
                .enumerate()
                .map(|(line, said)| {
                    self.columns.entry(if line == 0 { run.task.as_str() } else { "" }, said)
                })
                .collect()
        });
        self.section("Building", runs.collect(), ("buildq status --active", 0))
    }

    fn queue(&self) -> String {
        let entries = self.view.queue.iter().map(|entry| {
            self.columns.entry(
                entry.task.as_str(),
                &format!("{}. {}", entry.position, standing(self.view, entry)),
            )
        });
        let more = ("buildq status --queue", self.view.beyond.queue);
        self.section("Queue", entries.collect(), more)
    }

    fn ended(&self, most: usize) -> String {
        let entries = self.view.recent.iter().take(most);
        let entries = entries.map(|it| self.columns.entry(it.task.as_str(), &ended(self.view, it)));
        self.section("Ended lately", entries.collect(), ("buildq status --completed", 0))
    }

    fn health(&self) -> String {
        let said = health(self.view).join("; ");
        // Two columns to the left of the entries.
        let columns = Columns { label: 6, page: self.columns.page + 2 };
        columns.entry("Health", &said).lines().map(|line| format!("{}\n", &line[2..])).collect()
    }
}

/// A moment for people, in the zone of the configuration.
fn clock(view: &Overview, at: DateTime<Utc>) -> String {
    text::clock(at, view.at, view.timezone)
}

/// What a need says, with its times.
pub fn sentence(view: &Overview, need: &Need) -> String {
    let since = need.since.map(|at| text::ago(at, view.at));
    let until = need.until.map(|at| format!("until {}", clock(view, at)));
    let times: Vec<String> = [since, until].into_iter().flatten().collect();
    let times = if times.is_empty() { String::new() } else { format!(" ({})", times.join(", ")) };
    safe(&need.sentence) + &times
}

/// `attempt 2 of 4`.
fn attempt(run: &Running) -> String {
    format!("attempt {} of {}", run.attempt, run.at_most)
}

fn ending(view: &Overview, run: &Running) -> Option<String> {
    let at = run.ends_by_estimate?;
    let verb = if at < view.at { "should have ended" } else { "should end" };
    Some(format!("{verb} {} by your estimate", clock(view, at)))
}

fn run_lines(view: &Overview, run: &Running) -> Vec<String> {
    let mut first = format!("{}, {} by {}", run.percent, attempt(run), safe(&run.builder));
    if run.title != run.task.as_str() {
        first = format!("{} · {first}", safe(&run.title));
    }
    let mut lines = vec![first];
    if !run.message.is_empty() {
        lines.push(format!("\"{}\"", safe(&run.message)));
    }
    let mut times = vec![
        format!("began {} ({})", clock(view, run.started), text::ago(run.started, view.at)),
        format!("last sign of life {}", text::ago(run.last_sign, view.at)),
    ];
    times.extend(ending(view, run));
    times.extend(run.stalled_since.map(|at| format!("stalled since {}", clock(view, at))));
    times.extend((run.alive == Some(false)).then(|| "its supervisor has died".into()));
    let elsewhere = view.health.here.as_ref() != Some(&run.runner);
    times.extend(elsewhere.then(|| format!("on {}", safe(&run.runner))));
    lines.push(times.join(", "));
    lines.extend(changed(run.file).map(str::to_owned));
    lines.extend(run.crossings.iter().map(|crossing| safe(crossing)));
    lines
}

fn changed(file: FileState) -> Option<&'static str> {
    match file {
        FileState::Same => None,
        FileState::Changed => Some("its file has changed since: the edit is not being built"),
        FileState::Gone => Some("its file is gone from the queue: no new attempt will start"),
    }
}

fn priority(priority: Option<Priority>) -> &'static str {
    match priority {
        Some(Priority::High) => "high",
        Some(Priority::Medium) => "medium",
        Some(Priority::Low) => "low",
        None => "unreadable",
    }
}

/// Where a task of the queue stands, and why.
pub fn standing(view: &Overview, entry: &Queued) -> String {
    let mut said = Vec::new();
    if let Some(retry) = &entry.retry {
        let next = format!("attempt {} of {}", retry.attempt, retry.at_most);
        said.push(format!("{next} next, after: {}", safe(&retry.after)));
    }
    said.extend(entry.holds.iter().map(|hold| why_held(view, hold)));
    if entry.holds.is_empty() {
        said.push(if view.health.runs_here { "starts now" } else { "is due" }.into());
    }
    said.extend(entry.due.map(|at| format!("should be done by {}", clock(view, at))));
    format!("{} · {}", priority(entry.priority), said.join("; "))
}

/// Holds of the whole queue are told once, among what needs a person.
fn why_held(view: &Overview, hold: &Held) -> String {
    let reason = safe(&hold.reason);
    match hold.gate {
        Gate::Runner if view.health.paused.is_some() => "the queue is paused".into(),
        Gate::Trust if view.health.config != "trusted" => "held by `trust`".into(),
        gate if hold.needs_you => format!("held by `{gate}`: {reason}"),
        _ => reason,
    }
}

/// How a build ended, and when.
pub fn ended(view: &Overview, it: &Ended) -> String {
    let word = match it.what {
        What::Succeeded => "succeeded",
        What::Merged => "merged",
        What::Closed => "closed",
        What::Cancelled => "cancelled",
    };
    let said = format!("{word} {}", text::ago(it.at, view.at));
    if it.detail.is_empty() { said } else { format!("{said}: {}", safe(&it.detail)) }
}

/// One sentence for "how's it going?".
pub fn brief(view: &Overview) -> String {
    let mut parts = Vec::new();
    let counts = &view.counts;
    let mut add = |number: usize, words: String| {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    };
    add(counts.building, format!("building{}", building(view)));
    add(counts.queued, format!("queued{}", next(view, Standing::Queued)));
    add(counts.waiting, format!("to be retried{}", next(view, Standing::Waiting)));
    add(counts.held, "held".into());
    let verb = if counts.review == 1 { "waits" } else { "wait" };
    add(counts.review, format!("{verb} for your review"));
    let state = match parts.is_empty() {
        true => "nothing is building, nothing is queued".to_owned(),
        false => parts.join(", "),
    };
    format!("{state}; {}", rest(view))
}

fn building(view: &Overview) -> String {
    let told = |run: &Running| {
        let mut words = vec![run.task.to_string(), run.percent.to_string()];
        if let Some(since) = run.stalled_since {
            words.push(format!("stalled since {}", clock(view, since)));
        } else {
            words.extend(ending(view, run));
        }
        words.join(", ")
    };
    let runs: Vec<String> = view.running.iter().take(2).map(told).collect();
    let more = view.running.len().saturating_sub(2);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!(" ({}{more})", runs.join("; "))
}

/// The first of them that comes by itself.
fn next(view: &Overview, standing: Standing) -> String {
    let mine = view.queue.iter().filter(|entry| entry.standing == standing);
    let beyond = view.beyond.opens.iter().filter(|(of, _)| *of == standing).map(|(_, at)| *at);
    let next = mine.filter_map(|entry| entry.opens).chain(beyond).min();
    next.map(|at| format!(" (next {})", clock(view, at))).unwrap_or_default()
}

/// What needs a person beside reviews and held tasks, which are counted already.
fn rest(view: &Overview) -> String {
    let counted = |need: &&Need| matches!(need.kind, NeedKind::Review | NeedKind::Held);
    let others: Vec<_> = view.needs_you.iter().filter(|need| !counted(need)).collect();
    let Some(first) = others.first() else {
        let else_ = if view.needs_you.is_empty() { "" } else { " else" };
        return format!("nothing{else_} needs you");
    };
    let more = match others.len() - 1 {
        0 => String::new(),
        1 => " (and 1 more thing needs you)".into(),
        n => format!(" (and {n} more things need you)"),
    };
    format!("{} {}{more}", safe(&first.subject), safe(&first.sentence))
}

/// Facts about what keeps the queue going.
fn health(view: &Overview) -> Vec<String> {
    let health = &view.health;
    let machine = &health.machine;
    let mut facts = vec![who_runs(health)];
    let hooks = &machine.hooks;
    if health.here.is_some() {
        facts.push(match (&hooks.managed, hooks.missing.is_empty(), hooks.failed_at) {
            (Some(why), ..) => format!("hooks are somebody else's: {}", safe(why)),
            (None, false, _) => format!("hooks missing: {}", hooks.missing.join(", ")),
            (None, true, Some(at)) => format!("hooks failed {}", text::ago(at, view.at)),
            (None, true, None) => "hooks in place".into(),
        });
    }
    if health.runs_here {
        facts.push(waking(view));
        facts.extend(machine.heartbeat.as_ref().map(|beat| match (&beat.kind, beat.active) {
            (Some(kind), true) => format!("heartbeat by {kind}"),
            (Some(kind), false) => format!("heartbeat by {kind}, which does not run"),
            (None, _) => "no heartbeat (buildq heartbeat install)".into(),
        }));
        let synced = machine.last_sync.map(|at| format!("synced {}", text::ago(at, view.at)));
        facts.push(synced.unwrap_or_else(|| "never synced".into()));
        facts.extend(health.builders.iter().map(builder));
        facts.extend(machine.sandbox.as_ref().map(|walls| match (&walls.why, &*walls.level) {
            (Some(why), "none") => format!("no sandbox ({})", safe(why)),
            (Some(why), level) => format!("sandbox {level} alone ({})", safe(why)),
            (None, level) => format!("sandbox {level}"),
        }));
        facts.extend(machine.disk_free.map(|free| format!("{} disk free", text::bytes(free))));
    }
    facts.extend(machine.notify.iter().map(|trouble| safe(trouble)));
    facts.extend(health.calendar_troubles.iter().map(|trouble| safe(trouble)));
    if health.superseded > 0 {
        facts.push(format!("{} superseded", text::count(health.superseded, "event")));
    }
    if machine.head.is_none() {
        facts.push("HEAD is detached".into());
    }
    facts
}

fn who_runs(health: &Health) -> String {
    let branch = safe(&health.machine.queue_branch);
    match (&health.here, &health.runner) {
        (Some(here), _) if health.runs_here => {
            format!("this clone ({}) runs the queue of `{branch}`", safe(here))
        }
        (_, Some(runner)) => {
            format!("`{}` runs the queue of `{branch}`, this clone watches", safe(runner))
        }
        _ => format!("nobody runs the queue of `{branch}` yet"),
    }
}

fn waking(view: &Overview) -> String {
    let machine = &view.health.machine;
    match machine.wakes_at {
        Some(at) if machine.awake => format!("next look {}", clock(view, at)),
        Some(at) => format!("next look {}, but no waker", clock(view, at)),
        None => "nothing to wake for".into(),
    }
}

fn builder(builder: &crate::core::overview::BuilderHealth) -> String {
    let name = safe(&builder.name);
    match (&builder.broken, &builder.paused) {
        (Some(why), _) => format!("builder {name} cannot start: {}", safe(why)),
        (None, Some(_)) => format!("builder {name} is paused"),
        (None, None) => format!("builder {name}"),
    }
}

#[cfg(test)]
mod tests;
