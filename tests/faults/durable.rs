//! I3: before success is printed, what it rests on is on the disk: the object, its folder, the ref,
//! its folder.

use std::collections::BTreeMap;

use crate::stage::Stage;
use crate::strace;
use crate::support::{CLEAR, Said, TestRepo};

/// What strace saw of a file: the last of its writes, its syncs and those of its folder.
#[derive(Debug, Default)]
struct Seen {
    named: BTreeMap<String, usize>,
    written: BTreeMap<String, usize>,
    synced: Vec<(String, usize)>,
    said: Option<usize>,
}

impl Seen {
    /// Reads a log of strace, whose descriptors carry their paths. Success is the last that is
    /// written to standard output, up to the first that holds `word`.
    fn read(log: &str, word: &str) -> Self {
        let mut seen = Self::default();
        for (at, line) in log.lines().enumerate() {
            let Some((name, rest)) = line.split_once('(') else { continue };
            let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
            let of_fd = || rest.split_once('<')?.1.split_once('>').map(|(path, _)| path.to_owned());
            match (name, rest.starts_with("1<")) {
                ("write", true) => {
                    seen.said = Some(at);
                    if !word.is_empty() && rest.contains(word) {
                        return seen;
                    }
                }
                ("write" | "pwrite64" | "writev", _) => {
                    of_fd().map(|path| seen.written.insert(path, at));
                }
                ("fsync" | "fdatasync", _) => seen.synced.extend(of_fd().map(|path| (path, at))),
                ("rename" | "link" | "renameat" | "renameat2" | "linkat", _) => {
                    if let [from, .., to] = quoted[..] {
                        seen.named.insert(to.to_owned(), at);
                        if let Some(written) = seen.written.get(from).copied() {
                            seen.written.insert(to.to_owned(), written);
                        }
                        let moved = seen.synced.iter().filter(|(path, _)| path == from);
                        let moved: Vec<_> = moved.map(|(_, at)| (to.to_owned(), *at)).collect();
                        seen.synced.extend(moved);
                    }
                }
                _ => {}
            }
        }
        seen
    }

    /// Every file that was put in place before success was printed and of which this holds.
    fn check(&self, what: &str, is_it: impl Fn(&str) -> bool) -> Result<usize, String> {
        let said = self.said.unwrap_or(usize::MAX);
        let placed = self.named.iter().filter(|(path, at)| **at < said && is_it(path));
        let mut count = 0;
        for (path, named) in placed {
            count += 1;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let written = self.written.get(path).copied().unwrap_or(0);
            let between = |of: &str, from: usize, to: usize| {
                self.synced.iter().any(|(path, at)| path == of && *at > from && *at < to)
            };
            if !between(path, written, *named) {
                return Err(format!("{what}: `{path}` is not synced before it is put in place"));
            }
            if !between(folder, *named, said) {
                return Err(format!("{what}: the folder of `{path}` is not synced before success"));
            }
        }
        Ok(count)
    }
}

/// Runs a command under strace and holds what it wrote against what it said.
fn holds(repo: &TestRepo, words: &[&str], word: &str) {
    let log = repo.root().join("durable");
    let mut command = repo.command("strace");
    command.args(["-qq", "-y", "-s", "40", "-e", "signal=none", "-o"]).arg(&log).args(["-e"]);
    command
        .arg("trace=write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat");
    let _ = Said::of(command.arg(env!("CARGO_BIN_EXE_buildq")).args(words)).success();
    let seen = Seen::read(&std::fs::read_to_string(&log).unwrap(), word);
    let what = words.join(" ");
    let objects =
        seen.check(&what, |path| path.contains("/objects/")).unwrap_or_else(|why| panic!("{why}"));
    let refs = seen
        .check(&what, |path| path.ends_with("/refs/heads/buildq"))
        .unwrap_or_else(|why| panic!("{why}"));
    assert!(objects > 0 && refs > 0, "{what} wrote nothing: {seen:?}");
}

#[test]
fn what_a_person_decides_is_on_the_disk_before_it_is_said() {
    if !strace::works() {
        return;
    }
    let repo = TestRepo::with_agent("echo $BUILDQ_ATTEMPT > $BUILDQ_TASK", "hooks: {quiet: true}");
    repo.task("low", &format!("---\npriority: low\n---\n{CLEAR}"));
    repo.settle();
    holds(&repo, &["pause", "-m", "a break"], "");
    holds(&repo, &["approve", "low"], "");
    repo.settle();
    holds(&repo, &["resume"], "");
    repo.wait_until("low", "succeeded").settle();
    holds(&repo, &["reject", "low", "-m", "again"], "");
    repo.settle();
    holds(&repo, &["accept", "low"], "");
    repo.settle();
    repo.task("other", CLEAR);
    repo.settle();
    holds(&repo, &["cancel", "other"], "");
    repo.settle();
}

#[test]
fn an_attempt_is_on_the_disk_before_it_begins() {
    if !strace::works() {
        return;
    }
    let stage = Stage::new();
    stage.reset();
    let git_dir = stage.repo.git_dir();
    let git_dir = git_dir.to_str().unwrap();
    // Its word to sync goes to standard output, once `started` stands.
    holds(&stage.repo, &["supervise", "--repo", git_dir, "--attempt", "1", "--", "x"], "begun");
    stage.is_made_good("nothing");
}

#[test]
fn what_is_not_synced_is_seen() {
    let good = "write(4</r/objects/tmp>, \"\"..., 9) = 9\nfsync(4</r/objects/tmp>) = 0\n\
                link(\"/r/objects/tmp\", \"/r/objects/ab/cd\") = 0\nfsync(5</r/objects/ab>) = 0\n\
                write(1</dev/pts/0>, \"\"..., 3) = 3\n";
    let objects = |log: &str| Seen::read(log, "").check("x", |path| path.contains("/objects/"));
    assert_eq!(objects(good), Ok(1));
    for line in ["fsync(4</r/objects/tmp>) = 0\n", "fsync(5</r/objects/ab>) = 0\n"] {
        assert!(objects(&good.replace(line, "")).is_err(), "{line}");
    }
    let late = "fsync(5</r/objects/ab>) = 0\nwrite(1</dev/pts/0>, \"\"..., 3) = 3\n";
    let turned = "write(1</dev/pts/0>, \"\"..., 3) = 3\nfsync(5</r/objects/ab>) = 0\n";
    assert!(objects(&good.replace(late, turned)).is_err());
}
