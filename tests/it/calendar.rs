//! Calendars hold what would start while their owner is busy.

use std::time::Instant;

use crate::support::{CLEAR, TestRepo};

/// A calendar with these events on the tests' day: `title from until`, in UTC.
fn calendar(events: &[(&str, &str, &str)]) -> String {
    let day = |time: &str| format!("20260207T{}00Z", time.replace(':', ""));
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    for (title, from, until) in events {
        text += &format!(
            "BEGIN:VEVENT\r\nUID:{title}\r\nSUMMARY:{title}\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\n",
            day(from),
            day(until)
        );
    }
    text + "END:VCALENDAR\r\n"
}

#[test]
fn a_meeting_holds_until_it_is_over() {
    let repo = TestRepo::with_agent("echo made > made", "calendar: ~/work.ics");
    let meeting = calendar(&[("Team \u{1b}[31mmeeting", "08:30", "09:30")]);
    std::fs::write(repo.home().join("work.ics"), meeting).unwrap();
    // What a commit waits for reads no calendar: that it is held is known after the sync.
    repo.task("x", CLEAR);
    repo.settle();
    repo.buildq(["why", "x"])
        .success()
        .stdout_has("`Team [31mmeeting` until 09:30")
        .stdout_has("it starts 09:30; to start it at once")
        .stdout_lacks("\u{1b}");
    repo.buildq(["sync", "--check"]).success().stdout_has("next look at 2026-02-07 09:30");
    assert!(!repo.has("x", "started"));
    // The waker starts it: nobody calls sync.
    repo.step("09:30");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn what_runs_goes_on_and_spawn_starts_at_once() {
    let repo = TestRepo::with_agent("echo made > made", "calendar: [team.ics]");
    repo.write("team.ics", calendar(&[("Meeting", "08:30", "23:00")]));
    repo.task("x", CLEAR);
    repo.settle();
    assert!(!repo.has("x", "started"));
    repo.buildq(["spawn", "x"]).success();
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn what_cannot_be_read_holds_nothing_and_is_told() {
    let config = "calendar: [none.ics, noise.ics, pipe.ics, {run: [slow-calendar], timeout: 1s}]";
    let repo = TestRepo::with_agent("echo made > made", config);
    repo.program("slow-calendar", "#!/bin/sh\nsleep 600\n");
    repo.write("noise.ics", "<html>Sign in</html>");
    let pipe = repo.path("pipe.ics");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    repo.task("x", "---\npriority: medium\n---\nWrite result.txt.\n\n- [ ] result.txt is there");
    repo.settle();
    let begun = Instant::now();
    let troubles = [
        "the calendar `none.ics` cannot be read and holds nothing: there is no such file",
        "the calendar `noise.ics` cannot be read and holds nothing: there is no calendar",
        "the calendar `pipe.ics` cannot be read and holds nothing: it is no regular file",
        "the calendar `slow-calendar` cannot be read and holds nothing: it took longer than 1s",
    ];
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for command in [&["sync"][..], &["sync", "--check"], &["why", "x"], &["status"]] {
        let said = repo.buildq(command).success();
        let stdout = spaced(&said.stdout);
        for trouble in troubles {
            assert!(stdout.contains(trouble), "{command:?}: {trouble}\n{}", said.stdout);
        }
    }
    let doctor = spaced(&repo.buildq(["doctor"]).stdout);
    for trouble in troubles {
        assert!(doctor.contains(&format!("warning calendar {trouble}")), "{trouble}\n{doctor}");
    }
    let lint = repo.buildq(["lint"]).success();
    let at_words = "warning[no-calendar]: the calendar `none.ics` cannot be read and holds nothing: \
                    there is no such file\n --> buildq.yaml:";
    lint.stdout_has(at_words);
    // What was read is remembered: the slow one is not asked each time.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    let held = repo.buildq(["why", "x"]).success();
    assert!(held.stdout.contains("calendar    open"), "{}", held.stdout);
    repo.step("22:00");
    repo.wait_until("x", "succeeded").settle();
}

#[test]
fn a_command_prints_a_calendar_and_runs_only_as_it_was_trusted() {
    let repo = TestRepo::new();
    let script = |title: &str| {
        let text = calendar(&[(title, "08:30", "23:00")]).replace("\r\n", "\n");
        let root = repo.root().display();
        format!("#!/bin/sh\necho {title} >> {root}/ran\ncat <<'END'\n{text}END\n")
    };
    let write = |title: &str| {
        repo.write("scripts/cal.sh", script(title));
        repo.git(["add", "--chmod=+x", "scripts/cal.sh"]);
    };
    write("First");
    repo.git(["commit", "-qm", "Add a script"]);
    repo.agent("echo made > made");
    repo.agent_config("calendar: {run: [./scripts/cal.sh]}");
    repo.task("x", CLEAR);
    repo.settle();
    repo.buildq(["why", "x"]).success().stdout_has("`First` until 23:00");
    assert_eq!(repo.left("ran").lines().collect::<Vec<_>>(), ["First"], "it is remembered");
    // The work tree alone decides nothing: what was trusted runs.
    write("Uncommitted");
    repo.step("09:10");
    repo.buildq(["why", "x"]).success().stdout_has("`First` until 23:00");
    // Committed, it is not run before it is trusted.
    repo.git(["commit", "-qm", "Change the script"]);
    repo.settle();
    repo.step("09:20");
    repo.buildq(["sync"]).success();
    repo.buildq(["why", "x"]).success().stdout_has("`scripts/cal.sh` has changed");
    assert!(!repo.left("ran").contains("Uncommitted"), "{}", repo.left("ran"));
    repo.buildq(["trust", "--yes"]).success();
    repo.settle();
    repo.buildq(["why", "x"]).success().stdout_has("`Uncommitted` until 23:00");
    assert!(!repo.has("x", "started"));
}
