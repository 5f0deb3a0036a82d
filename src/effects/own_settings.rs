//! Settings that loosen safety: they count only where no pull can change them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::git::Git;
use super::repo::Repo;

/// Every value of a setting, last one last. A value that stands in a file of the work tree,
/// because the person's settings include it, is an error: whoever writes that file would
/// decide.
pub fn values(repo: &Repo, common: &Path, key: &str) -> Result<Vec<String>> {
    if repo.setting(key).is_none() {
        return Ok(Vec::new());
    }
    let git = Git::bare(common);
    let listed = git.bytes(["config", "--show-origin", "-z", "--get-all", key])?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let parts: Vec<&str> = listed.split('\0').collect();
    let mut values = Vec::new();
    for pair in parts.chunks_exact(2) {
        let (origin, value) = (pair[0], pair[1]);
        if let Some(file) = origin.strip_prefix("file:") {
            refuse_tracked(repo, common, (&common.join(file), key))?;
        }
        values.push(value.to_owned());
    }
    Ok(values)
}

fn refuse_tracked(repo: &Repo, common: &Path, (file, key): (&Path, &str)) -> Result<()> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, common) = (real(file), real(common));
    let work_tree: Option<PathBuf> = repo.main_work_dir().map(|tree| real(&tree));
    let tracked = work_tree.is_some_and(|tree| file.starts_with(tree));
    if tracked && !file.starts_with(&common) {
        bail!(
            "`{key}` stands in `{}`, a file of the work tree: it must stand in a file of yours alone",
            file.display()
        );
    }
    Ok(())
}
