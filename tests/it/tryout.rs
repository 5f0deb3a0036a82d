//! `buildq try`: in the workspace of a build, within its walls, and without a trace in its branch.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::Signal;

use crate::support::{CLEAR, Terminal, TestRepo, WAITS, Walls, kill, of_folder};

/// What the shell would be offered behind `buildq try`.
fn completed(repo: &TestRepo, start: &str) -> String {
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    command.env("BUILDQ_COMPLETE", "fish").args(["--", "buildq", "try", start]);
    crate::support::Said::of(&mut command).success().stdout
}

/// A configuration whose setup can be told from everything else.
const SETUP: &str = "workspace: {setup: [\"sh -c 'echo ready > setup.txt'\"]}";

/// A build of `one` that waits for review.
fn in_review(config: &str) -> TestRepo {
    let repo = TestRepo::with_agent("echo made > made; echo left > left.log", config);
    repo.task("one", CLEAR).success();
    repo.wait_until("one", "succeeded").settle();
    repo
}

fn workspaces(repo: &TestRepo) -> PathBuf {
    let id = repo.ask(["config", "buildq.cloneId"]);
    repo.home().join(".local/state/buildq").join(id)
}

/// Names there, but for the sign that every such folder has.
fn lying(repo: &TestRepo) -> Vec<String> {
    let entries = fs::read_dir(workspaces(repo)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> =
        names.filter(|name| !name.starts_with('.') && !name.ends_with(".home")).collect();
    names.sort();
    names
}

/// Everything that a build is decided by.
fn refs(repo: &TestRepo) -> String {
    repo.ask(["for-each-ref", "--format=%(refname) %(objectname)"])
}

#[test]
fn what_is_tried_stays_in_the_kept_workspace_until_the_build_is_decided() {
    let repo = in_review(SETUP);
    assert_eq!(lying(&repo), ["one-1", "one-1.review"]);
    let before = refs(&repo);
    let told = repo.buildq(["try", "one", "--dry-run", "--json"]).success().stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["workspace"], &told["attempt"]), (&"kept".into(), &1.into()));
    assert_eq!(told["commit"], repo.ask(["rev-parse", "build/one"]).as_str());
    repo.buildq(["try", "one", "--", "cat", "made", "setup.txt", "left.log"])
        .stdout("made\nready\nleft\n")
        .stderr_has("no sandbox: ")
        .success();
    // Commits and leftovers alike.
    let changes = "echo other > made && git commit -qam other && echo more > more";
    repo.buildq(["try", "one", "--", "sh", "-c", changes]).success();
    repo.buildq(["gc"]).success();
    repo.buildq(["sync"]).success();
    repo.settle();
    for words in ["buildq progress 90 more", "buildq block why", "buildq done -m it"] {
        let said = repo.buildq(["try", "one", "--", "sh", "-c", words]).code(1).stderr;
        assert!(said.contains("you are trying `one` out"), "{words}: {said}");
    }
    repo.buildq(["try", "one", "--", "cat", "made", "more"]).stdout("other\nmore\n").success();
    assert_eq!(refs(&repo), before);
    assert_eq!(repo.file_at("build/one", "made"), "made\n");
    assert!(completed(&repo, "o").starts_with("one"));
    repo.buildq(["review", "one"]).stdout_has("buildq try one").success();
    repo.buildq(["show", "one"]).stdout_has("buildq try one").success();
    repo.buildq(["accept", "one"]).success();
    repo.settle();
    assert_eq!(repo.file_at("main", "made"), "made\n");
    assert_eq!(repo.file_at("main", "more"), "");
    assert_eq!(lying(&repo), [""; 0], "it is decided");
    // What is merged can still be looked at, and leaves nothing.
    repo.buildq(["try", "one", "--", "cat", "made", "setup.txt"])
        .stdout("made\nready\n")
        .stderr_has("since it is merged, not in review")
        .success();
    assert_eq!(lying(&repo), [""; 0]);
}

#[test]
fn a_rejected_build_gives_its_workspace_up_and_nothing_tried_comes_into_the_next() {
    let repo = TestRepo::with_agent("cat tried 2>/dev/null; echo $BUILDQ_ATTEMPT > made", "");
    repo.task("one", CLEAR).success();
    repo.wait_until("one", "succeeded").settle();
    repo.buildq([
        "try",
        "one",
        "--",
        "sh",
        "-c",
        "echo x > tried; git add tried; git commit -qm x",
    ])
    .success();
    repo.buildq(["reject", "one", "-m", "Again"]).success();
    repo.wait_for(|repo| repo.count("one", "succeeded") == 2).settle();
    assert_eq!(lying(&repo), ["one-2", "one-2.review"]);
    assert_eq!(repo.file_at("build/one", "tried"), "");
    repo.buildq(["try", "one", "--", "cat", "made"]).stdout("2\n").success();
    repo.buildq(["uninstall", "--yes"]).success();
    assert_eq!(lying(&repo), [""; 0]);
}

#[test]
fn where_none_is_kept_a_new_one_is_made_and_set_up() {
    let repo = in_review(SETUP);
    // The branch has moved on since.
    repo.git(["switch", "-q", "build/one"]);
    repo.write("mine", "mine\n");
    repo.git(["add", "mine"]);
    repo.git(["commit", "-qm", "Mine"]);
    repo.git(["switch", "-q", "main"]);
    let cat = ["try", "one", "--", "cat", "mine", "setup.txt"];
    repo.buildq(cat)
        .stdout("mine\nready\n")
        .stderr_has("since its branch has moved since the workspace was made")
        .stderr_has("setup: sh -c")
        .success();
    // That one is kept, and tried again without a word.
    repo.buildq(cat).stdout("mine\nready\n").stderr_lacks("setting up").success();
    let fresh = ["try", "one", "--fresh", "--no-setup", "--", "ls"];
    repo.buildq(fresh).stderr_has("since you asked for one").stdout_lacks("setup.txt").success();
    // The budget takes it: a new one is made, and goes.
    repo.git(["config", "buildq.keepDisk", "1kB"]);
    repo.buildq(["gc"]).stdout_has("removed: workspace one-1 (").success();
    assert_eq!(lying(&repo), [""; 0]);
    repo.buildq(["try", "one", "--dry-run"])
        .stdout_has("in a new workspace, since its own is no longer kept")
        .success();
    repo.buildq(cat).stdout("mine\nready\n").stderr_has("it goes when you leave").success();
    assert_eq!(lying(&repo), [""; 0]);
    // What cannot be set up leaves nothing, and says what to do.
    repo.config("workspace: {setup: [\"sh -c 'echo no such module; exit 4'\"]}");
    let said = repo.buildq(cat).code(1);
    said.stderr_has("no such module").stderr_has("exit 4").stderr_has("--no-setup");
    assert_eq!(lying(&repo), [""; 0]);
    // Nor does what nobody has trusted run.
    repo.write("buildq.yaml", "timezone: UTC\nworkspace: {setup: [touch evil]}\n");
    repo.git(["commit", "-qam", "Another setup"]);
    repo.buildq(cat).code(1).stderr_has("hint: buildq trust");
    assert_eq!(lying(&repo), [""; 0]);
}

#[test]
fn the_oldest_makes_room_and_all_do_where_a_start_needs_it() {
    let repo = TestRepo::with_agent("head -c 300000 /dev/zero > $BUILDQ_TASK-made", "");
    repo.git(["config", "buildq.keepDisk", "700kB"]);
    for task in ["one", "two"] {
        repo.task(task, CLEAR).success();
        repo.wait_until(task, "succeeded").settle();
    }
    assert_eq!(lying(&repo), ["two-1", "two-1.review"]);
    repo.git(["config", "buildq.keepDisk", "100kB"]);
    repo.task("six", CLEAR).success();
    repo.wait_until("six", "succeeded").settle();
    assert_eq!(lying(&repo), ["two-1", "two-1.review"], "it does not fit, whatever goes");
    // Nothing that waits holds what could be built.
    repo.agent_config("limits: {free_disk: 1000000GB}");
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(lying(&repo), [""; 0]);
}

#[test]
fn another_clone_tries_what_came_by_fetch() {
    let repo = in_review("");
    let other = repo.clone_to("other");
    other.git(["config", "buildq.sandbox", "off"]);
    other.git(["fetch", "-q", "origin", "buildq:buildq"]);
    other.buildq(["try", "one", "--", "true"]).code(1).stderr_has("buildq init");
    other.buildq(["init", "--yes", "--no-heartbeat"]).success();
    let cat = ["try", "one", "--", "cat", "made"];
    other.buildq(cat).stdout("made\n").stderr_has("since it was built on ").success();
    assert_eq!(lying(&other), ["one-1", "one-1.review"]);
    other.buildq(cat).stdout("made\n").stderr_lacks("setting up").success();
}

#[test]
fn a_build_at_work_is_left_alone() {
    let repo = TestRepo::with_agent(
        &format!("echo half > half; git add half; git commit -qm half\n{WAITS}"),
        "",
    );
    repo.buildq(["try", "none"]).code(1).stderr_has("there is no task `none`");
    repo.task("one", CLEAR).success();
    repo.wait_alive("one");
    let said = repo.buildq(["try", "one", "--", "true"]).code(1).clear_refusal();
    said.stderr_has("buildq output one --follow").stderr_has("--fresh");
    repo.wait_for(|repo| repo.file_at("refs/buildq/attempts/one/1", "half") == "half\n");
    let changes = "cat half; echo evil > half; git commit -qam evil";
    repo.buildq(["try", "one", "--fresh", "--", "sh", "-c", changes]).stdout("half\n").success();
    assert_eq!(lying(&repo), ["one-1"], "a place of its own, which is gone");
    repo.go();
    repo.wait_until("one", "succeeded").settle();
    assert_eq!(repo.file_at("build/one", "half"), "half\n");
}

#[test]
fn pipes_codes_and_words_are_handed_on_as_they_are() {
    let repo = in_review("");
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    command.args(["try", "one", "--", "sh", "-c", "cat; echo bad >&2; exit 7"]);
    let input = repo.root().join("input");
    fs::write(&input, "said\n").unwrap();
    command.stdin(fs::File::open(&input).unwrap());
    crate::support::Said::of(&mut command).code(7).stdout("said\n").stderr_has("bad\n");
    let killed = ["try", "one", "--", "sh", "-c", "kill -9 $$"];
    repo.buildq(killed).code(137);
    repo.buildq(["try", "one", "--", "no-such-program"]).code(1).stderr_has("hint: it must be");
    // Without a command it is a shell, also where nobody types.
    fs::write(&input, "cat made; exit 3\n").unwrap();
    let mut shell = repo.command(env!("CARGO_BIN_EXE_buildq"));
    shell.args(["try", "one"]).stdin(fs::File::open(&input).unwrap());
    crate::support::Said::of(&mut shell).code(3).stdout("made\n");
    repo.buildq(["try", "one", "made"]).code(2);
}

/// Something that goes on in the workspace of `one` until it is ended.
fn going_on(repo: &TestRepo) -> Child {
    let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
    let script = "trap '' TERM HUP INT; setsid sh -c 'trap \"\" TERM HUP; echo > here; sleep 600' & \
                  sleep 600 & while :; do wait; done";
    command.args(["try", "one", "--", "sh", "-c", script]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = workspaces(repo).join("one-1/here");
    repo.wait_for(|_| begun.exists());
    fs::remove_file(begun).unwrap();
    child
}

fn nothing_goes_on(repo: &TestRepo) {
    repo.wait_for(|repo| {
        let all = of_folder(repo.root());
        all.iter().all(|it| it.is_waker() || !it.argv.iter().any(|word| word == "600"))
            && !all.iter().any(|it| it.is("try"))
    });
}

#[test]
fn nothing_outlives_it_however_it_ends_and_two_do_not_meet() {
    for walls in [Walls::Off, Walls::Landlock, Walls::Bubblewrap] {
        if !walls.work() {
            continue;
        }
        let repo = in_review("");
        walls.around(&repo);
        let mut first = going_on(&repo);
        let second = repo.buildq(["try", "one", "--", "true"]).code(1).clear_refusal();
        second.stderr_has("is being tried out already");
        repo.buildq(["gc"]).stdout_has("kept: workspace one-1 (").success();
        repo.buildq(["gc", "--drop", "one-1"]).stdout_has("somebody tries it out").success();
        rustix::process::kill_process(rustix::process::Pid::from_child(&first), Signal::TERM)
            .unwrap();
        assert_eq!(first.wait().unwrap().code(), Some(143), "{walls:?}");
        nothing_goes_on(&repo);
        // Killed, and what it leaves where no walls hold it is ended by the next.
        let mut first = going_on(&repo);
        kill(i32::try_from(first.id()).unwrap());
        first.wait().unwrap();
        repo.wait_for(|repo| repo.buildq(["try", "one", "--", "true"]).code == 0);
        nothing_goes_on(&repo);
        // Decided meanwhile: its place goes once nobody is in it.
        let mut first = going_on(&repo);
        repo.buildq(["accept", "one"]).success();
        assert!(workspaces(&repo).join("one-1/made").exists());
        rustix::process::kill_process(rustix::process::Pid::from_child(&first), Signal::INT)
            .unwrap();
        assert_eq!(first.wait().unwrap().code(), Some(130), "{walls:?}");
        assert_eq!(lying(&repo), [""; 0], "{walls:?}");
        nothing_goes_on(&repo);
        repo.settle();
    }
}

#[test]
fn it_cannot_reach_what_a_builder_cannot() {
    for walls in [Walls::Landlock, Walls::Bubblewrap] {
        if !walls.work() {
            continue;
        }
        let repo = in_review("");
        walls.around(&repo);
        fs::create_dir(repo.home().join(".ssh")).unwrap();
        fs::write(repo.home().join(".ssh/id"), "PRIVATE\n").unwrap();
        let before = refs(&repo);
        let hook = repo.path(".git/hooks/post-checkout");
        let tries = format!(
            "cat {home}/.ssh/id; cat {dir}/.git/config; cat {dir}/a.txt\n\
             echo evil > {hook}; git -C {dir} update-ref refs/heads/main HEAD~1\n\
             git push -f {dir} HEAD:main; echo evil > {home}/.profile; rm -rf {dir}/.git/refs\n\
             echo $EXTRA_KEY; test -f made && echo here",
            home = repo.home().display(),
            dir = repo.dir().display(),
            hook = hook.display()
        );
        let mut command = repo.command(env!("CARGO_BIN_EXE_buildq"));
        command.env("EXTRA_KEY", "SECRET").args(["try", "one", "--", "sh", "-c", &tries]);
        let said = crate::support::Said::of(&mut command).success();
        assert_eq!(said.stdout.trim(), "here", "{walls:?}");
        assert!(!hook.exists() && !repo.home().join(".profile").exists(), "{walls:?}");
        assert_eq!(refs(&repo), before, "{walls:?}");
    }
}

#[test]
fn a_shell_has_jobs_keys_colours_and_a_size_and_the_terminal_is_as_it_was() {
    for walls in [Walls::Off, Walls::Landlock, Walls::Bubblewrap] {
        if !walls.work() {
            continue;
        }
        let repo = in_review("");
        walls.around(&repo);
        let Some(terminal) = Terminal::open(&repo, (100, 30), &[("SHELL", "/bin/bash")]) else {
            return;
        };
        terminal.runs(
            "stty -g > before; clear; buildq try one; echo it ended with $?; stty -g > after",
        );
        terminal.shows("`exit` or Ctrl-D leaves");
        terminal.runs("cat made; stty size").shows("\n30 100\n");
        let fits = "until test \"$(stty size)\" = '25 90'; do sleep 0.1; done; echo fits$?";
        terminal.resize(90, 25).runs(fits).shows("fits0");
        // A key that interrupts, and one that stops.
        let runs = |words: &[&str]| {
            terminal.until(|_| of_folder(repo.root()).iter().any(|it| it.argv == words));
        };
        terminal.runs("cat > /dev/null; echo went on with $?");
        runs(&["cat"]);
        // What is typed before the shell asks again is lost to it.
        let asks = || drop(terminal.until(|screen| screen.trim_end().ends_with(['#', '$'])));
        terminal.keys(&["C-c"]).shows("^C");
        asks();
        terminal.runs("clear; sleep 600; echo on");
        runs(&["sleep", "600"]);
        terminal.keys(&["C-z"]).shows("Stopped");
        asks();
        terminal.runs("clear; jobs; kill %1; wait; ls --color=always").shows("made");
        assert!(terminal.screen().contains("[1]+"), "{walls:?}: {}", terminal.screen());
        terminal.runs("printf '\\033[31mred\\033[0m\\n'");
        terminal.until(|_| terminal.colours().contains("\u{1b}[31mred"));
        // What would be typed into the terminal of who waits outside (TIOCSTI) goes nowhere.
        let types = "import fcntl,termios;[fcntl.ioctl(0,termios.TIOCSTI,c.encode()) for c in 'touch typed\\n']";
        terminal.runs(&format!(
            "(sleep 600 &); python3 -c \"{types}\"; printf '\\033[?1049h\\033[?1000h'; exit 5"
        ));
        let screen = terminal.shows("it ended with 5");
        assert!(!terminal.is_taken_over(), "{walls:?}: {screen}");
        let modes = |name| fs::read_to_string(repo.path(name)).unwrap_or_default();
        repo.wait_for(|_| !modes("after").is_empty());
        assert_eq!(modes("before"), modes("after"), "{walls:?}");
        assert!(!repo.path("typed").exists(), "{walls:?}");
        nothing_goes_on(&repo);
        // A terminal that is closed ends it.
        terminal.runs("clear; buildq try one").shows("`exit` or Ctrl-D leaves");
        terminal.runs("sleep 600");
        runs(&["sleep", "600"]);
        drop(terminal);
        nothing_goes_on(&repo);
    }
}

#[test]
fn watch_lends_its_terminal_and_takes_it_back() {
    let repo = in_review("");
    let Some(terminal) = Terminal::open(&repo, (100, 30), &[]) else { return };
    terminal.runs("stty -g > before; clear; buildq watch; echo it ended with $?; stty -g > after");
    terminal.until(|screen| screen.contains("✓ one") && screen.contains("t try"));
    terminal.keys(&["Home", "t"]).shows("`exit` or Ctrl-D leaves");
    assert!(!terminal.is_taken_over());
    // Letters that are keys of `watch` are letters here.
    terminal.runs("echo aqr; cat made").shows("aqr\nmade\n");
    terminal.resize(80, 24).runs("exit 4").shows("it ended with 4; Enter goes back");
    terminal.keys(&["Enter"]).until(|screen| screen.contains("✓ one") && screen.contains("t try"));
    assert!(terminal.is_taken_over());
    let screen = terminal.screen();
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    // A refusal is shown as that of any command.
    let held = going_on(&repo);
    terminal.keys(&["t"]).shows("is being tried out already");
    terminal.shows("it ended with 1; Enter goes back");
    terminal.keys(&["Enter"]).shows("t try");
    rustix::process::kill_process(rustix::process::Pid::from_child(&held), Signal::TERM).unwrap();
    let mut held = held;
    held.wait().unwrap();
    // Who ends `watch` ends what was lent as well.
    terminal.keys(&["t"]).shows("`exit` or Ctrl-D leaves");
    let watch = repo.processes().into_iter().find(|process| process.is("watch")).unwrap();
    let pid = rustix::process::Pid::from_raw(watch.pid).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    terminal.shows("it ended with 143");
    assert!(!terminal.is_taken_over());
    let modes = |name| fs::read_to_string(repo.path(name)).unwrap_or_default();
    repo.wait_for(|_| !modes("after").is_empty());
    assert_eq!(modes("before"), modes("after"));
    nothing_goes_on(&repo);
}
