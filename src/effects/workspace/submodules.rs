//! Submodules of a workspace, from the user's local clones of them and never from the network.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::settings::Settings;
use super::{Head, Made, Private, check_out, git_inside, new_folders, write};
use crate::domain::id::Oid;
use crate::effects::git::Git;

/// Submodules of submodules are followed this far.
const DEPTH: usize = 5;

/// One place in the tree where another repository belongs.
struct Gitlink {
    path: String,
    commit: Oid,
}

/// Fills every submodule that the user has a local clone of; of the others a note is made.
pub(super) fn bring(
    folder: &Path,
    top: &Private,
    work_tree: Option<&Path>,
    made: &mut Made,
) -> Result<()> {
    bring_below(folder, top, work_tree, made, DEPTH)
}

fn bring_below(
    folder: &Path,
    parent: &Private,
    work_tree: Option<&Path>,
    made: &mut Made,
    depth: usize,
) -> Result<()> {
    let listed = folder.join(".gitmodules");
    if depth == 0 || !fs::symlink_metadata(&listed).is_ok_and(|about| about.is_file()) {
        return Ok(());
    }
    let git = git_inside(folder);
    let names = names(&git)?;
    for link in gitlinks(&git)? {
        let name = names.get(&link.path);
        let source = name.and_then(|name| source(parent, name, work_tree, &link.path));
        let (Some(name), Some(source)) = (name, source) else {
            made.notes.push(format!("submodule `{}` has no local clone: left empty", link.path));
            continue;
        };
        let place = folder.join(&link.path);
        if let Err(error) = one(&place, parent, (name, &source), &link, made, depth) {
            // An empty folder is what git itself leaves; half a submodule would be an error.
            _ = fs::remove_file(place.join(".git"));
            made.notes.push(format!("submodule `{}` is left empty: {error:#}", link.path));
        }
    }
    Ok(())
}

fn one(
    place: &Path,
    parent: &Private,
    (name, source): (&str, &Path),
    link: &Gitlink,
    made: &mut Made,
    depth: usize,
) -> Result<()> {
    let settings = Settings::read(&Git::bare(source))?;
    let private = Private {
        source,
        git_dir: parent.git_dir.join("modules").join(name),
        head: Head::Detached(place),
        commit: link.commit,
        identity: parent.identity,
        settings: &settings,
    };
    let stores = private.lay_out(&mut made.notes)?;
    new_folders(place)?;
    write(&place.join(".git"), format!("gitdir: {}\n", private.git_dir.display()).as_bytes())?;
    check_out(place, &private, link.commit, &mut made.notes)?;
    let known = git_inside(parent_folder(parent, place));
    for (key, value) in [("active", "true"), ("url", &*source.to_string_lossy())] {
        known.run(["config", "--local", &format!("submodule.{name}.{key}"), value])?;
    }
    for store in stores {
        if !made.read_only.contains(&store) {
            made.read_only.push(store);
        }
    }
    bring_below(place, &private, None, made, depth - 1)
}

/// The work tree of the repository that a submodule lies in.
fn parent_folder<'a>(parent: &'a Private, place: &'a Path) -> &'a Path {
    match parent.head {
        Head::Detached(folder) => folder,
        Head::Branch(_) => parent.git_dir.parent().unwrap_or(place),
    }
}

/// Names by path, as `.gitmodules` has them. What could leave the workspace is no name: the
/// file is content of the branch, and a builder may have written it.
fn names(git: &Git) -> Result<HashMap<String, String>> {
    let listed = git.bytes(["config", "--list", "-z", "-f", ".gitmodules"])?;
    let listed = Settings::parse(&String::from_utf8_lossy(&listed));
    let mut names = HashMap::new();
    for (key, value) in listed.iter() {
        let name = key.strip_prefix("submodule.").and_then(|key| key.strip_suffix(".path"));
        if let Some(name) = name.filter(|name| is_plain(name)) {
            names.insert(value.to_owned(), name.to_owned());
        }
    }
    Ok(names)
}

fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty()
        && !name.contains('\n')
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// The git directory of the user's clone: absorbed, or still inside the work tree.
fn source(parent: &Private, name: &str, work_tree: Option<&Path>, path: &str) -> Option<PathBuf> {
    // `a` and `a/b` would share a folder: the second then lies inside the first's repository.
    let ancestors = Path::new(name).ancestors().skip(1).filter(|part| *part != Path::new(""));
    for ancestor in ancestors {
        if parent.git_dir.join("modules").join(ancestor).join("HEAD").exists() {
            return None;
        }
    }
    let absorbed = parent.source.join("modules").join(name);
    let inside = work_tree.map(|tree| tree.join(path).join(".git"));
    let places = [Some(absorbed), inside].into_iter().flatten();
    places
        .filter(|place| place.join("objects").is_dir())
        .find_map(|place| place.canonicalize().ok())
}

fn gitlinks(git: &Git) -> Result<Vec<Gitlink>> {
    let listed = git.bytes(["ls-files", "-s", "-z"])?;
    let listed = String::from_utf8_lossy(&listed);
    let link = |entry: &str| {
        let (about, path) = entry.strip_prefix("160000 ")?.split_once('\t')?;
        let commit = about.split(' ').next()?.parse().ok()?;
        Some(Gitlink { path: path.to_owned(), commit })
    };
    Ok(listed.split('\0').filter_map(link).collect())
}
