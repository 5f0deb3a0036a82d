//! An overview that stays the same for as long as nothing happens: for a page that is kept in a
//! commit, and that says the same whenever and wherever it is made.

use super::super::ledger::Ledger;
use super::super::overview::{Heartbeat, NeedKind, Overview};

/// The overview without what changes by itself: the age of things, the disk, who looked when, and
/// which branch somebody has checked out. It is as of the last event of the ledger.
pub fn still(mut view: Overview, ledger: &Ledger) -> Overview {
    view.at = ledger.latest.unwrap_or(view.at);
    for run in &mut view.running {
        run.last_sign = run.started;
        run.alive = None;
    }
    view.needs_you.retain(|need| !matches!(need.kind, NeedKind::Asleep | NeedKind::Disk));
    let machine = &mut view.health.machine;
    machine.head = None;
    machine.awake = false;
    machine.wakes_at = None;
    machine.heartbeat = None::<Heartbeat>;
    machine.last_sync = None;
    machine.disk_free = None;
    machine.workspaces.clear();
    view
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::core::overview::tests::Desk;

    #[test]
    fn an_hour_in_which_nothing_happens_changes_nothing() {
        let text = "---\npriority: high\n---\nWrite a.txt with a greeting.\n\n- [ ] a.txt is there";
        let events = "09:00 a started\n09:20 b started\n09:30 b succeeded";
        let mut desk = Desk::new(&[("a", text), ("c", text)], events, "10:00");
        let view =
            |desk: &Desk, sign: &str| still(desk.view(&[("a", 40, "on it", sign)]), &desk.ledger);
        let before = view(&desk, "09:40");
        desk.now += TimeDelta::hours(1);
        assert_eq!(before, view(&desk, "10:50"));
        assert_eq!(before.running[0].percent.to_string(), "40%");
    }
}
