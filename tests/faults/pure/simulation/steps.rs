//! What may happen in one step, and how likely it is.

use proptest::prelude::*;

use super::texts::{TEXTS, Text};
use crate::domain::config::{Depends, RetryFrom};

/// What stays the same throughout one run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub parallel: usize,
    pub reviews: usize,
    pub retries: u32,
    pub from: RetryFrom,
    pub depends: Depends,
    pub night: Option<u32>,
    pub judge: bool,
    /// A builder ends with its supervisor, and holds the lock as long as it lives.
    pub sandboxed: bool,
}

/// One thing that happens. Numbers of processes count those that live, and wrap around: whatever
/// is left out of a run, the rest of it still means something.
#[derive(Clone, Debug)]
pub enum Step {
    /// So many minutes pass.
    Pass(u16),
    /// Somebody sets the clock by so many minutes.
    Clock(i32),
    /// A task file is committed in a clone.
    Commit(usize, usize, Text),
    /// A task file is removed.
    Remove(usize, usize),
    /// A person moves a task file to `done/`.
    File(usize, usize),
    /// A person merges a branch with git.
    Merge(usize, usize),
    /// The base branch moves on.
    Base(usize),
    /// A sync, killed after so many deeds.
    Sync(usize, u8),
    /// A sync whose supervisors are slow: none has begun when it ends.
    Slow(usize),
    /// A process does the next thing that it would do.
    Go(usize),
    /// A builder ends.
    End(usize, How),
    /// A supervisor looks at the ledger.
    Look(usize),
    /// Something is killed.
    Kill(usize, Victim),
    /// The power fails in one clone.
    Crash(usize),
    /// A person says something of a task.
    Say(usize, usize, Word),
    /// A person pauses the queue; for so many minutes, or for good.
    Pause(usize, Option<u16>, bool),
    /// A person ends the pause, of the queue or of a builder.
    Resume(usize, bool),
    /// A clone takes the queue over.
    Adopt(usize),
    /// A clone's refs go to the other one, as far as git lets them.
    Push(usize),
    /// A person merges the other clone's ledger.
    Join(usize),
    /// The policy changes, or is trusted again.
    Trust(usize),
    /// A meeting begins or ends.
    Meeting(usize),
    /// The agent is gone from PATH, or back.
    Agent(usize),
}

/// How a builder ends.
#[derive(Clone, Copy, Debug)]
pub enum How {
    Well,
    Badly,
    Unable,
    OnBase,
    Asking,
    Leaking,
}

/// What is killed.
#[derive(Clone, Copy, Debug)]
pub enum Victim {
    Supervisor,
    Builder,
    Both,
}

/// What a person says.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    Approve,
    ApproveForAnHour,
    Reject,
    Answer,
    Retry,
    Cancel,
    Fail,
    Accept,
    Spawn,
}

/// Any setup.
pub fn setup() -> impl Strategy<Value = Setup> {
    let from = prop_oneof![Just(RetryFrom::Base), Just(RetryFrom::Branch)];
    let depends = prop_oneof![Just(Depends::Review), Just(Depends::Merged)];
    let night = prop_oneof![3 => Just(None), 1 => (1..4_u32).prop_map(Some)];
    let judge = prop::bool::weighted(0.2);
    (1..4_usize, 1..5_usize, 0..4_u32, from, depends, night, judge, any::<bool>()).prop_map(
        |(parallel, reviews, retries, from, depends, night, judge, sandboxed)| Setup {
            parallel,
            reviews,
            retries,
            from,
            depends,
            night,
            judge,
            sandboxed,
        },
    )
}

/// Any step.
pub fn step() -> impl Strategy<Value = Step> {
    let repo = || prop_oneof![4 => Just(0_usize), 1 => Just(1_usize)];
    let task = || 0..4_usize;
    let text = prop::sample::select(&TEXTS[..]);
    let passing = prop_oneof![5 => 0..12_u16, 2 => 12..700_u16, 1 => 700..4000_u16];
    let year = 365 * 24 * 60;
    let clock = prop_oneof![
        Just(-10 * year),
        Just(10 * year),
        Just(-60),
        Just(60),
        -2000..2000_i32,
        -6..6_i32
    ];
    let how = prop_oneof![
        4 => Just(How::Well),
        3 => Just(How::Badly),
        1 => Just(How::Unable),
        1 => Just(How::OnBase),
        1 => Just(How::Asking),
        1 => Just(How::Leaking),
    ];
    let victim = prop_oneof![Just(Victim::Supervisor), Just(Victim::Builder), Just(Victim::Both)];
    let word = prop_oneof![
        Just(Word::Approve),
        Just(Word::ApproveForAnHour),
        Just(Word::Reject),
        Just(Word::Answer),
        Just(Word::Retry),
        Just(Word::Cancel),
        Just(Word::Fail),
        Just(Word::Accept),
        Just(Word::Spawn),
    ];
    prop_oneof![
        5 => passing.prop_map(Step::Pass),
        1 => clock.prop_map(Step::Clock),
        10 => (repo(), task(), text).prop_map(|(r, t, text)| Step::Commit(r, t, text)),
        1 => (repo(), task()).prop_map(|(r, t)| Step::Remove(r, t)),
        1 => (repo(), task()).prop_map(|(r, t)| Step::File(r, t)),
        1 => (repo(), task()).prop_map(|(r, t)| Step::Merge(r, t)),
        1 => repo().prop_map(Step::Base),
        10 => (repo(), prop_oneof![4 => Just(u8::MAX), 1 => 0..4_u8])
            .prop_map(|(r, most)| Step::Sync(r, most)),
        2 => repo().prop_map(Step::Slow),
        8 => any::<usize>().prop_map(Step::Go),
        8 => (any::<usize>(), how).prop_map(|(p, how)| Step::End(p, how)),
        3 => any::<usize>().prop_map(Step::Look),
        4 => (any::<usize>(), victim).prop_map(|(p, victim)| Step::Kill(p, victim)),
        1 => repo().prop_map(Step::Crash),
        12 => (repo(), task(), word).prop_map(|(r, t, word)| Step::Say(r, t, word)),
        1 => (repo(), prop::option::of(1..600_u16), any::<bool>())
            .prop_map(|(r, until, now)| Step::Pause(r, until, now)),
        2 => (repo(), any::<bool>()).prop_map(|(r, all)| Step::Resume(r, all)),
        2 => prop_oneof![Just(0_usize), Just(1_usize)].prop_map(Step::Adopt),
        2 => prop_oneof![Just(0_usize), Just(1_usize)].prop_map(Step::Push),
        1 => prop_oneof![Just(0_usize), Just(1_usize)].prop_map(Step::Join),
        1 => repo().prop_map(Step::Trust),
        1 => repo().prop_map(Step::Meeting),
        1 => repo().prop_map(Step::Agent),
    ]
}
