//! What is the user's, and whether it stays as it is.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use super::{TestRepo, files_below};

/// All that is the user's, byte by byte: work tree, index, HEAD, its log, config, hooks, stash,
/// and every ref that is not the queue's.
#[derive(Debug, PartialEq)]
pub struct Mine {
    files: BTreeMap<String, (Vec<u8>, u32, i64, i64)>,
    refs: Vec<String>,
    stash: String,
}

impl Mine {
    /// All of it, as it stands.
    pub fn look(repo: &TestRepo) -> Self {
        let mut files = BTreeMap::new();
        for path in files_below(repo.dir()) {
            let name = path.strip_prefix(repo.dir()).unwrap().to_str().unwrap().to_owned();
            let of_git = name.strip_prefix(".git/");
            let kept =
                ["HEAD", "index", "config", "logs/HEAD", "hooks/", "info/", "logs/refs/stash"];
            if of_git.is_some_and(|name| !kept.iter().any(|kept| name.starts_with(kept))) {
                continue;
            }
            let about = std::fs::symlink_metadata(&path).unwrap();
            let bytes = std::fs::read(&path).unwrap_or_default();
            files.insert(name, (bytes, about.mode(), about.mtime(), about.mtime_nsec()));
        }
        let refs = repo.ask(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let own = ["refs/heads/build/", "refs/heads/buildq", "refs/buildq/"];
        let refs = refs.lines().filter(|line| !own.iter().any(|own| line.starts_with(own)));
        Self {
            files,
            refs: refs.map(str::to_owned).collect(),
            stash: repo.ask(["stash", "list", "--format=%H %gs"]),
        }
    }

    /// Nothing of it has changed, by so much as a time.
    #[track_caller]
    pub fn is_still(&self, repo: &TestRepo) {
        let now = Self::look(repo);
        for (name, before) in &self.files {
            assert!(now.files.get(name) == Some(before), "`{name}` was touched");
        }
        for name in now.files.keys() {
            assert!(self.files.contains_key(name), "`{name}` is new");
        }
        assert_eq!(self.refs, now.refs);
        assert_eq!(self.stash, now.stash);
    }
}
