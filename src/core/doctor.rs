//! `buildq doctor`: from what was seen of a clone and its machine to what is well, what is not, and
//! what to do about it. Pure.

mod facts;
mod git;
mod machine;
mod reach;
mod record;

use serde::Serialize;

pub use facts::*;

/// How well it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be, or nothing that buildq depends on.
    Ok,
    /// It works, and a person should know.
    Warning,
    /// Something does not work, or is not safe.
    Problem,
}

/// One line of the examination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in one word.
    pub check: &'static str,
    /// How well it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What a person can do: a command, or a sentence.
    pub remedy: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, found: found.into(), remedy: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { check, level: Level::Warning, found: found.into(), remedy }
    }

    /// Something that does not work.
    pub fn problem(
        check: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { check, level: Level::Problem, found: found.into(), remedy }
    }
}

/// Every finding, in the order in which one would look.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = git::version(&facts.git);
    all.extend(reach::here(facts));
    all.extend(reach::hooks(&facts.hooks));
    all.extend(reach::waking(&facts.waking));
    all.extend(record::trust(facts));
    all.extend(record::config(facts));
    all.extend(record::calendars(&facts.calendars));
    all.extend(record::notifiers(&facts.notifiers));
    all.extend(machine::sandbox(&facts.sandbox));
    all.extend(machine::builders(&facts.builders));
    all.extend(machine::place(&facts.places));
    all.extend(machine::disk(&facts.disk));
    all.extend(machine::clock(facts));
    all.extend(machine::sleep(&facts.sleep));
    all.extend(record::left(&facts.left));
    all.extend(record::ledger(&facts.ledger));
    all
}

/// The worst of them.
pub fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clone with which all is well.
    fn well() -> Facts {
        let at = "2026-02-07T09:00:00Z".parse().unwrap();
        Facts {
            git: Ok((2, 50, 1)),
            here: Some("mini/4f1c".into()),
            runner: Some("mini/4f1c".into()),
            paused: None,
            hooks: HookFacts::default(),
            waking: Waking {
                runs_here: true,
                awake: true,
                due: Some(at),
                heartbeats: vec![Beat { kind: "crontab line".into(), active: true, hint: None }],
            },
            trust: crate::core::situation::Trust::Trusted,
            calendars: (0, Vec::new()),
            notifiers: (0, Vec::new()),
            findings: Vec::new(),
            sandbox: Walls {
                setting: "auto".into(),
                level: "bubblewrap".into(),
                ..Walls::default()
            },
            builders: vec![Tool {
                name: "opus".into(),
                program: "claude".into(),
                known: true,
                default: true,
                answer: Answer::Said("2.1.0".into()),
                paused: None,
            }],
            places: vec![Place { what: "the repository".into(), network: None }],
            disk: Disk {
                free: Some(50 << 30),
                needed: Some(1 << 30),
                folder: "/w".into(),
                left: 1 << 20,
                allowed: 5_000_000_000,
            },
            now: at,
            newest: Some(at),
            zone: chrono_tz::UTC,
            machine_zone: Some("UTC".into()),
            sleep: Sleep { inhibits: true, known: true, ..Sleep::default() },
            left: Left::default(),
            ledger: LedgerFacts { events: 3, root: Root::Ours, ..LedgerFacts::default() },
        }
    }

    /// What is not well after a change.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), expected: &[&str]) {
        let mut facts = well();
        change(&mut facts);
        let told: Vec<_> = findings(&facts)
            .into_iter()
            .filter(|finding| finding.level > Level::Ok)
            .map(|f| format!("{:?} {}: {}", f.level, f.check, f.found).to_lowercase())
            .collect();
        let expected: Vec<_> = expected.iter().map(|line| line.to_lowercase()).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn where_all_is_well_nothing_is_said() {
        check(|_| (), &[]);
        let said: Vec<_> = findings(&well()).into_iter().map(|f| f.check).collect();
        for name in
            ["git", "clone", "hooks", "waking", "trust", "config", "sandbox", "builder", "disk"]
        {
            assert!(said.contains(&name), "{name}: {said:?}");
        }
    }

    #[test]
    fn known_holes_of_git_are_named_per_release_line() {
        for (version, holes) in [
            ((2, 56, 0), ""),
            ((2, 50, 1), ""),
            ((2, 50, 0), "CVE-2025-48384"),
            ((2, 47, 3), ""),
            ((2, 47, 2), "CVE-2025-48384"),
            ((2, 47, 1), "CVE-2024-50349, CVE-2025-48384"),
            ((2, 43, 7), ""),
            ((2, 42, 4), "CVE-2025-48384"),
            ((2, 39, 3), "CVE-2024-32002, CVE-2024-50349, CVE-2025-48384"),
            (
                (2, 34, 1),
                "CVE-2022-24765, CVE-2022-39253, CVE-2022-41903, CVE-2023-22490, CVE-2023-25652, \
                 CVE-2024-32002, CVE-2024-50349, CVE-2025-48384",
            ),
        ] {
            assert_eq!(git::holes(version).join(", "), holes, "{version:?}");
        }
        check(
            |facts| facts.git = Ok((2, 50, 0)),
            &["warning git: 2.50.0 has known holes: cve-2025-48384"],
        );
        check(
            |facts| facts.git = Ok((2, 31, 0)),
            &["problem git: 2.31.0 is older than 2.32, which workspaces need"],
        );
        check(|facts| facts.git = Err("not found".into()), &["problem git: not found"]);
    }

    #[test]
    fn hooks_that_are_not_there_or_not_reached() {
        check(
            |facts| facts.hooks.missing = vec!["post-commit".into(), "post-merge".into()],
            &["problem hooks: not in place: post-commit, post-merge"],
        );
        check(
            |facts| facts.hooks.dead = vec!["post-commit".into()],
            &["problem hooks: not executable, so git does not run them: post-commit"],
        );
        check(
            |facts| facts.hooks.managed = Some("`core.hooksPath` is `.husky`".into()),
            &[
                "warning hooks: `core.hooksPath` is `.husky`; whether it calls buildq cannot be told yet",
            ],
        );
        check(
            |facts| {
                facts.hooks.managed = Some("`core.hooksPath` is `.husky`".into());
                facts.hooks.reached = Some(true);
            },
            &[],
        );
        check(
            |facts| facts.hooks.reached = Some(false),
            &["problem hooks: the last commit here that changed the queue was not noticed"],
        );
    }

    #[test]
    fn somebody_must_wake_it() {
        check(
            |facts| facts.waking.awake = false,
            &["problem waking: due at 2026-02-07 09:00 utc, and nobody waits for it"],
        );
        check(|facts| (facts.waking.awake, facts.waking.due) = (false, None), &[]);
        check(
            |facts| facts.waking.heartbeats.clear(),
            &["warning heartbeat: no timer of the system looks at the queue after a reboot"],
        );
        check(
            |facts| facts.waking.heartbeats[0].active = false,
            &["problem heartbeat: the crontab line is installed and does not run"],
        );
        check(
            |facts| {
                facts.waking.heartbeats.clear();
                facts.waking.awake = false;
                facts.waking.runs_here = false;
                facts.runner = Some("there/1".into());
            },
            &[],
        );
    }

    #[test]
    fn walls_and_builders() {
        check(
            |facts| {
                (facts.sandbox.level, facts.sandbox.why) = ("none".into(), Some("no bwrap".into()))
            },
            &["warning sandbox: none (`auto`): no bwrap"],
        );
        check(
            |facts| {
                facts.sandbox.setting = "require".into();
                (facts.sandbox.level, facts.sandbox.why) = ("none".into(), Some("no bwrap".into()));
            },
            &["problem sandbox: none, and `buildq.sandbox` is `require`: no bwrap"],
        );
        for (answer, said) in [
            (Answer::Missing, "problem builder: `opus`: `claude` is not on path"),
            (
                Answer::Failed("exit 1: no login".into()),
                "problem builder: `opus`: `claude --version` fails inside the walls: exit 1: no login",
            ),
            (
                Answer::Silent,
                "problem builder: `opus`: `claude --version` does not answer inside the walls",
            ),
        ] {
            check(|facts| facts.builders[0].answer = answer, &[said]);
        }
        // Of a program that is no known agent nobody knows whether it has a version to tell.
        let other = |facts: &mut Facts| {
            facts.builders[0].known = false;
            facts.builders[0].answer = Answer::Failed("exit 2".into());
        };
        check(other, &[]);
    }

    #[test]
    fn the_machine() {
        check(
            |facts| facts.disk.free = Some(1 << 20),
            &["problem disk: 1.0 mib free in /w; nothing starts below 1.0 gib"],
        );
        check(
            |facts| facts.now = "1970-01-02T00:00:00Z".parse().unwrap(),
            &["problem clock: it is 1970 on this machine"],
        );
        check(
            |facts| facts.newest = Some("2026-02-07T10:00:00Z".parse().unwrap()),
            &[
                "problem clock: it stands before the newest event of the ledger, 2026-02-07 10:00 utc",
            ],
        );
        check(
            |facts| facts.places[0].network = Some("nfs".into()),
            &["problem place: the repository lies on nfs, where locks cannot be relied on"],
        );
        check(
            |facts| facts.sleep.after = Some("20m without input".into()),
            &["warning sleep: the machine sleeps after 20m without input"],
        );
    }

    #[test]
    fn what_is_recorded() {
        use crate::core::situation::Trust;
        check(
            |facts| {
                facts.trust = Trust::Changed(vec![crate::core::trusted::Change::of("buildq.yaml")])
            },
            &["problem trust: `buildq.yaml` has changed since it was trusted here: nothing starts"],
        );
        check(
            |facts| facts.findings = vec!["buildq.yaml:3: unknown key".into()],
            &["warning config: buildq.yaml:3: unknown key"],
        );
        check(
            |facts| facts.left.kept = vec!["a-1".into()],
            &["warning workspaces: kept, since its work is in no ref: a-1"],
        );
        check(
            |facts| facts.ledger.root = Root::Other("1234567".into()),
            &[
                "problem ledger: its root commit 1234567 is not the one that every ledger begins with",
            ],
        );
        check(
            |facts| facts.ledger.parted = vec!["origin".into()],
            &["problem ledger: here and at `origin` it has parted ways"],
        );
        check(
            |facts| facts.ledger.lost = vec!["a attempt 1".into()],
            &["warning ledger: work that it names is in no ref here: a attempt 1"],
        );
        check(
            |facts| facts.ledger.stale_cache = true,
            &["problem ledger: its cache says something else than its history"],
        );
        check(
            |facts| facts.ledger.trouble = Some("the ledger is not whole".into()),
            &["problem ledger: the ledger is not whole"],
        );
    }
}
