//! The entries of the list: from the facts of an overview to what stands on one line or two.

use super::Facts;
use crate::core::overview::{
    Ended, Need, NeedKind, Queued, Review, Running, Standing, What, ticked,
};
use crate::domain::id::{Percent, TaskId};
use crate::render::ink::{Ink, Mark, Signs, Span};
use crate::render::status;
use crate::render::text::{ago, count, cut, safe, width};

/// The parts of the list, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What no other part shows and a person must do.
    Needs,
    /// Builds under way.
    Building,
    /// Finished builds.
    Review,
    /// What could start.
    Queue,
    /// What has ended.
    History,
}

impl Section {
    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Needs => "Needs you",
            Self::Building => "Building",
            Self::Review => "Review",
            Self::Queue => "Queue",
            Self::History => "History",
        }
    }
}

/// One entry that can be chosen.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub section: Section,
    /// The task, where it is about one.
    pub task: Option<TaskId>,
    /// Its state.
    pub mark: Mark,
    /// Its name.
    pub name: String,
    /// What is said of it.
    pub said: String,
    /// How far it is, where it runs.
    pub percent: Option<Percent>,
    /// What to type about it, where it is about no task.
    pub command: String,
}

/// All of them.
pub fn entries(facts: &Facts) -> Vec<Entry> {
    let view = &facts.view;
    // Reviews, held tasks and stalled builds stand in parts of their own.
    let own = |need: &&Need| {
        let shown = (need.kind, &need.task);
        !matches!(shown, (NeedKind::Review | NeedKind::Held, _) | (NeedKind::Stalled, Some(_)))
    };
    let needs = view.needs_you.iter().filter(own).map(|need| of_need(facts, need));
    let running = view.running.iter().map(|run| of_run(facts, run));
    let review = view.review.iter().map(|review| of_review(facts, review));
    let queue = view.queue.iter().map(|queued| of_queue(facts, queued));
    let over = view.recent.iter().filter(|ended| ended.what != What::Succeeded);
    let history = over.map(|ended| of_history(facts, ended));
    needs.chain(running).chain(review).chain(queue).chain(history).collect()
}

fn entry(section: Section, task: &TaskId, mark: Mark, said: String) -> Entry {
    let (name, command) = (task.to_string(), String::new());
    Entry { section, task: Some(task.clone()), mark, name, said, percent: None, command }
}

fn of_need(facts: &Facts, need: &Need) -> Entry {
    Entry {
        section: Section::Needs,
        task: need.task.clone(),
        mark: Mark::of_need(need.kind),
        name: safe(&need.subject),
        said: status::sentence(&facts.view, need),
        percent: None,
        command: safe(&need.command),
    }
}

fn of_run(facts: &Facts, run: &Running) -> Entry {
    let still = run.stalled_since.is_some() || run.alive == Some(false);
    let mark = if still { Mark::Still } else { Mark::Runs };
    let said = match run.message.is_empty() {
        true => safe(&run.title),
        false => format!("\"{}\"", safe(&run.message)),
    };
    let said = format!("{said} · began {}", ago(run.started, facts.view.at));
    Entry { percent: Some(run.percent), ..entry(Section::Building, &run.task, mark, said) }
}

fn of_review(facts: &Facts, review: &Review) -> Entry {
    let changed = facts.changes.get(&review.task).map(|changed| {
        format!("{}, +{} -{}", count(changed.files, "file"), changed.added, changed.removed)
    });
    let told = [
        changed,
        Some(ticked(review.ticked, review.criteria)),
        Some(ago(review.since, facts.view.at)),
    ];
    let said = told.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    entry(Section::Review, &review.task, Mark::Done, said)
}

fn of_queue(facts: &Facts, queued: &Queued) -> Entry {
    let mark = match queued.standing {
        Standing::Held => Mark::Held,
        Standing::Queued | Standing::Waiting => Mark::Waits,
    };
    let said = format!("{}. {}", queued.position, status::standing(&facts.view, queued));
    entry(Section::Queue, &queued.task, mark, said)
}

fn of_history(facts: &Facts, ended: &Ended) -> Entry {
    let mark = match ended.what {
        What::Succeeded | What::Merged => Mark::Done,
        What::Closed | What::Cancelled => Mark::Failed,
    };
    entry(Section::History, &ended.task, mark, status::ended(&facts.view, ended))
}

/// Below this many columns an entry takes two lines.
const NARROW: usize = 40;
/// The longest bar.
const BAR: usize = 20;

/// One entry as lines of at most this many columns; `names` is the room for the names of all.
pub fn lines(entry: &Entry, signs: Signs, (columns, names): (usize, usize)) -> Vec<Vec<Span>> {
    let (columns, narrow) = (columns.max(8), columns < NARROW);
    let names = if narrow { columns - 3 } else { names.min(columns / 3) };
    let name = cut(&entry.name, names);
    let gap = " ".repeat(names.saturating_sub(width(&name)) + 2);
    let head = vec![
        Span::new(Ink::Plain, " "),
        entry.mark.span(signs),
        Span::new(Ink::Plain, " "),
        Span::new(Ink::Name, name),
    ];
    let indent = if narrow { 3 } else { names + 5 };
    let mut said = bar(entry, signs, columns - indent);
    let used: usize = indent + said.iter().map(|span| width(&span.text)).sum::<usize>();
    if columns > used + 2 {
        said.push(Span::new(Ink::Plain, cut(&signs.words(&entry.said), columns - used)));
    }
    if narrow {
        let indent = [Span::new(Ink::Plain, "   ")].into_iter();
        return vec![head, indent.chain(said).collect()];
    }
    let gap = [Span::new(Ink::Plain, gap)];
    vec![head.into_iter().chain(gap).chain(said).collect()]
}

fn bar(entry: &Entry, signs: Signs, room: usize) -> Vec<Span> {
    let Some(percent) = entry.percent else { return Vec::new() };
    let (done, left) = signs.bar(percent, room.saturating_sub(5).min(BAR));
    vec![
        Span::new(entry.mark.ink(), done),
        Span::new(Ink::Faint, left),
        Span::new(
            Ink::Plain,
            format!("{:>5} ", percent.to_string()).split_off(usize::from(room < 6)),
        ),
    ]
}
