//! As much of an overview as its page tells: small enough to be read at once, however long queue and
//! ledger are.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::needs::{self, Need, NeedKind};
use super::{Counts, Ended, Machine, Overview, Queued, Standing, VERSION, health};
use crate::core::situation::Situation;

/// So many entries of one section are told on the whole page.
pub const MOST: usize = 12;

/// What a page still tells of that which was left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    /// So many more tasks are in the queue.
    pub queue: usize,
    /// So many more things wait for a person.
    pub needs: usize,
    /// When the first task of a standing opens by itself.
    pub opens: Vec<(Standing, DateTime<Utc>)>,
    /// Builders for which some task is held.
    pub builders: Vec<String>,
    /// The longest label.
    pub label: String,
}

/// What an overview says of tasks and builds while nothing runs; what it says of the clone and the
/// machine is looked at anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    needs: Vec<Need>,
    queue: Vec<Queued>,
    recent: Vec<Ended>,
    counts: Counts,
    beyond: Beyond,
}

impl Kept {
    /// Of a whole one; `None` while something runs, for that is never the same twice.
    pub fn of(view: &Overview) -> Option<Self> {
        if !view.running.is_empty() {
            return None;
        }
        let mut beyond = Beyond {
            queue: view.queue.len().saturating_sub(MOST),
            opens: first_openings(view),
            label: longest_label(view),
            ..Beyond::default()
        };
        let names = view.health.builders.iter().map(|builder| &builder.name);
        beyond.builders = names.filter(|name| needs::wants(view, name)).cloned().collect();
        let mut needs = Vec::new();
        let mut told = BTreeMap::new();
        for need in view.needs_you.iter().filter(|need| is_of_a_task(need)) {
            let count: &mut usize = told.entry(need.kind).or_default();
            *count += 1;
            match need.kind {
                NeedKind::Review | NeedKind::Held if *count > MOST => beyond.needs += 1,
                _ => needs.push(need.clone()),
            }
        }
        let queue = view.queue.iter().take(MOST).cloned().collect();
        let (recent, counts) = (view.recent.clone(), view.counts.clone());
        Some(Self { needs, queue, recent, counts, beyond })
    }

    /// The overview again, at another time: its page is that of the whole one, and nothing else of
    /// it is. Of the situation no task and no build that is over is asked for.
    pub fn overview(self, here: Situation, machine: Machine) -> Overview {
        let mut view = Overview {
            version: VERSION,
            at: here.now.trunc_subsecs(0),
            timezone: here.config.timezone,
            needs_you: Vec::new(),
            running: Vec::new(),
            queue: self.queue,
            review: Vec::new(),
            recent: self.recent,
            counts: self.counts,
            health: health::health(here, machine),
            beyond: self.beyond,
        };
        view.needs_you = needs::of_a_clone(here, &view);
        view.needs_you.extend(self.needs);
        needs::sort(&mut view.needs_you);
        view
    }
}

fn is_of_a_task(need: &Need) -> bool {
    need.task.is_some() || need.kind == NeedKind::Nameless
}

fn first_openings(view: &Overview) -> Vec<(Standing, DateTime<Utc>)> {
    let first = |standing| {
        let mine = view.queue.iter().filter(|entry| entry.standing == standing);
        mine.filter_map(|entry| entry.opens).min().map(|at| (standing, at))
    };
    [Standing::Queued, Standing::Waiting].into_iter().filter_map(first).collect()
}

/// Ids are ASCII; what has another label is never left out.
fn longest_label(view: &Overview) -> String {
    let needs = view.needs_you.iter().filter_map(|need| need.task.as_ref());
    let labels = needs.chain(view.queue.iter().map(|entry| &entry.task));
    let longest = labels.max_by_key(|label| label.as_str().len());
    longest.map(ToString::to_string).unwrap_or_default()
}
