use std::os::fd::AsRawFd as _;
use std::process::Command;

use super::super::{limits, sweep, sys};
use super::running::{FIRST_WATCH, WATCH};
use super::*;

const LONG: Duration = Duration::from_secs(20);

fn env_here() -> Vec<(OsString, OsString)> {
    vec![(env::PATH.into(), std::env::var_os(env::PATH).unwrap())]
}

fn sh(script: &str, cwd: &Path) -> Invocation<'static> {
    let argv = ["sh", "-c", script].map(OsString::from).to_vec();
    let mut invocation = Invocation::new(argv, cwd, env_here());
    invocation.timeout = LONG;
    invocation.grace = Duration::from_millis(100);
    invocation
}

fn run_quietly(invocation: &Invocation) -> (Finished, String) {
    let mut out = Vec::new();
    let finished = run(invocation, &mut |bytes| out.extend(bytes), &mut || None).unwrap();
    (finished, String::from_utf8_lossy(&out).into_owned())
}

fn lives(pid: &str) -> bool {
    let pid = pid.trim().parse().unwrap_or_else(|_| panic!("`{pid}` is no pid"));
    sweep::Process::look(pid).is_some_and(|process| process.lives)
}

#[test]
fn ends_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plain"), "").unwrap();
    for (script, ended, output) in [
        ("echo a; echo b >&2; echo c", Ended::Exit(0), "a\nb\nc\n"),
        ("exit 7", Ended::Exit(7), ""),
        ("kill -9 $$", Ended::Signal(9), ""),
        ("kill $$", Ended::Signal(15), ""),
        ("read line; echo \"$line.\"; pwd -P > pwd", Ended::Exit(0), ".\n"),
        ("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^PATH=; true", Ended::Exit(0), ""),
    ] {
        let (finished, out) = run_quietly(&sh(script, dir.path()));
        assert_eq!((finished.ended, out.as_str()), (ended, output), "{script}");
    }
    for program in ["no-such-program", "./plain", "/no/such", "./plain/x"] {
        let argv = vec![program.into()];
        let (finished, _) = run_quietly(&Invocation::new(argv.clone(), dir.path(), env_here()));
        assert!(matches!(&finished.ended, Ended::Missing(why) if why.contains(program)));
        assert_eq!(find(&argv[0], dir.path(), &env_here()), None);
    }
    assert!(find("sh".as_ref(), dir.path(), &env_here()).unwrap().is_absolute());
    let nowhere = dir.path().join("gone");
    assert!(run(&sh("true", &nowhere), &mut |_| (), &mut || None).is_err());
    let empty = Invocation::new(vec![], dir.path(), env_here());
    assert!(run(&empty, &mut |_| (), &mut || None).is_err());
}

#[test]
fn input_is_a_regular_file_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prompt");
    std::fs::write(&file, "hello").unwrap();
    let mut cat = sh("cat", dir.path());
    cat.stdin = Some(file);
    assert_eq!(run_quietly(&cat).1, "hello");
    let fifo = dir.path().join("fifo");
    sys::mkfifo(&fifo).unwrap();
    for bad in [fifo, dir.path().join("gone"), dir.path().to_owned()] {
        cat.stdin = Some(bad);
        assert!(run(&cat, &mut |_| (), &mut || None).is_err());
    }
}

#[test]
fn a_command_that_does_not_want_to_end_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo $$; sleep 600 & while :; do wait; done";
    let mut stubborn = sh(script, dir.path());
    stubborn.timeout = Duration::from_millis(300);
    let (finished, out) = run_quietly(&stubborn);
    assert_eq!(finished.ended, Ended::Timeout);
    assert!(finished.duration < LONG && !lives(&out));

    let mut looks = 0;
    let mut seen = Vec::new();
    let mut watch = || {
        looks += 1;
        (looks == 2).then(|| "cancelled".to_owned())
    };
    stubborn.timeout = LONG;
    let finished = run(&stubborn, &mut |bytes| seen.extend(bytes), &mut watch).unwrap();
    assert_eq!(finished.ended, Ended::Stopped("cancelled".to_owned()));
    assert!(finished.duration >= FIRST_WATCH + WATCH);
    assert!(finished.duration < LONG && !lives(&String::from_utf8(seen).unwrap()));
}

#[test]
fn a_command_that_is_asked_to_end_may_say_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    // More than a pipe holds: it must be read meanwhile.
    let script = "trap 'head -c 300000 /dev/zero; echo bye; exit 3' TERM; sleep 600 & wait";
    let mut polite = sh(script, dir.path());
    (polite.timeout, polite.grace) = (Duration::from_millis(300), LONG);
    let (finished, out) = run_quietly(&polite);
    assert_eq!(finished.ended, Ended::Timeout);
    assert!(out.ends_with("bye\n") && out.len() > 300_000);
}

#[test]
fn a_flood_is_read_and_bounded_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut flood = sh("yes", dir.path());
    flood.timeout = Duration::from_millis(200);
    let mut length = 0;
    let finished = run(&flood, &mut |bytes| length += bytes.len(), &mut || None).unwrap();
    assert_eq!(finished.ended, Ended::Timeout);
    assert!(length > 1 << 20 && finished.duration < LONG);
}

#[cfg(target_os = "linux")]
#[test]
fn strays_that_hold_everything_are_ended() {
    let dir = tempfile::tempdir().unwrap();
    let stray = "trap '' TERM HUP INT; echo $$ > $0/$1; while :; do sleep 600; done";
    let script = format!(
        "(setsid sh -c '(sh -c \"$0\" {0} a &)' \"$1\" &); \
         (cd / && setsid sh -c \"$1\" {0} b &); sh -c \"$1\" {0} c & \
         until [ -s a ] && [ -s b ] && [ -s c ]; do :; done; echo done",
        dir.path().display()
    );
    let mut hostile = sh(&script, dir.path());
    hostile.argv.extend(["sh".into(), stray.into()]);
    hostile.token = format!("strays-{}", std::process::id());
    let (finished, out) = run_quietly(&hostile);
    assert_eq!((finished.ended, out.as_str()), (Ended::Exit(0), "done\n"));
    for pid in ["a", "b", "c"] {
        assert!(!lives(&std::fs::read_to_string(dir.path().join(pid)).unwrap()), "{pid}");
    }
}

#[test]
fn what_was_used_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let busy = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
    let (finished, _) = run_quietly(&sh(&format!("sh -c '{busy}'"), dir.path()));
    assert!(finished.cpu.unwrap() > Duration::from_millis(2), "{finished:?}");
    assert!(finished.memory.unwrap() > 500_000, "{finished:?}");
    assert!(finished.duration < LONG);
}

#[test]
fn the_kept_descriptor_is_inherited_under_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kept");
    let file = File::create(&path).unwrap();
    let mut writes = sh(&format!("echo hello > /dev/fd/{}", file.as_raw_fd()), dir.path());
    assert!(!run_quietly(&writes).0.is_success());
    writes.keep_fd = Some(&file);
    assert!(run_quietly(&writes).0.is_success());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
}

#[test]
fn output_can_be_captured_within_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let (finished, out, err) =
        capture(&sh("cat; echo oops >&2; exit 4", dir.path()), b"pack", 4).unwrap();
    assert_eq!((finished.ended, out.as_slice()), (Ended::Exit(4), &b"pack"[..]));
    assert_eq!(err, "oops\n");
    let error = capture(&sh("cat", dir.path()), b"pack!", 4).unwrap_err();
    assert_eq!(error.to_string(), "`sh` gave more than 4 bytes");
    assert!(capture(&sh("yes", dir.path()), b"", 1 << 20).is_err());
    let unread = capture(&sh("true", dir.path()), &[b'x'; 1 << 20], 0).unwrap();
    assert!(unread.0.is_success());
    let chatty = sh("yes >&2 & echo out; sleep 0.1; kill $!; wait; echo end >&2", dir.path());
    let (_, out, err) = capture(&chatty, b"", 99).unwrap();
    assert_eq!(out, b"out\n");
    assert!(err.len() <= ERRORS && err.ends_with("end\n"));

    let mut refuse = |_: &[u8]| bail!("no room");
    let error = pipe_to(&sh("echo; sleep 600", dir.path()), &mut refuse, 9).unwrap_err();
    assert_eq!(error.to_string(), "no room");
}

/// Runs one of the ignored tests below in a process of its own.
fn alone(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "--test-threads=1"]);
    command.arg(format!("effects::process::tests::{name}"));
    command.env("BUILDQ_TEST_DIR", dir);
    command
}

fn dir_given() -> Option<PathBuf> {
    std::env::var_os("BUILDQ_TEST_DIR").map(PathBuf::from)
}

#[test]
#[ignore = "the child of another test"]
fn child_that_adopts() {
    let Some(dir) = dir_given() else { return };
    adopt_orphans().unwrap();
    let stray = "trap \"\" TERM; echo $$ > $0/pid; while :; do sleep 600; done";
    let script = format!(
        "cd /; env -i PATH=\"$PATH\" setsid sh -c '{stray}' {0} & \
         until [ -s {0}/pid ]; do :; done",
        dir.display()
    );
    let mut hostile = sh(&script, &dir);
    hostile.own_tree = false;
    let (finished, _) = run_quietly(&hostile);
    assert!(finished.is_success());
    assert!(!lives(&std::fs::read_to_string(dir.join("pid")).unwrap()));
    assert_eq!(limits::children(std::process::id()), [] as [u32; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn adopted_strays_are_ended_whatever_they_hide() {
    let dir = tempfile::tempdir().unwrap();
    let output = alone("child_that_adopts", dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(dir.path().join("pid").exists());
}

#[test]
#[ignore = "the child of another test"]
fn child_that_is_killed() {
    let Some(dir) = dir_given() else { return };
    run_quietly(&sh("echo $$ > pid; exec sleep 600", &dir));
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_dies_with_who_started_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut parent = alone("child_that_is_killed", dir.path()).spawn().unwrap();
    let begun = clock::tick();
    let pid = loop {
        let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap_or_default();
        if pid.ends_with('\n') {
            break pid;
        }
        assert!(begun.elapsed() < LONG);
        std::thread::yield_now();
    };
    parent.kill().unwrap();
    parent.wait().unwrap();
    while lives(&pid) {
        assert!(begun.elapsed() < LONG);
        std::thread::yield_now();
    }
}
