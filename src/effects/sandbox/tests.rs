use std::process::Command;
use std::thread;

use std::path::PathBuf;

use super::super::clock;
use super::super::locks::Lock;
use super::super::process::Finished;
use super::*;

const LONG: Duration = Duration::from_secs(20);

struct Place {
    _dir: tempfile::TempDir,
    level: Level,
    root: PathBuf,
}

impl Place {
    /// A workspace and an object store below /tmp; nothing where no sandbox works.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["workspace", "objects", "home"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("objects/one"), "an object\n").unwrap();
        match probe(&root.join("cache")) {
            level @ Level::Bubblewrap { .. } => Some(Self { _dir: dir, level, root }),
            level => {
                let mut said = std::io::stderr();
                let why = level.shortfall().unwrap_or_default();
                let _ = writeln!(said, "SKIPPED: no sandbox works here: {why}");
                None
            }
        }
    }

    fn bwrap(&self) -> &Path {
        match &self.level {
            Level::Bubblewrap { bwrap, .. } => bwrap,
            _ => Path::new(""),
        }
    }

    fn walls(&self) -> Walls<'static> {
        let mut walls = Walls::around(&self.root.join("workspace"));
        walls.read_only.push(self.root.join("objects"));
        walls
    }

    fn invocation<'a>(&self, walls: &Walls, script: &str) -> Invocation<'a> {
        let argv = ["sh", "-c", script].map(OsString::from);
        let mut argv = argv.to_vec();
        argv.push(self.root.clone().into());
        let environment = env::scrubbed(std::env::vars_os());
        walls.furnish(&self.level).unwrap();
        let wrapped = walls.enter(&self.level, &argv);
        let mut invocation = Invocation::new(wrapped, &self.root, environment);
        (invocation.own_tree, invocation.timeout) = (false, LONG);
        invocation.token = format!("walls-{}", self.root.display());
        invocation
    }

    fn run(&self, walls: &Walls, script: &str) -> (Finished, String) {
        let mut out = Vec::new();
        let invocation = self.invocation(walls, script);
        let finished =
            process::run(&invocation, &mut |bytes| out.extend(bytes), &mut || None).unwrap();
        (finished, String::from_utf8(out).unwrap())
    }
}

#[test]
fn settings_are_words() {
    for (text, setting) in
        [("auto", Setting::Auto), ("Require\n", Setting::Require), ("off", Setting::Off)]
    {
        assert_eq!(text.parse::<Setting>().unwrap(), setting);
    }
    assert!("yes".parse::<Setting>().is_err());
}

#[test]
fn only_the_workspace_can_be_changed() {
    let Some(place) = Place::new() else { return };
    let mut walls = place.walls();
    let own = place.root.join("own");
    fs::create_dir(&own).unwrap();
    walls.read_only.extend([own.clone(), place.root.join("not-there")]);
    let script = "pwd; cat $0/objects/one; exec 2>/dev/null; \
         echo x > made; echo x > $0/own/made; echo x > /tmp/made; \
         echo x > $0/home/new; echo x > $0/new; \
         for path in $0/objects/one $0/objects/new / /usr /etc; do \
           if [ -d $path ]; then path=$path/buildq-test; fi; \
           (echo x > $path) && echo changed $path; done; \
         mount -o remount,rw / && echo remounted; \
         mount -o remount,bind,rw $0/objects && echo remounted; \
         umount $0/objects && echo unmounted; true";
    let (finished, out) = place.run(&walls, script);
    let expected = format!("{}\nan object\n", walls.workspace.display());
    assert_eq!((finished.ended, out), (Ended::Exit(0), expected));
    assert!(walls.workspace.join("made").exists() && !own.join("made").exists());
    assert!(walls.home.tmp().join("made").exists());
    for path in ["/tmp/made".into(), place.root.join("home/new"), place.root.join("new")] {
        assert!(!Path::exists(&path));
    }
}

#[test]
fn nothing_of_the_outside_is_seen() {
    let Some(place) = Place::new() else { return };
    let mut walls = place.walls();
    let secret = walls.workspace.join("secret");
    fs::write(&secret, "x").unwrap();
    std::os::unix::fs::symlink("/etc", walls.workspace.join("planted")).unwrap();
    walls.hidden = vec![secret, place.root.join("objects")];
    walls.read_only.push(walls.workspace.join("planted"));
    let (_, out) = place.run(
        &walls,
        "cat secret 2>/dev/null; ls $0/objects /var/tmp | grep -v :; kill -0 2 && echo 2; \
         kill -0 9999 2>/dev/null && echo 9999; ls -d /proc/[0-9]* | wc -l | tr -d ' ' ; \
         (: > /etc/buildq-test) 2>/dev/null || echo refused",
    );
    let out: Vec<_> = out.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(out.first(), Some(&"2"), "{out:?}");
    assert!(out[1].parse::<u32>().unwrap() < 10, "{out:?}");
    assert_eq!(&out[2..], ["refused"]);
}

#[test]
fn the_network_can_be_taken_away() {
    let Some(place) = Place::new() else { return };
    let mut walls = place.walls();
    let count = "grep -c : /proc/net/dev";
    walls.network = false;
    assert_eq!(place.run(&walls, count).1, "1\n");
    walls.network = true;
    let outside = Command::new("sh").args(["-c", count]).output().unwrap().stdout;
    assert_eq!(place.run(&walls, count).1.as_bytes(), outside);
}

#[test]
fn the_sandbox_holds_the_lock_and_the_builder_does_not() {
    let Some(place) = Place::new() else { return };
    let path = place.root.join("attempt.lock");
    let lock = Lock::try_take(&path).unwrap().unwrap();
    let mut walls = place.walls();
    walls.lock = Some(lock.file().as_fd());
    let mut invocation =
        place.invocation(&walls, "readlink /proc/self/fd/*; setsid sleep 600 & sleep 600");
    invocation.keep_fd = Some(lock.file());
    let mut out = Vec::new();
    let mut looks = 0;
    invocation.grace = Duration::from_millis(50);
    let mut watch = || {
        looks += 1;
        (looks > 1).then(|| "enough".to_owned())
    };
    let finished = process::run(&invocation, &mut |bytes| out.extend(bytes), &mut watch).unwrap();
    assert_eq!(finished.ended, Ended::Stopped("enough".to_owned()));
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("pipe:") && !out.contains("attempt.lock"), "{out}");
    assert!(!Lock::is_free(&path), "this process still holds it");
    assert!(super::super::sweep::living(&invocation.token, &place.root).is_empty());
    drop(lock);
    super::super::locks::wait_until_free(&path);
}

#[test]
fn a_builder_inside_may_say_goodbye() {
    let Some(place) = Place::new() else { return };
    let script = "trap 'echo bye; exit 3' TERM; setsid sleep 600 & echo hi; sleep 600 & wait";
    let mut invocation = place.invocation(&place.walls(), script);
    (invocation.timeout, invocation.grace) = (Duration::from_millis(500), LONG);
    let mut out = Vec::new();
    let finished = process::run(&invocation, &mut |bytes| out.extend(bytes), &mut || None).unwrap();
    assert_eq!((finished.ended, &out[..]), (Ended::Timeout, &b"hi\nbye\n"[..]));
    assert!(finished.duration < LONG);
}

#[test]
fn what_was_found_out_is_kept_until_something_changes() {
    let Some(place) = Place::new() else { return };
    let cache = place.root.join("cache");
    assert_eq!(fs::read_to_string(&cache).ok(), key(place.bwrap()));
    fs::write(&cache, "another boot").unwrap();
    assert_eq!(probe(&cache), place.level);
    assert_eq!(fs::read_to_string(&cache).ok(), key(place.bwrap()));
}

#[test]
fn a_sandbox_that_does_not_work_tells_why() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("bwrap");
    for (script, why) in [
        ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "setting up uid"),
        // It would let everything through.
        ("while [ $1 != -- ]; do shift; done; shift; exec \"$@\"", "`bwrap` fails"),
    ] {
        fs::write(&broken, format!("#!/bin/sh\n{script}\n")).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&broken, executable).unwrap();
        let level = Level::Bubblewrap { bwrap: broken.clone(), landlock: 0 };
        assert!(try_out(&level).unwrap_err().to_string().contains(why));
    }
}

#[test]
#[ignore = "the child of another test"]
fn child_that_supervises() {
    let Some(root) = std::env::var_os("BUILDQ_TEST_DIR").map(PathBuf::from) else { return };
    process::adopt_orphans().unwrap();
    let level = probe(&root.join("cache"));
    let place = Place { _dir: tempfile::tempdir().unwrap(), level, root };
    let busy = "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
    let (finished, _) = place.run(&place.walls(), &format!("sh -c '{busy}'"));
    assert!(finished.cpu.unwrap() > Duration::from_millis(5), "{finished:?}");

    let lock = Lock::try_take(&place.root.join("attempt.lock")).unwrap().unwrap();
    let mut walls = place.walls();
    walls.lock = Some(lock.file().as_fd());
    let script = "trap '' TERM HUP; setsid sh -c 'echo > stray; sleep 600' & \
        echo > started; sleep 600; sleep 600";
    let mut invocation = place.invocation(&walls, script);
    invocation.keep_fd = Some(lock.file());
    process::run(&invocation, &mut |_| (), &mut || None).unwrap();
}

#[test]
fn everything_inside_dies_with_the_supervisor() {
    let Some(place) = Place::new() else { return };
    let mut supervisor = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
        .arg("effects::sandbox::tests::child_that_supervises")
        .env("BUILDQ_TEST_DIR", &place.root)
        .spawn()
        .unwrap();
    let workspace = place.root.join("workspace");
    let begun = clock::tick();
    let mut until = |what: &str, condition: &mut dyn FnMut() -> bool| {
        while !condition() {
            assert!(begun.elapsed() < LONG, "never: {what}");
            assert!(supervisor.try_wait().unwrap().is_none());
            thread::yield_now();
        }
    };
    until("started", &mut || {
        workspace.join("started").exists() && workspace.join("stray").exists()
    });
    let (path, token) =
        (place.root.join("attempt.lock"), format!("walls-{}", place.root.display()));
    assert!(!Lock::is_free(&path));
    let living = || super::super::sweep::living(&token, &place.root);
    assert!(living().len() >= 4);
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&supervisor),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    while !Lock::is_free(&path) || !living().is_empty() {
        assert!(begun.elapsed() < LONG);
        thread::yield_now();
    }
    supervisor.wait().unwrap();
}
