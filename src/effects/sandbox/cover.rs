//! What stands in one place of a sandbox.

use std::path::PathBuf;

/// What stands in one place. The order counts where two are for the same path: the stricter
/// comes last, and stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// This folder, to be changed.
    Writable(PathBuf),
    /// This path, to be read.
    ReadOnly(PathBuf),
    /// Nothing.
    Empty,
}

/// Folders before what they hold, without what is shown by the folder that it lies in already:
/// each costs a mount, for every command.
pub fn in_order(mut covers: Vec<(PathBuf, Cover)>) -> Vec<(PathBuf, Cover)> {
    covers.sort();
    covers.dedup();
    // The folders around a path, the nearest last, and whether each is shown as it is.
    let mut around: Vec<(PathBuf, bool)> = Vec::new();
    covers.retain(|(path, cover)| {
        around.retain(|(folder, _)| path.starts_with(folder));
        let as_it_is = matches!(cover, Cover::ReadOnly(from) if from == path);
        let needed = !as_it_is || around.last().is_none_or(|(_, as_it_is)| !as_it_is);
        around.push((path.clone(), as_it_is));
        needed
    });
    covers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_folder_shows_is_not_shown_again() {
        let read = |path: &str| (PathBuf::from(path), Cover::ReadOnly(path.into()));
        let write = |path: &str, from: &str| (PathBuf::from(path), Cover::Writable(from.into()));
        let hide = |path: &str| (PathBuf::from(path), Cover::Empty);
        let covers = vec![
            read("/usr/bin"),
            read("/usr"),
            read("/usr"),
            read("/usr2/bin"),
            read("/usr/bin/deep/er"),
            // Below another's place, or below nothing, it would not be there.
            write("/me", "/spare"),
            read("/me/tools"),
            read("/me/tools/bin"),
            write("/me/tools/shims", "/layer"),
            read("/me/tools/shims/one"),
            hide("/me/tools/key"),
            read("/me/tools/key/open"),
            read("/me/tools/key/open/more"),
            read("/me/tools/zlib"),
            // Shown under another name, it is another.
            (PathBuf::from("/usr/other"), Cover::ReadOnly("/real/other".into())),
            read("/usr/other/part"),
            // Of two for one path the stricter stays.
            write("/work", "/work"),
            read("/work"),
            read("/me/tools/both"),
            hide("/me/tools/both"),
        ];
        let expected = [
            write("/me", "/spare"),
            read("/me/tools"),
            hide("/me/tools/both"),
            hide("/me/tools/key"),
            read("/me/tools/key/open"),
            write("/me/tools/shims", "/layer"),
            read("/me/tools/shims/one"),
            read("/usr"),
            (PathBuf::from("/usr/other"), Cover::ReadOnly("/real/other".into())),
            read("/usr/other/part"),
            read("/usr2/bin"),
            write("/work", "/work"),
            read("/work"),
        ];
        assert_eq!(in_order(covers), expected);
    }
}
