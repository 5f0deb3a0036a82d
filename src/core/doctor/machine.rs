//! Walls, programs, disk, clock and sleep.

use chrono::{Datelike as _, TimeDelta};

use crate::domain::size::show;

use super::{Answer, Disk, Facts, Finding, Place, Sleep, Tool, Walls};

/// Clocks of two machines may differ by so much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// No machine that runs this has a clock outside these years.
const YEARS: std::ops::Range<i32> = 2025..2100;

pub(super) fn sandbox(walls: &Walls) -> Vec<Finding> {
    if let Some(why) = &walls.wrong {
        return vec![Finding::problem("sandbox", why, "git config buildq.sandbox auto")];
    }
    let setting = walls.setting.as_str();
    let why = walls.why.as_deref().unwrap_or("nobody knows why");
    let mut all = vec![match (walls.level.as_str(), setting) {
        (_, "off") => {
            let found = "off, by `buildq.sandbox`: builders may do all that you may";
            Finding::warning("sandbox", found, "git config buildq.sandbox auto")
        }
        ("none", "require") => {
            let found = format!("none, and `buildq.sandbox` is `require`: {why}");
            Finding::problem("sandbox", found, "install bubblewrap, or allow user namespaces")
        }
        ("none", _) => {
            let found = format!("none (`{setting}`): {why}");
            Finding::warning("sandbox", found, "install bubblewrap, or allow user namespaces")
        }
        (level, "require") if walls.why.is_some() => {
            let found = format!("{level} alone, and `buildq.sandbox` is `require`: {why}");
            Finding::problem("sandbox", found, "install bubblewrap, or allow user namespaces")
        }
        (level, _) if walls.why.is_some() => {
            let found = format!("{level} alone (`{setting}`): {why}");
            Finding::warning("sandbox", found, "install bubblewrap, or allow user namespaces")
        }
        (level, _) => Finding::ok("sandbox", format!("{level} (`{setting}`)")),
    }];
    all.extend(walls.parts.iter().map(|part| Finding::ok("sandbox", part)));
    all
}

pub(super) fn builders(tools: &[Tool]) -> Vec<Finding> {
    tools.iter().flat_map(builder).collect()
}

fn builder(tool: &Tool) -> Vec<Finding> {
    let Tool { name, program, .. } = tool;
    let asked = format!("`{name}`: `{program} --version`");
    let ask = |found: String| {
        Finding::problem("builder", found, format!("run `{program} --version` yourself"))
    };
    let default = if tool.default { ", builds what names none" } else { "" };
    let answer = match &tool.answer {
        Answer::Said(line) => Finding::ok("builder", format!("`{name}`: {line}{default}")),
        Answer::Missing => {
            let found = format!("`{name}`: `{program}` is not on PATH");
            let remedy =
                "install it, or name another in `buildq.yaml`; `buildq init` notes PATH anew";
            Finding::problem("builder", found, remedy)
        }
        Answer::Unasked(why) => Finding::ok("builder", format!("`{name}` was not asked: {why}")),
        Answer::Failed(how) if tool.known => ask(format!("{asked} fails inside the walls: {how}")),
        Answer::Silent if tool.known => ask(format!("{asked} does not answer inside the walls")),
        Answer::Failed(how) => {
            let found =
                format!("`{name}`: `{program}` is there, and `--version` says nothing ({how})");
            Finding::ok("builder", found)
        }
        Answer::Silent => Finding::ok(
            "builder",
            format!("`{name}`: `{program}` is there, and has no `--version`"),
        ),
    };
    let paused = tool.paused.iter().map(|why| {
        let found = format!("`{name}` is paused: {why}");
        Finding::warning("builder", found, format!("buildq resume --builder {name}"))
    });
    std::iter::once(answer).chain(paused).collect()
}

pub(super) fn place(places: &[Place]) -> Vec<Finding> {
    let far = places.iter().filter_map(|place| {
        let kind = place.network.as_ref()?;
        let found = format!("{} lies on {kind}, where locks cannot be relied on", place.what);
        Some(Finding::problem("place", found, "move it to a disk of this machine"))
    });
    let all: Vec<_> = far.collect();
    if all.is_empty() { vec![Finding::ok("place", "all on disks of this machine")] } else { all }
}

pub(super) fn disk(disk: &Disk) -> Vec<Finding> {
    let Disk { free, needed, folder, left, allowed } = disk;
    let mut all = Vec::new();
    all.push(match (*free, *needed) {
        (Some(free), Some(needed)) if free < needed => {
            let found =
                format!("{} free in {folder}; nothing starts below {}", show(free), show(needed));
            Finding::problem("disk", found, "buildq gc, or make room")
        }
        (Some(free), Some(needed)) if free / 2 < needed => {
            let found = format!("{} free in {folder}, hardly what a build needs", show(free));
            Finding::warning("disk", found, "buildq gc, or make room")
        }
        (Some(free), _) => Finding::ok("disk", format!("{} free in {folder}", show(free))),
        (None, _) => Finding::ok("disk", "how much is free cannot be told here"),
    });
    if left > allowed {
        let found =
            format!("{} of logs and workspaces lie about; {} may", show(*left), show(*allowed));
        all.push(Finding::warning("disk", found, "buildq gc"));
    }
    all
}

pub(super) fn clock(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    let set = "set the clock: `timedatectl set-ntp true` keeps it right";
    if !YEARS.contains(&facts.now.year()) {
        let found = format!("it is {} on this machine", facts.now.year());
        all.push(Finding::problem("clock", found, set));
    } else if let Some(newest) = facts.newest.filter(|newest| *newest > facts.now + SKEW) {
        let at = newest.format("%F %H:%M UTC");
        let found = format!("it stands before the newest event of the ledger, {at}");
        all.push(Finding::problem("clock", found, set));
    } else {
        all.push(Finding::ok("clock", facts.now.format("%F %H:%M UTC").to_string()));
    }
    let zone = facts.zone.name();
    all.push(match facts.machine_zone.as_deref() {
        Some(machine) if machine != zone => {
            let found = format!("tasks and windows are in {zone}, this machine is in {machine}");
            Finding::ok("zone", found)
        }
        Some(_) => Finding::ok("zone", format!("{zone}, as on this machine")),
        None => Finding::ok("zone", format!("{zone}; that of this machine cannot be told")),
    });
    all
}

pub(super) fn sleep(sleep: &Sleep) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(after) = &sleep.after {
        let found = format!("the machine sleeps after {after}");
        let remedy = match sleep.inhibits {
            true => {
                "a running build holds it off; a window that opens meanwhile waits until it wakes"
            }
            false => "turn it off for the night: nothing here lets a build hold it off",
        };
        all.push(Finding::warning("sleep", found, remedy));
    }
    if sleep.battery {
        let found = "the machine runs on its battery";
        all.push(Finding::warning("sleep", found, "plug it in before you leave"));
    }
    if all.is_empty() {
        let found = match (sleep.known, sleep.inhibits) {
            (true, true) => {
                "not by itself, as far as its settings tell; builds hold it off as well"
            }
            (true, false) => "not by itself, as far as its settings tell",
            (false, true) => "its settings cannot be read here; builds hold it off",
            (false, false) => "its settings cannot be read here, and builds cannot hold it off",
        };
        all.push(Finding::ok("sleep", found));
    }
    all
}
