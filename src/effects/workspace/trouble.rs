//! Work that a pack of commits does not carry: commits of submodules, files of Git LFS, and
//! copied files that were committed against the rule.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::git_inside;
use crate::effects::git::Git;

/// No pointer of Git LFS is larger.
const MAX_POINTER: u64 = 1024;
/// What a pointer begins with.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n";
/// So many are named; more say nothing new.
const MAX_NAMED: usize = 50;

/// Submodules that point to commits which exist nowhere but in this workspace, and those with work
/// that is not even committed. Where the index names none, there is nothing to ask.
pub fn submodules(folder: &Path, head: &str, bases: &[String]) -> Result<Vec<String>> {
    let git = git_inside(folder);
    let base = bases.first().map_or(super::EMPTY_TREE, String::as_str);
    let listed = git.bytes([
        "diff-tree",
        "-r",
        "-z",
        "--no-renames",
        "--raw",
        "--end-of-options",
        base,
        head,
    ])?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut fields = listed.split('\0');
    let mut found = Vec::new();
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let words: Vec<&str> = about.split(' ').collect();
        if let [_, "160000", _, commit, _] = words[..]
            && !is_elsewhere(&folder.join(path), commit)
            && found.len() < MAX_NAMED
        {
            let short = commit.get(..7).unwrap_or(commit);
            found.push(format!("{path} is at {short}, which is in this workspace only"));
        }
    }
    found.extend(dirty(&git)?.into_iter().take(MAX_NAMED));
    Ok(found)
}

/// Whether the user's own clone has the commit, or a branch that was fetched.
fn is_elsewhere(place: &Path, commit: &str) -> bool {
    let git = git_inside(place);
    let asked = || -> Result<bool> {
        let dir = git.run(["rev-parse", "--absolute-git-dir"])?;
        let lent = fs::read_to_string(Path::new(&dir).join("objects/info/alternates"));
        let stores = lent.unwrap_or_default();
        for store in stores.lines().filter(|store| !store.is_empty()) {
            // With the lender's store as its only one, git knows what the lender has.
            let lender = git.clone().with("GIT_OBJECT_DIRECTORY", store);
            if lender.try_run(["cat-file", "-e", "--end-of-options", commit])?.0 == 0 {
                return Ok(true);
            }
        }
        let args = ["for-each-ref", "--count=1", "--contains", commit, "refs/remotes"];
        let (code, fetched, _) = git.try_run(args)?;
        Ok(code == 0 && !fetched.is_empty())
    };
    asked().unwrap_or(false)
}

/// Submodules with work that is not even committed there.
fn dirty(git: &Git) -> Result<Vec<String>> {
    let args =
        ["status", "--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=none"];
    let listed = git.bytes(args)?;
    let listed = String::from_utf8_lossy(&listed);
    let line = |entry: &str| {
        let words: Vec<&str> = entry.splitn(9, ' ').collect();
        let [_, _, state, .., path] = words[..] else { return None };
        let state = state.strip_prefix('S').filter(|state| state.contains(['M', 'U']));
        (entry.starts_with("1 ") && state.is_some())
            .then(|| format!("{path} has work that is not committed in it"))
    };
    Ok(listed.split('\0').filter_map(line).collect())
}

/// Files of Git LFS that were added here: the user's store does not have them.
pub fn lfs(folder: &Path, head: &str, bases: &[String]) -> Result<Vec<String>> {
    let git = git_inside(folder);
    let mut args = vec!["rev-list", "--objects", "--end-of-options", head];
    let known: Vec<String> = bases.iter().map(|base| format!("^{base}")).collect();
    args.extend(known.iter().map(String::as_str));
    let listed = git.bytes(args)?;
    const SIZES: &str = "--batch-check=%(objectname) %(objecttype) %(objectsize) %(rest)";
    let sizes = git.feed(["cat-file", SIZES], &listed)?;
    let sizes = String::from_utf8_lossy(&sizes);
    let stores = lfs_stores(&folder.join(".git/objects"));
    let mut found = Vec::new();
    for line in sizes.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let [blob, "blob", size, path] = words[..] else { continue };
        let small = size.parse::<u64>().is_ok_and(|size| size < MAX_POINTER && size > 100);
        if !small || found.len() >= MAX_NAMED {
            continue;
        }
        let text = git.run(["cat-file", "--end-of-options", "blob", blob])?;
        if let Some(oid) = pointer(&text)
            && !stores.iter().any(|store| Path::new(store).join(&oid).exists())
        {
            found.push(format!("{path} is a file of Git LFS that is in this workspace only"));
        }
    }
    Ok(found)
}

/// Where an object of LFS lies in a store, from a pointer's text.
fn pointer(text: &str) -> Option<String> {
    let rest = text.strip_prefix(POINTER)?;
    let oid = rest.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    let plain = oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| format!("{}/{}/{oid}", &oid[..2], &oid[2..4]))
}

/// Beside every borrowed object store, where git-lfs itself looks.
fn lfs_stores(objects: &Path) -> Vec<String> {
    let lent = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    let beside = |store: &str| {
        let lfs = Path::new(store).parent()?.join("lfs/objects");
        Some(lfs.to_string_lossy().into_owned())
    };
    lent.lines().filter_map(beside).collect()
}

/// Copied paths that some commit of the work holds after all.
pub fn copied(
    folder: &Path,
    head: &str,
    bases: &[String],
    exclude: &[String],
) -> Result<Vec<String>> {
    if exclude.is_empty() {
        return Ok(Vec::new());
    }
    let git = git_inside(folder).with("GIT_LITERAL_PATHSPECS", "1");
    let mut args =
        vec!["log", "-m", "--format=", "--name-only", "-z", "--diff-filter=AMT", "--no-renames"];
    args.extend(["--end-of-options", head]);
    let known: Vec<String> = bases.iter().map(|base| format!("^{base}")).collect();
    args.extend(known.iter().map(String::as_str));
    args.push("--");
    args.extend(exclude.iter().map(String::as_str));
    let listed = git.bytes(args)?;
    let listed = String::from_utf8_lossy(&listed);
    let mut paths: Vec<String> = listed
        .split('\0')
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths.truncate(MAX_NAMED);
    Ok(paths)
}
