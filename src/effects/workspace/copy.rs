//! Ignored files that a build needs (`.env`, a local database, `node_modules`) are copied from
//! the user's work tree. Tracked files never are: they come with the base.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Made, canonical, new_folders};
use crate::effects::git::Git;

/// Ignored entries looked at: a bound for work trees with millions of build products.
const MAX_ENTRIES: usize = 500_000;

/// Copies what the globs match and notes what could not come.
pub(super) fn bring(
    work_tree: &Path,
    folder: &Path,
    globs: &[String],
    made: &mut Made,
) -> Result<()> {
    if globs.is_empty() {
        return Ok(());
    }
    let globs = matcher(globs)?;
    let tree = canonical(work_tree)?;
    let mut chosen = Vec::new();
    let mut left = MAX_ENTRIES;
    for path in ignored(&tree)? {
        choose(&tree, &path, &globs, &mut left, &mut chosen);
    }
    if left == 0 {
        made.notes.push("too many ignored files: not all were looked at for a copy".to_owned());
    }
    for path in chosen {
        let text = path.to_string_lossy().into_owned();
        match place(folder, &path) {
            Ok(place) => {
                copy(&tree, &tree.join(&path), &place, &mut made.notes)?;
                made.copied.push(text);
            }
            Err(why) => made.notes.push(format!("`{text}` is not copied: {why}")),
        }
    }
    Ok(())
}

/// Globs hold from the top of the work tree, as in `.env` or `**/.env`.
fn matcher(globs: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let glob = glob.trim_start_matches("./").trim_matches('/');
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(glob.context("`workspace.copy` has a glob that cannot be read")?);
    }
    Ok(set.build()?)
}

/// Ignored files, and ignored folders as one entry each.
fn ignored(tree: &Path) -> Result<Vec<PathBuf>> {
    use std::os::unix::ffi::OsStrExt as _;
    let flags = ["-o", "-i", "--exclude-standard", "--directory", "-z"];
    let listed = Git::at(tree).bytes(std::iter::once("ls-files").chain(flags))?;
    let paths = listed.split(|&byte| byte == 0).filter(|path| !path.is_empty());
    let plain = |path: &[u8]| {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        PathBuf::from(std::ffi::OsStr::from_bytes(path))
    };
    Ok(paths.map(plain).collect())
}

/// An entry that matches comes whole; in a folder that does not, its entries are asked.
fn choose(tree: &Path, path: &Path, globs: &GlobSet, left: &mut usize, chosen: &mut Vec<PathBuf>) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    if globs.is_match(path) {
        chosen.push(path.to_owned());
        return;
    }
    let full = tree.join(path);
    if !fs::symlink_metadata(&full).is_ok_and(|about| about.is_dir()) {
        return;
    }
    let mut below: Vec<_> = fs::read_dir(&full)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    below.sort();
    for name in below {
        choose(tree, &path.join(name), globs, left, chosen);
    }
}

/// Where it goes: no place that the base already fills, and none behind a link of the base's.
fn place(folder: &Path, path: &Path) -> Result<PathBuf, &'static str> {
    // Such a path could not be written into the file of excludes.
    if path.to_str().is_none_or(|path| path.contains('\n')) {
        return Err("its name is odd");
    }
    let mut place = folder.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Err("its path is odd") };
        place.push(name);
        match fs::symlink_metadata(&place) {
            Ok(_) if parts.peek().is_none() => return Err("the base has it tracked"),
            Ok(about) if !about.is_dir() => return Err("the base has something else there"),
            Ok(_) => {}
            Err(_) if parts.peek().is_some() => {
                new_folders(&place).map_err(|_| "its folder cannot be made")?;
            }
            Err(_) => {}
        }
    }
    Ok(place)
}

/// Regular files and folders with their modes; links that stay inside the work tree as links.
fn copy(tree: &Path, from: &Path, to: &Path, notes: &mut Vec<String>) -> Result<()> {
    let failed = || format!("cannot copy `{}`", from.display());
    let about = fs::symlink_metadata(from).with_context(failed)?;
    let kind = about.file_type();
    if kind.is_file() {
        fs::copy(from, to).with_context(failed)?;
    } else if kind.is_dir() {
        new_folders(to)?;
        for entry in fs::read_dir(from).with_context(failed)? {
            let name = entry.with_context(failed)?.file_name();
            copy(tree, &from.join(&name), &to.join(&name), notes)?;
        }
        fs::set_permissions(to, about.permissions()).with_context(failed)?;
    } else if kind.is_symlink() {
        let target = fs::read_link(from).with_context(failed)?;
        let inside = from.canonicalize().is_ok_and(|end| end.starts_with(tree));
        if target.is_relative() && inside {
            symlink(target, to).with_context(failed)?;
        } else {
            notes.push(format!("`{}` is not copied: it links elsewhere", from.display()));
        }
    }
    Ok(())
}
