//! A person's own commit of a few files to a branch, whatever else is staged, and whichever
//! work tree has that branch checked out.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};

use super::git::Git;
use super::repo::{Repo, Stamp, Swap};
use super::{clock, files};
use crate::domain::id::Oid;

/// A branch that somebody else moved first is looked at again this often.
const ROUNDS: usize = 100;
/// A git command that holds the index is waited for this long.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(15);

/// What is to be committed, and how.
pub struct Commission<'a> {
    /// The branch, born or not.
    pub branch: &'a str,
    /// Path and content of each file.
    pub files: &'a [(String, Vec<u8>)],
    /// The whole message.
    pub message: &'a str,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Commits exactly these files on top of a branch. A work tree that has the branch checked out
/// gets the files and their index entries; nothing else of it changes. Nothing at all changes
/// when it fails.
pub fn commit_files(repo: &Repo, order: &Commission) -> Result<Oid> {
    commit(repo, order, &|_| Ok(()))
}

/// A file that somebody else was quicker to commit.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is there by now; nothing was committed\nhint: try again")]
pub struct Taken(pub String);

/// The same for files that must not be there yet, at whatever tip they are committed to; else the
/// error is [`Taken`].
pub fn commit_new_files(repo: &Repo, order: &Commission) -> Result<Oid> {
    commit(repo, order, &|tip| {
        let there = |(path, _): &&(String, Vec<u8>)| repo.entry(tip, path).is_some();
        match order.files.iter().find(there) {
            Some((path, _)) => Err(Taken(path.clone()).into()),
            None => Ok(()),
        }
    })
}

fn commit(repo: &Repo, order: &Commission, may: &dyn Fn(Oid) -> Result<()>) -> Result<Oid> {
    let mut blobs = Vec::new();
    for (path, bytes) in order.files {
        blobs.push((path.clone(), Some(repo.write_blob(bytes)?)));
    }
    for _ in 0..ROUNDS {
        let folder = repo.checked_out_at(order.branch);
        let shown = folder.map(|folder| Shown::prepare(&folder, order, &blobs)).transpose()?;
        let old = repo.branch(order.branch);
        old.map_or(Ok(()), may)?;
        let tree = match old {
            Some(tip) => repo.tree_of(tip)?,
            None => repo.empty_tree()?,
        };
        let tree = repo.edit_tree(tree, &blobs).context("cannot put the files into the tree")?;
        let commit = write(repo, tree, old.as_slice(), (order.message, order.now))?;
        let subject = order.message.lines().next().unwrap_or_default();
        let name = format!("refs/heads/{}", order.branch);
        if repo.swap(&name, old, commit, &format!("commit: {subject}"))? == Swap::Done {
            if let Some(shown) = shown {
                shown.settle()?;
            }
            return Ok(commit);
        }
    }
    bail!("`{}` moves on all the time\nhint: try again", order.branch)
}

/// Nothing is committed in nobody's name.
pub fn must_know_person(repo: &Repo) -> Result<()> {
    if !repo.knows_person() {
        bail!(
            "git does not know who you are\n\
             hint: git config --global user.name \"…\" && git config --global user.email \"…\""
        );
    }
    Ok(())
}

/// Writes a commit in the person's name, signed where the person signs commits; no ref names it
/// yet. `said` is the whole message, and when.
pub fn write(repo: &Repo, tree: Oid, parents: &[Oid], said: (&str, DateTime<Utc>)) -> Result<Oid> {
    let (message, at) = said;
    must_know_person(repo)?;
    let yes = |value: &str| matches!(value.to_lowercase().as_str(), "true" | "yes" | "on" | "1");
    if !repo.setting("commit.gpgsign").is_some_and(|value| yes(&value)) {
        let person = repo.person();
        let stamp = Stamp { author: person.clone(), committer: person, at };
        return repo.write_commit(tree, parents, &stamp, message);
    }
    let git = Git::bare(&repo.common_dir()?);
    let mut args = vec!["commit-tree".to_owned(), "-S".into(), "-F".into(), "-".into()];
    args.extend(parents.iter().flat_map(|parent| ["-p".into(), parent.to_string()]));
    args.extend(["--end-of-options".into(), tree.to_string()]);
    let commit = git.feed(&args, message.as_bytes()).context("the commit was not signed")?;
    Ok(String::from_utf8_lossy(&commit).trim().parse()?)
}

/// The work tree that has the branch checked out, ready to show the commit. As `git commit`
/// does, it holds the index's lock from before the branch moves until the index has followed.
/// Dropped before [`Shown::settle`], it leaves everything as it was.
struct Shown {
    index: PathBuf,
    lock: PathBuf,
    next: PathBuf,
    made: Vec<PathBuf>,
}

impl Shown {
    fn prepare(folder: &Path, order: &Commission, blobs: &[(String, Option<Oid>)]) -> Result<Self> {
        let git = Git::at(folder);
        let said = git.run(["rev-parse", "--absolute-git-dir", "--git-path", "index"])?;
        let (git_dir, index) = said.split_once('\n').context("git does not name its index")?;
        let (git_dir, index) = (PathBuf::from(git_dir), folder.join(index));
        let head = fs::read_to_string(git_dir.join("HEAD")).unwrap_or_default();
        if head.trim() != format!("ref: refs/heads/{}", order.branch) {
            bail!(
                "`{}` is being rebased in `{}`\nhint: finish that first, or use --no-commit",
                order.branch,
                folder.display()
            );
        }
        let lock = with_end(&index, ".lock");
        take(&lock)?;
        let next = with_end(&index, &files::new_name(".buildq"));
        // From here on dropping it lets go of the lock.
        let mut shown = Self { index, lock, next, made: Vec::new() };
        shown.stage(&git, blobs)?;
        for (path, bytes) in order.files {
            shown.put(folder, path, bytes)?;
        }
        Ok(shown)
    }

    /// The index as it will be, beside the one that is.
    fn stage(&self, git: &Git, blobs: &[(String, Option<Oid>)]) -> Result<()> {
        match fs::copy(&self.index, &self.next) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("`{}`", self.index.display()));
            }
            _ => {}
        }
        let line = |(path, blob): &(String, Option<Oid>)| {
            blob.map(|blob| format!("100644 {blob}\t{path}\0")).unwrap_or_default()
        };
        let lines: String = blobs.iter().map(line).collect();
        let git = git.clone().with("GIT_INDEX_FILE", &self.next);
        git.feed(["update-index", "--add", "-z", "--index-info"], lines.as_bytes())?;
        Ok(())
    }

    /// Writes a file where there is none; never through a link to elsewhere.
    fn put(&mut self, folder: &Path, path: &str, bytes: &[u8]) -> Result<()> {
        let place = folder.join(path);
        let parents = place.ancestors().skip(1).take_while(|parent| *parent != folder);
        for parent in parents {
            if fs::symlink_metadata(parent).is_ok_and(|found| found.is_symlink()) {
                bail!("`{}` is a link\nhint: put a real folder there", parent.display());
            }
        }
        let write = || -> std::io::Result<bool> {
            fs::create_dir_all(place.parent().unwrap_or(folder))?;
            match OpenOptions::new().write(true).create_new(true).open(&place) {
                Ok(mut file) => file.write_all(bytes).map(|()| true),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(error),
            }
        };
        if write().with_context(|| format!("cannot write `{}`", place.display()))? {
            self.made.push(place);
        }
        Ok(())
    }

    /// The index follows the branch.
    fn settle(mut self) -> Result<()> {
        self.made.clear();
        fs::rename(&self.next, &self.index).with_context(|| {
            format!(
                "the commit stands, but `{}` does not show it\nhint: git reset -q",
                self.index.display()
            )
        })
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        for file in &self.made {
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_file(&self.next);
        let _ = fs::remove_file(&self.lock);
    }
}

/// Takes the index's lock as git does: by making its file.
fn take(lock: &Path) -> Result<()> {
    let begun = clock::tick();
    loop {
        match OpenOptions::new().write(true).create_new(true).open(lock) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("`{}`", lock.display())),
        }
        if begun.elapsed() >= PATIENCE {
            bail!(
                "another git command holds `{0}`; nothing was committed\n\
                 hint: try again when it is done; if none runs, rm '{0}'",
                lock.display()
            );
        }
        thread::sleep(PAUSE);
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let place = Self::unborn();
            fs::write(place.at("a.txt"), "a\n").unwrap();
            place.git(["add", "."]);
            place.git(["commit", "-qm", "first"]);
            place
        }

        fn unborn() -> Self {
            let place = Self { dir: tempfile::tempdir().unwrap() };
            place.git(["init", "-q", "-b", "main"]);
            place.git(["config", "user.name", "Ada"]);
            place.git(["config", "user.email", "a@b"]);
            place
        }

        fn at(&self, path: &str) -> PathBuf {
            self.dir.path().join(path)
        }

        fn git<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
            let git = Git::at(self.dir.path()).set("user.name=Ada").set("user.email=a@b");
            git.set("commit.gpgsign=false").run(args).unwrap()
        }

        fn commit(&self, path: &str) -> Result<Oid> {
            let repo = Repo::at(&self.at(".git"))?;
            let files = [(path.to_owned(), b"text\n".to_vec())];
            let now = clock::now();
            let order = Commission { branch: "main", files: &files, message: "Add it\n", now };
            commit_files(&repo, &order)
        }
    }

    #[test]
    fn what_else_is_staged_stays_staged() {
        for place in [Place::new(), Place::unborn()] {
            fs::write(place.at("b.txt"), "b\n").unwrap();
            place.git(["add", "b.txt"]);
            let commit = place.commit("queue/x.md").unwrap();
            assert_eq!(place.git(["rev-parse", "main"]), commit.to_string());
            assert_eq!(place.git(["status", "--porcelain"]), "A  b.txt");
            assert_eq!(
                place.git(["show", "--format=", "--name-only", "main"]),
                "queue/x.md",
                "that file alone"
            );
            assert!(!place.at(".git/index.lock").exists());
        }
    }

    #[test]
    fn another_branch_and_its_work_tree_stay_as_they_are() {
        let place = Place::new();
        place.git(["switch", "-qc", "feature"]);
        place.commit("queue/x.md").unwrap();
        assert_eq!(place.git(["status", "--porcelain"]), "");
        assert!(!place.at("queue").exists());
        let tree = place.at("linked");
        place.git(["worktree", "add", "-q", tree.to_str().unwrap(), "main"]);
        place.commit("queue/y.md").unwrap();
        assert_eq!(Git::at(&tree).run(["status", "--porcelain"]).unwrap(), "");
        assert!(tree.join("queue/y.md").exists());
        assert!(!place.at("queue").exists());
    }

    #[test]
    fn a_file_that_somebody_was_quicker_to_commit_stays_theirs() {
        let place = Place::new();
        let tip = place.commit("queue/x.md").unwrap();
        let repo = Repo::at(&place.at(".git")).unwrap();
        let both = ["queue/y.md", "queue/x.md"];
        let files = both.map(|path| (path.to_owned(), b"mine\n".to_vec()));
        let now = clock::now();
        let order = Commission { branch: "main", files: &files, message: "Add it\n", now };
        let error = commit_new_files(&repo, &order).unwrap_err();
        assert_eq!(error.downcast_ref::<Taken>().unwrap().0, "queue/x.md");
        assert_eq!(place.git(["rev-parse", "main"]), tip.to_string());
        assert_eq!(place.git(["status", "--porcelain"]), "", "nothing of it is left");
        assert!(!place.at(".git/index.lock").exists());
    }

    #[test]
    fn where_the_index_is_held_nothing_happens() {
        let place = Place::new();
        let (before, status) = (place.git(["rev-parse", "main"]), place.git(["status", "-s"]));
        fs::write(place.at(".git/index.lock"), "").unwrap();
        let said = place.commit("queue/x.md").unwrap_err().to_string();
        assert!(said.contains("index.lock") && said.contains("nothing was committed"), "{said}");
        fs::remove_file(place.at(".git/index.lock")).unwrap();
        assert_eq!(place.git(["rev-parse", "main"]), before);
        assert_eq!(place.git(["status", "-s"]), status);
        assert!(!place.at("queue/x.md").exists());
    }

    #[test]
    fn a_rebase_is_not_pulled_away() {
        let place = Place::new();
        fs::write(place.at("a.txt"), "b\n").unwrap();
        place.git(["commit", "-qam", "second"]);
        let git = Git::at(&place.at(".")).set("user.name=Ada").set("user.email=a@b");
        let git = git.with("GIT_SEQUENCE_EDITOR", "sed -i 1s/^pick/edit/");
        git.run(["rebase", "-qi", "HEAD~1"]).unwrap();
        let said = place.commit("queue/x.md").unwrap_err().to_string();
        assert!(said.contains("is being rebased"), "{said}");
    }

    #[test]
    fn a_sparse_work_tree_stays_clean() {
        for index in ["--sparse-index", "--no-sparse-index"] {
            let place = Place::new();
            fs::create_dir(place.at("src")).unwrap();
            fs::create_dir(place.at("queue")).unwrap();
            fs::write(place.at("src/s"), "s").unwrap();
            fs::write(place.at("queue/old.md"), "s").unwrap();
            place.git(["add", "."]);
            place.git(["commit", "-qm", "more"]);
            place.git(["sparse-checkout", "set", "--cone", index, "src"]);
            place.commit("queue/x.md").unwrap();
            assert_eq!(place.git(["status", "--porcelain"]), "");
            assert_eq!(place.git(["ls-files", "-v", "queue"]).lines().count(), 2);
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let place = Place::new();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), place.at("queue")).unwrap();
        assert!(place.commit("queue/x.md").unwrap_err().to_string().contains("is a link"));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
