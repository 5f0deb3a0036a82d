//! Builders that do not want to end: nothing of them outlives the attempt, and nobody waits for them.

use crate::judge::{END, Judge, NOTE};
use crate::support::chance::Chance;
use crate::support::{CLEAR, TestRepo, kill};
use crate::tally::Tally;

/// What a builder does beside its work. `$MARK` is a word of the test's folder, by which the test
/// finds whatever lives on, however it hides; `$0` of what it leaves behind is that word.
const TRICKS: [&str; 14] = [
    // Two forks away, in a session of its own, in another folder, without an environment.
    "(cd / && setsid env -i sh -c 'sleep 600 & sleep 600' $MARK &) &",
    // A session of its own.
    "setsid sh -c 'sleep 600' $MARK &",
    // Descriptors closed.
    "(exec 0<&- 1>&- 2>&-; setsid sh -c 'sleep 600' $MARK &) &",
    "exec 0<&- 2>&-",
    // Nothing that asks it to end is heard.
    "trap '' TERM HUP INT QUIT; setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' $MARK &",
    // Standard output stays open, and is written to.
    "setsid sh -c 'while :; do echo noise; sleep 0.1; done' $MARK &",
    "setsid sh -c 'sleep 600' $MARK >&1 2>&1 &",
    // Whatever lock it may have inherited is freed.
    "for fd in /proc/self/fd/*; do flock -u ${fd##*/} 2>/dev/null; done; for fd in 3 4 5 6 7 8; do flock -u $fd 2>/dev/null; done",
    // A chain of short lives.
    "f() { sleep 0.05; f & exit; }; (f) &",
    // It halts what it starts.
    "setsid sh -c 'kill -STOP $$; sleep 600' $MARK &",
    // It takes away what it stands on.
    "(cd .. && setsid sh -c 'sleep 600' $MARK &) &",
    "rm -rf .git/index.lock; echo '[core' >> .git/config.broken",
    // Much output.
    "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo",
    // Another group, and a name of somebody else.
    "setsid -w sh -c 'exec -a sshd sleep 600' $MARK & sh -c 'exec sleep 600' $MARK &",
];
/// How it comes to its end.
const ENDS: [&str; 4] = ["exit 0", "exit 3", "kill -KILL $$", "sleep 600"];
/// Builders in one round, all at once.
const AT_ONCE: usize = 10;

fn round(seed: u64) -> usize {
    let mut chance = Chance::new(seed);
    let mut pick = |of: &[&'static str]| of[chance.below(of.len() as u64) as usize];
    let repo = TestRepo::new();
    let context = format!("seed {seed}");
    let mark = repo.root().join("mark").display().to_string();
    let mut script = format!("{NOTE}exec 9>&-\nMARK={mark}\necho made > $BUILDQ_TASK; made it\n");
    for number in 0..AT_ONCE {
        // Who has lost its supervisor, its token and its folder is found in no way but by a sandbox.
        let tricks = if number == 1 { &TRICKS[1..] } else { &TRICKS[..] };
        let (one, other, end) = (pick(tricks), pick(tricks), pick(&ENDS));
        let end = if end == "sleep 600" { "touch $OUT/sleeps; sleep 600" } else { end };
        script += &format!(
            "if test $BUILDQ_TASK = t{number}; then\n{one}\n{other}\n{{ {END}}} 2>&-\n{end}\nfi\n"
        );
    }
    repo.agent(&script);
    repo.agent_config(&format!(
        "max_parallel: {AT_ONCE}\nmax_review: {AT_ONCE}\nretry: {{max: 0}}\nhooks: {{quiet: true}}\n\
         limits: {{attempt_time: 4s}}"
    ));
    let tasks: Vec<String> = (0..AT_ONCE).map(|number| format!("t{number}")).collect();
    tasks.iter().for_each(|task| drop(repo.draft(task, CLEAR)));
    repo.git(["add", "-A"]);
    repo.git(["commit", "-qm", "Add them all"]);
    let over = |repo: &TestRepo, task: &str| {
        ["succeeded", "failed", "escalated", "cancelled"].contains(&repo.last(task).as_str())
    };
    // One is called off and one loses its supervisor, whatever they are at.
    repo.wait_for(|repo| tasks.iter().all(|task| repo.has(task, "started")));
    let _ = repo.buildq(["cancel", "t0"]);
    let of_t1 = |process: &crate::support::Process| {
        process.is("supervise") && process.argv.last().is_some_and(|word| word == "t1")
    };
    repo.processes().iter().filter(|process| of_t1(process)).for_each(|process| kill(process.pid));
    repo.wait_for(|repo| !repo.processes().iter().any(of_t1));
    let _ = repo.buildq(["sync"]).success();
    repo.wait_for(|repo| tasks.iter().all(|task| over(repo, task)));
    for task in &tasks {
        assert_eq!(repo.count(task, "started"), 1, "{context}\n{}", repo.scene());
    }
    Judge::at_rest(&repo, &context);
    AT_ONCE
}

#[test]
fn what_does_not_want_to_end_ends_with_its_attempt() {
    Tally::open("hostile builders").run((0..50).map(|seed| 7000 + seed), 2, round);
}
