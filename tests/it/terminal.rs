//! What a terminal shows, in a real one.

use rustix::process::Signal;

use crate::support::{CLEAR, Terminal, TestRepo, WAITS};

/// A task that waits for the night.
const NIGHT: &str = "---\npriority: medium\n---\nWrite result.txt with the result.\n\n\
                     ```sh\necho made > result.txt\n```\n\n\
                     ## Completion criteria\n- [ ] result.txt is there";

/// One task that runs at 40 %, one that waits for the night.
fn at_work() -> TestRepo {
    let script = format!(
        "buildq progress 40 'Half of it \u{1f600}'\necho $BUILDQ_ATTEMPT > number\n{WAITS}"
    );
    let repo = TestRepo::with_agent(&script, "");
    let high = format!("---\ntitle: \u{65e5}\u{672c}\u{8a9e}\npriority: high\n---\n{CLEAR}");
    repo.task("first", &high).success();
    repo.wait_alive("first");
    repo.task("night", NIGHT).success();
    repo.settle_but_builds();
    repo.wait_for(|repo| repo.buildq(["status", "--brief"]).stdout.contains("40%"));
    repo
}

#[test]
fn status_shows_bars_and_colours_on_a_terminal_and_none_in_a_pipe() {
    let repo = at_work();
    let piped = repo.buildq(["status"]).success().stdout;
    assert!(piped.starts_with("1 building (first, 40%)"), "{piped}");
    assert!(!piped.contains('\u{1b}') && !piped.contains('█'), "{piped}");
    if let Some(terminal) = Terminal::open(&repo, (80, 40), &[]) {
        terminal.runs("buildq status");
        let screen = terminal.shows("Health");
        assert!(screen.contains("▸ first  █████████▌░░░░░░░░░░░░░░  40%"), "{screen}");
        assert!(screen.contains("日本語 · 40%"), "{screen}");
        assert!(terminal.colours().contains("\u{1b}[32m▸"), "{}", terminal.colours());
        // Narrow, and without colours.
        terminal.resize(20, 60).runs("clear; NO_COLOR=1 buildq status");
        let screen = terminal.until(|it| it.starts_with("1 building") && it.contains("Health"));
        assert!(screen.contains("\n    ████▍░░░░░░  40%\n"), "{screen}");
        assert!(!terminal.colours().contains("\u{1b}[32m"), "{}", terminal.colours());
    }
    repo.go();
    repo.settle();
}

#[test]
fn colours_links_and_letters_are_as_was_asked() {
    let repo = TestRepo::new();
    repo.task("night", NIGHT).success();
    repo.settle();
    let said = |words: &[&str], vars: &[(&str, &str)]| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        crate::support::Said::of(command.envs(vars.iter().copied()).arg("status").args(words))
            .success()
            .stdout
    };
    // A pipe is never painted unless that is asked for.
    let plain = said(&[], &[]);
    let forced = ("CLICOLOR_FORCE", "1");
    assert_eq!(said(&["--color", "never"], &[("FORCE_HYPERLINK", "1")]), plain);
    assert_eq!(said(&["--color", "auto"], &[forced]), plain);
    let painted = said(&["--color", "always"], &[("NO_COLOR", "1")]);
    assert!(painted.contains("\u{1b}[1mQueue"), "{painted}");
    assert!(painted.contains('○') && !painted.contains("\u{1b}]8;"), "{painted}");
    // Links where the terminal takes them, and to the task's own file.
    let linked = said(&["--color", "always"], &[("FORCE_HYPERLINK", "1")]);
    let file = repo.path("queue/night.md").canonicalize().unwrap();
    assert!(linked.contains("\u{1b}]8;;file://"), "{linked}");
    assert!(linked.contains(&format!("{}\u{1b}\\", file.display())), "{linked}");
    // Letters that the locale knows.
    let ascii = said(&["--color", "always"], &[("LC_ALL", "C")]);
    assert!(ascii.is_ascii(), "{ascii}");
    let said = repo.buildq(["status", "--color", "blue"]).code(2);
    assert!(said.stderr.contains("auto, always, never"), "{}", said.stderr);
}

/// What `watch` prints at its last line when it waits for keys.
const KEYS: &str = "? help";

/// The terminal's modes as the shell found them after a program, and before it.
fn is_as_before(repo: &TestRepo) -> bool {
    let modes = |name| std::fs::read_to_string(repo.path(name)).unwrap_or_default();
    !modes("after").is_empty() && modes("before") == modes("after")
}

#[test]
fn watch_shows_changes_carries_keys_out_and_leaves_the_terminal_as_it_was() {
    let repo = at_work();
    let Some(terminal) = Terminal::open(&repo, (100, 30), &[]) else {
        repo.go();
        repo.settle();
        return;
    };
    terminal.runs("stty -g > before; echo what stood here; buildq watch; stty -g > after");
    let screen = terminal.shows("Building");
    assert!(terminal.is_taken_over() && !screen.contains("what stood here"), "{screen}");
    terminal.shows(KEYS);
    // The chosen build, its bar, and its output as it grows.
    assert!(screen.contains("▸ first  ████████░░░░░░░░░░░░  40%"), "{screen}");
    terminal.shows("1. medium · opens 22:00");
    // A key is the command of its name, and what it says is shown.
    terminal.keys(&["End", "s"]);
    terminal.shows("$ buildq spawn night");
    terminal.shows("1 at a time");
    // Narrow, then as before.
    terminal.resize(20, 12).keys(&["Home"]);
    let screen = terminal.until(|screen| screen.contains("   ████▊░░░░░░░  40%"));
    assert!(screen.lines().all(|line| line.chars().count() <= 20), "{screen}");
    terminal.resize(100, 30);
    // What the builder does is seen without a key.
    repo.go();
    terminal.shows("Review");
    terminal.until(|screen| screen.contains("✓ first") && !screen.contains("Building"));
    // Diffstat, and words for the builder.
    terminal.shows("files, +");
    terminal.keys(&["Home", "r"]).shows("what should be different?");
    terminal.types("Say it in French").keys(&["Enter"]);
    repo.wait_for(|repo| repo.has("first", "rejected"));
    assert!(repo.event("first", "rejected").contains("Say it in French"));
    repo.wait_for(|repo| repo.count("first", "succeeded") == 2);
    terminal.until(|screen| screen.contains("✓ first") && screen.contains(KEYS));
    terminal.keys(&["Escape", "Home", "a"]).shows("accept first? y/n");
    terminal.keys(&["y"]);
    repo.wait_until("first", "merged");
    terminal.shows("merged");
    terminal.keys(&["q"]);
    let screen = terminal.shows("what stood here");
    assert!(!terminal.is_taken_over() && !screen.contains("History"), "{screen}");
    repo.wait_for(is_as_before);
    drop(terminal);
    repo.settle();
}

#[test]
fn a_signal_gives_the_terminal_back_and_a_pipe_is_refused() {
    let repo = TestRepo::new();
    repo.buildq(["watch"]).code(2).clear_refusal().stderr_has("buildq status");
    let Some(terminal) = Terminal::open(&repo, (60, 20), &[]) else { return };
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let line = "stty -g > before; buildq watch; echo it ended with $?; stty -g > after";
        terminal.runs(line);
        terminal.until(|screen| screen.contains("nothing is queued") && screen.contains(KEYS));
        let watch = repo.processes().into_iter().find(|process| process.is("watch")).unwrap();
        let pid = rustix::process::Pid::from_raw(watch.pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        terminal.shows(&format!("it ended with {code}"));
        assert!(!terminal.is_taken_over());
        assert_eq!(terminal.runs_now(), "sh");
        repo.wait_for(is_as_before);
        std::fs::remove_file(repo.path("after")).unwrap();
        terminal.runs("clear");
        terminal.until(|screen| !screen.contains("ended"));
    }
}

#[test]
fn a_walk_through_the_reviews_takes_a_key_for_each_decision() {
    let repo = TestRepo::with_agent("echo $BUILDQ_TASK $BUILDQ_ATTEMPT > $BUILDQ_TASK.txt", "");
    let no_terminal = repo.buildq(["review", "--walk"]).code(2).clear_refusal();
    no_terminal.stderr_has("needs a terminal");
    let Some(terminal) = Terminal::open(&repo, (100, 40), &[]) else { return };
    for (task, time) in [("one", "09:01"), ("two", "09:02"), ("six", "09:03")] {
        repo.step(time);
        repo.task(task, CLEAR).success();
        repo.wait_until(task, "succeeded");
    }
    repo.settle_but_builds();
    repo.step("09:04");
    terminal.runs("clear; buildq review --walk");
    terminal.shows("one (3 left): s summary");
    // The one before us, by its name.
    terminal.keys(&["d"]).shows("+one 1");
    terminal.keys(&["x"]).shows("none of the keys");
    // Into its workspace, and back to where one was.
    terminal.keys(&["t"]).shows("`exit` or Ctrl-D leaves");
    terminal
        .runs("cat one.txt; exit")
        .until(|screen| screen.contains("\none 1\n") && screen.trim_end().ends_with("q quit >"));
    terminal.keys(&["r"]).shows("what should be different?");
    terminal.runs("Say it twice").shows("(2 left): s summary");
    assert!(repo.event("one", "rejected").contains("Say it twice"));
    // It comes back, behind those that have waited for longer.
    repo.wait_for(|repo| repo.count("one", "succeeded") == 2);
    terminal.keys(&["n"]).shows("six (2 left)");
    terminal.keys(&["q"]).shows("0 accepted, 1 rejected; 3 still wait for review");
    // Decided ones are gone; what is left by a key is as it was.
    terminal.runs("clear; buildq review --walk; echo it ended with $?");
    terminal.until(|screen| screen.contains("two (3 left)"));
    terminal.keys(&["a"]).shows("six (2 left)");
    assert_eq!(repo.last("two"), "merged");
    terminal.keys(&["C-c"]).shows("1 accepted, 0 rejected; 2 still wait for review");
    terminal.shows("it ended with 0");
    drop(terminal);
    repo.settle();
}
