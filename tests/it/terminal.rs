//! What a terminal shows, in a real one.

use crate::support::{CLEAR, Terminal, TestRepo, WAITS};

/// A task that waits for the night.
const NIGHT: &str = "---\npriority: medium\n---\nWrite result.txt with the result.\n\n\
                     ```sh\necho made > result.txt\n```\n\n\
                     ## Completion criteria\n- [ ] result.txt is there";

/// One task that runs at 40 %, one that waits for the night.
fn at_work() -> TestRepo {
    let script = format!("buildq progress 40 'Half of it \u{1f600}'\n{WAITS}");
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
