//! Taking over commits from real workspaces, sane and hostile ones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::effects::workspace::leftovers::{self, MAX_FILE, Rule};
use crate::effects::workspace::outgoing::{Request, send};
use crate::effects::workspace::tests::{Bench, commit, git, init, put};

fn sent(bench: &Bench, leftovers: Option<&str>, exclude: &[String]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let rule = Rule { max_file: 1000, exclude };
    let request = Request { bases: &[bench.base()], leftovers, rule };
    send(&bench.folder(), &request, &mut out)?;
    Ok(out)
}

fn taken(bench: &Bench, mut stream: &[u8]) -> Result<Taken> {
    let user = Git::bare(&bench.user().join(".git"));
    let expected = Expected { base: bench.base(), known: &[], max_pack: 1 << 20 };
    take(&user, &expected, &mut stream)
}

fn collect(bench: &Bench, leftovers: Option<&str>) -> Taken {
    taken(bench, &sent(bench, leftovers, &[]).unwrap()).unwrap()
}

fn files(bench: &Bench, taken: &Taken) -> String {
    let head = taken.head.unwrap().to_string();
    git(&bench.user(), &["ls-tree", "-r", "--name-only", &head])
}

#[test]
fn commits_arrive_and_survive_garbage_collection() {
    let bench = Bench::new();
    bench.make();
    assert_eq!(collect(&bench, Some("leftovers")).head, None);
    commit(&bench.folder(), &[("c.txt", "three\n")], "work");
    let mut taken = collect(&bench, None);
    assert!(taken.descends);
    let head = taken.head.unwrap().to_string();
    let user = bench.user();
    git(&user, &["gc", "-q", "--prune=now"]);
    git(&user, &["update-ref", "refs/buildq/attempts/hello/1", &head]);
    let keep = taken.keep.clone().unwrap();
    assert!(keep.exists());
    taken.release().unwrap();
    assert!(!keep.exists());
    git(&user, &["gc", "-q", "--prune=now"]);
    assert_eq!(git(&user, &["log", "--format=%s", &head]), "work\nfirst");
    assert_eq!(git(&user, &["fsck", "--strict"]), "");
}

#[test]
fn abandoned_packs_are_released_in_time() {
    let bench = Bench::new();
    bench.make();
    commit(&bench.folder(), &[("c.txt", "three\n")], "work");
    let keep = collect(&bench, None).keep.unwrap();
    let user = Git::bare(&bench.user().join(".git"));
    let hour = Duration::from_secs(3600);
    let now = SystemTime::now();
    assert_eq!(release_abandoned(&user, now, hour).unwrap(), 0);
    assert_eq!(release_abandoned(&user, now + 2 * hour, hour).unwrap(), 1);
    assert!(!keep.exists());
}

#[test]
fn leftovers_come_along_but_for_what_cannot() {
    let bench = Bench::new();
    commit(&bench.user(), &[(".gitignore", "*.log\n"), ("old/x", "x"), ("pipe", "p")], "more");
    bench.make();
    let folder = bench.folder();
    put(&folder, "new.txt", "n");
    put(&folder, "x.log", "ignored");
    put(&folder, "big.bin", &"x".repeat(2000));
    put(&folder, "odd \"name\n", "o");
    put(&folder, ".env", "secret");
    git(&folder, &["add", "-f", ".env"]);
    fs::remove_file(folder.join("a.txt")).unwrap();
    fs::remove_dir_all(folder.join("old")).unwrap();
    std::os::unix::fs::symlink("src", folder.join("old")).unwrap();
    fs::remove_file(folder.join("pipe")).unwrap();
    fifo(&folder.join("pipe"));
    fifo(&folder.join("pipe2"));
    fifo(&folder.join(".git/pipe"));
    init(&folder.join("nested"));
    commit(&folder.join("nested"), &[("n", "n")], "nested");
    put(&folder, ".git/index.lock", "");
    put(&folder, ".git/HEAD.lock", "");
    let exclude = [".env".to_owned()];
    let stream = sent(&bench, Some("what was left"), &exclude).unwrap();
    let taken = taken(&bench, &stream).unwrap();
    let names = ".gitignore\nnew.txt\n\"odd \\\"name\\n\"\nold\npipe\nsrc/b.txt";
    assert_eq!(files(&bench, &taken), names);
    let left =
        "big.bin (0 MiB), nested/ (a repository of its own), pipe (neither a file nor a link)";
    assert_eq!(taken.header.left_out.join(", "), left);
    assert_eq!(taken.header.leftovers_committed, 5);
    let head = taken.head.unwrap().to_string();
    let shown = git(&bench.user(), &["log", "-1", "--format=%s by %an", &head]);
    assert_eq!(shown, "what was left by opus");
}

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn leftovers_settle_and_are_committed_once() {
    let bench = Bench::new();
    bench.make();
    put(&bench.folder(), "new.txt", "n");
    let first = collect(&bench, Some("left"));
    let lies = || git(&bench.folder(), &["status", "--porcelain"]);
    assert_eq!(lies(), "");
    assert_eq!(collect(&bench, Some("left")).head, first.head);
    fs::write(bench.folder().join(".git/index"), "broken").unwrap();
    put(&bench.folder(), "new.txt", "more");
    let second = collect(&bench, Some("left"));
    assert_eq!(second.header.leftovers_committed, 1);
    assert_eq!(lies(), "");
}

#[test]
fn what_git_cannot_take_up_is_not_lost_in_silence() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    for (key, value) in [("filter.no.clean", "false"), ("filter.no.required", "true")] {
        git(&folder, &["config", key, value]);
    }
    put(&folder, ".gitattributes", "*.no filter=no\n");
    put(&folder, "a.no", "a");
    let error = format!("{:#}", sent(&bench, Some("left"), &[]).unwrap_err());
    assert!(error.contains("cannot add the leftovers") && error.contains("a.no"), "{error}");
    let said =
        |why: &str| leftovers::unseen(&format!("warning: could not open directory 'x/': {why}"));
    assert_eq!(said("Permission denied").unwrap().len(), 1);
    assert!(said("Input/output error").is_err());
    assert!(leftovers::unseen("warning: something else").unwrap().is_empty());
}

#[test]
fn what_the_killed_left_in_the_workspace_is_no_obstacle() {
    let bench = Bench::new();
    bench.make();
    put(&bench.folder(), "new.txt", "n");
    // In a sandbox of its own every helper has the number that the killed one had.
    for name in ["buildq-index", "buildq-note", "buildq-file"] {
        for end in ["", ".lock"] {
            let left = format!("{name}-{}{end}", std::process::id());
            put(&bench.folder().join(".git"), &left, "");
        }
    }
    assert_eq!(collect(&bench, Some("left")).header.leftovers_committed, 1);
}

#[test]
fn unfinished_merges_and_rebases_lose_nothing() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    git(&folder, &["checkout", "-q", "-b", "other"]);
    commit(&folder, &[("a.txt", "other\n")], "other");
    git(&folder, &["checkout", "-q", "build/hello"]);
    commit(&folder, &[("a.txt", "mine\n"), ("z.txt", "z\n")], "mine");
    commit(&folder, &[("y.txt", "y\n")], "mine too");
    let mine = git(&folder, &["rev-parse", "HEAD"]);
    for verb in ["merge", "rebase"] {
        let ended = Git::at(&folder).try_run([verb, "other"]).unwrap();
        assert_ne!(ended.0, 0, "a conflict is due");
        let taken = collect(&bench, Some("left"));
        let head = taken.head.unwrap().to_string();
        let told = git(&bench.user(), &["log", "-1", "--format=%b", &head]);
        assert!(told.contains(&format!("An unfinished {verb} is in it.")), "{told}");
        let log = git(&bench.user(), &["log", "--format=%s", &head]);
        let mut subjects: Vec<&str> = log.lines().collect();
        subjects.sort();
        assert_eq!(subjects, ["first", "left", "mine", "mine too", "other"]);
        git(&folder, &["reset", "-q", "--hard", &mine]);
    }
}

#[test]
fn rewritten_and_detached_histories_are_taken_as_they_are() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    git(&folder, &["checkout", "-q", "--orphan", "fresh"]);
    commit(&folder, &[("c.txt", "three\n")], "anew");
    git(&folder, &["checkout", "-q", "--detach"]);
    let taken = collect(&bench, None);
    assert!(!taken.descends);
    assert_eq!(
        git(&bench.user(), &["log", "--format=%s", &taken.head.unwrap().to_string()]),
        "anew"
    );
}

#[test]
fn an_older_commit_of_the_users_is_taken_without_a_pack() {
    let bench = Bench::new();
    let first = git(&bench.user(), &["rev-parse", "HEAD"]);
    commit(&bench.user(), &[("c.txt", "c")], "second");
    bench.make();
    git(&bench.folder(), &["reset", "-q", "--hard", &first]);
    let taken = collect(&bench, None);
    assert_eq!(taken.head.unwrap().to_string(), first);
    assert!(!taken.descends);
}

#[test]
fn a_broken_head_is_an_error_and_loses_nothing() {
    let bench = Bench::new();
    bench.make();
    commit(&bench.folder(), &[("c.txt", "three\n")], "work");
    put(&bench.folder(), "left.txt", "l");
    for head in ["ref: refs/heads/none\n", "garbage\n"] {
        fs::write(bench.folder().join(".git/HEAD"), head).unwrap();
        assert!(sent(&bench, Some("left"), &[]).is_err(), "{head}");
    }
    assert!(bench.folder().join("left.txt").exists());
    assert!(bench.folder().join(".git/refs/heads/build/hello").exists());
}

#[test]
fn planted_settings_and_hooks_do_not_run() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    let trap = bench.path("trap.sh");
    fs::write(&trap, format!("#!/bin/sh\ntouch {}\n", bench.path("sprung").display())).unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    let trap = trap.to_string_lossy().into_owned();
    fs::copy(&trap, folder.join(".git/hooks/post-commit")).unwrap();
    fs::copy(&trap, folder.join(".git/hooks/reference-transaction")).unwrap();
    for key in ["core.fsmonitor", "gpg.program", "diff.external", "core.editor"] {
        git(&folder, &["config", key, &trap]);
    }
    git(&folder, &["config", "commit.gpgSign", "true"]);
    put(&folder, "left.txt", "l");
    let taken = collect(&bench, Some("left"));
    assert_eq!(taken.header.leftovers_committed, 1);
    assert!(!bench.path("sprung").exists());
}

#[test]
fn what_cannot_come_along_is_named() {
    let bench = Bench::new();
    init(&bench.path("lib"));
    commit(&bench.path("lib"), &[("f.txt", "f")], "lib");
    let lib = bench.path("lib").to_string_lossy().into_owned();
    git(&bench.user(), &["submodule", "--quiet", "add", &lib, "lib"]);
    commit(&bench.user(), &[], "submodule");
    bench.make();
    let folder = bench.folder();
    commit(&folder.join("lib"), &[("g.txt", "g")], "inside");
    put(&folder, "lib/f.txt", "dirty");
    let oid = "5".repeat(64);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 9\n");
    put(&folder, "movie", &pointer);
    put(&folder, "local/.env", "s");
    git(&folder, &["add", "-f", "local/.env"]);
    git(&folder, &["commit", "-q", "-m", "secret"]);
    let exclude = ["local".to_owned()];
    let taken = taken(&bench, &sent(&bench, Some("left"), &exclude).unwrap()).unwrap();
    let header = &taken.header;
    assert_eq!(header.submodule_trouble.len(), 2, "{header:?}");
    assert!(header.submodule_trouble[0].contains("in this workspace only"));
    assert!(header.submodule_trouble[1].contains("not committed"));
    assert_eq!(header.lfs_trouble.len(), 1);
    assert_eq!(header.copied_in_history, ["local/.env"]);

    let store = bench.user().join(".git/lfs/objects/55/55");
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join(&oid), "x").unwrap();
    git(&bench.user(), &["-C", "lib", "fetch", "-q", &folder.join("lib").to_string_lossy()]);
    let header = collect(&bench, None).header;
    assert_eq!((header.submodule_trouble.len(), header.lfs_trouble.len()), (1, 0));
}

#[test]
fn hostile_streams_are_refused_and_leave_nothing() {
    let bench = Bench::new();
    bench.make();
    commit(&bench.folder(), &[("c.txt", "three\n")], "work");
    let good = sent(&bench, None, &[]).unwrap();
    let end = good.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let (line, pack) = good.split_at(end);
    let line = String::from_utf8(line.to_vec()).unwrap();
    let head = git(&bench.folder(), &["rev-parse", "HEAD"]);
    let tree = git(&bench.folder(), &["rev-parse", "HEAD^{tree}"]);
    let with = |line: &str, pack: &[u8]| [line.as_bytes(), pack].concat();
    for (what, stream) in [
        ("says nothing", Vec::new()),
        ("middle of a word", b"{\"v\":1".to_vec()),
        ("says too much", vec![b'x'; 100_000]),
        ("nobody understands", b"{}\n".to_vec()),
        ("nobody understands", ["[".repeat(9000).as_bytes(), b"\n"].concat()),
        ("speaks version 2", with(&line.replace("\"v\":1", "\"v\":2"), pack)),
        ("no commit", with(&line.replace(&format!("\"{head}\""), "null"), pack)),
        ("not accepted", with(&line, &pack[..pack.len() / 2])),
        ("not accepted", with(&line, b"")),
        ("did not come", with(&line.replace(&head, &"7".repeat(40)), pack)),
        ("did not come", with(&line.replace(&head, &tree), pack)),
    ] {
        let error = format!("{:#}", taken(&bench, &stream).unwrap_err());
        assert!(error.contains(what), "{what}: {error}");
    }
    let keeps = fs::read_dir(bench.user().join(".git/objects/pack")).unwrap().flatten();
    assert_eq!(keeps.filter(|it| it.path().extension().is_some_and(|x| x == "keep")).count(), 0);
    assert!(taken(&bench, &with(&line, &[pack, b"junk"].concat())).is_ok());
}

#[test]
fn incomplete_and_oversized_packs_are_refused() {
    let bench = Bench::new();
    bench.make();
    let folder = bench.folder();
    commit(&folder, &[("c.txt", "three\n")], "work");
    let head = git(&folder, &["rev-parse", "HEAD"]);
    let line = serde_json::to_string(&Header {
        v: VERSION,
        head: Some(head.parse().unwrap()),
        ..Header::default()
    });
    let line = line.unwrap() + "\n";
    // The commit alone, without its tree and file.
    let pack = Git::at(&folder).feed(["pack-objects", "--stdout", "-q"], head.as_bytes()).unwrap();
    let error = taken(&bench, &[line.as_bytes(), &pack].concat()).unwrap_err().to_string();
    assert!(error.contains("not accepted"), "{error}");

    let noise: String = (0..2_000_000u32)
        .map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26))
        .collect();
    put(&folder, "noise", &noise);
    git(&folder, &["config", "core.compression", "0"]);
    commit(&folder, &[], "noise");
    let error = taken(&bench, &sent(&bench, None, &[]).unwrap()).unwrap_err().to_string();
    assert!(error.contains("maximum allowed size"), "{error}");
    assert_eq!(MAX_FILE, 50 << 20);
}

#[test]
fn a_builders_words_are_cut_and_cleaned() {
    let header = Header { left_out: vec!["x\u{1b}[2J\ny".repeat(100); 1000], ..Header::default() };
    let header = header.bounded();
    assert_eq!(header.left_out.len(), MAX_ENTRIES);
    assert!(header.left_out.iter().all(|it| it.len() <= MAX_TEXT && !it.contains('\u{1b}')));
    assert!(serde_json::to_string(&header).unwrap().len() < MAX_HEADER);
}
