//! Where a build is tried out: in the workspace that was kept for it, or in a new one.

use serde::Serialize;

use super::ledger::{Build, Phase};
use crate::domain::id::Oid;

/// What was seen of the build that somebody wants to try out.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The build, as the ledger has it.
    pub build: &'a Build,
    /// Whether this clone ran its last attempt.
    pub here: bool,
    /// The commit that is to be tried.
    pub tip: Oid,
    /// The commit that its kept workspace was marked with, if there is one.
    pub kept: Option<Oid>,
    /// A new workspace is wanted whatever is kept.
    pub fresh: bool,
}

/// Where it is tried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "workspace", rename_all = "lowercase")]
pub enum Choice {
    /// In the one that was kept, set up as it is.
    Kept,
    /// In a new one.
    New {
        /// Why, in a clause.
        because: String,
        /// It is kept afterwards, until the build is decided.
        stays: bool,
    },
}

/// Decides it; why it may not be tried out, where that is so.
pub fn choose(seen: Seen) -> Result<Choice, Refusal> {
    let Some(run) = seen.build.last() else { return Err(Refusal::NeverBuilt) };
    let phase = &seen.build.phase;
    if *phase == Phase::Building && !seen.fresh {
        return Err(Refusal::AtWork);
    }
    let stays = matches!(phase, Phase::Review { .. });
    let because = match seen.kept.filter(|_| stays) {
        _ if *phase == Phase::Building => "its builder is at work in its own".to_owned(),
        _ if !stays => format!("it is {}, not in review", phase.name()),
        _ if seen.fresh => "you asked for one".to_owned(),
        Some(tip) if tip == seen.tip => return Ok(Choice::Kept),
        Some(_) => "its branch has moved since the workspace was made".to_owned(),
        None if seen.here => "its own is no longer kept".to_owned(),
        None => format!("it was built on {}", run.started.runner),
    };
    Ok(Choice::New { because, stays })
}

/// Why a build cannot be tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No attempt has ever begun.
    NeverBuilt,
    /// Its builder may be writing there.
    AtWork,
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::ledger;
    use super::*;
    use crate::domain::id::TaskId;

    #[test]
    fn the_kept_workspace_is_taken_where_it_holds_what_would_be_merged() {
        let done = "09:00 a started\n09:01 a succeeded";
        let kept = "Ok(Kept)";
        let new = |because: &str, stays: bool| {
            format!("Ok(New {{ because: {because:?}, stays: {stays} }})")
        };
        let mine = Some('1');
        for (events, kept_at, (here, fresh), choice) in [
            (done.to_owned(), mine, (true, false), kept.to_owned()),
            // A clone that made one for itself, too.
            (done.to_owned(), mine, (false, false), kept.to_owned()),
            (done.to_owned(), mine, (true, true), new("you asked for one", true)),
            (
                done.to_owned(),
                Some('2'),
                (true, false),
                new("its branch has moved since the workspace was made", true),
            ),
            (done.to_owned(), None, (true, false), new("its own is no longer kept", true)),
            (done.to_owned(), None, (false, false), new("it was built on mini/4f1c", true)),
            (
                format!("{done}\n09:02 a merged"),
                mine,
                (true, false),
                new("it is merged, not in review", false),
            ),
            (
                "09:00 a started\n09:01 a failed".into(),
                None,
                (true, false),
                new("it is waiting, not in review", false),
            ),
            ("09:00 a started".into(), None, (true, false), "Err(AtWork)".into()),
            (
                "09:00 a started".into(),
                None,
                (true, true),
                new("its builder is at work in its own", false),
            ),
        ] {
            let ledger = ledger(&events);
            let build = &ledger.builds[&TaskId::new("a").unwrap()];
            let oid = |digit: char| digit.to_string().repeat(40).parse().unwrap();
            let (tip, kept) = (oid('1'), kept_at.map(oid));
            let said = choose(Seen { build, here, tip, kept, fresh });
            let said = format!("{said:?}");
            let runner = &build.last().unwrap().started.runner;
            assert_eq!(said, choice.replace("mini/4f1c", runner), "{events}");
        }
        let never = Build::default();
        let tip = "1".repeat(40).parse().unwrap();
        let seen = Seen { build: &never, here: true, tip, kept: None, fresh: true };
        assert_eq!(choose(seen), Err(Refusal::NeverBuilt));
    }
}
