//! Being told by the system when a ref moves: nothing looks again and again.

use std::io::Write as _;
use std::path::Path;

use ::notify::{Event, EventKind, RecursiveMode, Watcher};
use anyhow::{Context as _, Result};

use super::Bell;

/// Rings the bell of whoever sleeps, as long as it lives.
pub(super) struct RefsWatch {
    _watcher: ::notify::RecommendedWatcher,
}

impl RefsWatch {
    /// Watches the refs below a git directory, packed or loose.
    pub(super) fn of(common: &Path, bell: &Bell) -> Result<Self> {
        let mut bell = bell.hand()?;
        // Full means that it rings already.
        let mut ring = move || drop(bell.write(b"!"));
        let refs = common.join("refs");
        let below = refs.clone();
        let heard = move |event: ::notify::Result<Event>| match event {
            Ok(event) if event.need_rescan() || tells(&event, &below) => ring(),
            Ok(_) => {}
            // What was missed is looked for.
            Err(_) => ring(),
        };
        let watched = || -> ::notify::Result<_> {
            let mut watcher = ::notify::recommended_watcher(heard)?;
            watcher.watch(&refs, RecursiveMode::Recursive)?;
            // `packed-refs` is replaced by renaming, so that its folder is what tells.
            watcher.watch(common, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        };
        let watcher = watched().with_context(|| format!("cannot watch `{}`", common.display()))?;
        Ok(Self { _watcher: watcher })
    }
}

/// Whether a ref may have moved; reading one, and the lock that is held on the way, are no news.
fn tells(event: &Event, refs: &Path) -> bool {
    let moved = matches!(
        event.kind,
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any
    );
    let counts = |path: &Path| {
        let lock = path.extension().is_some_and(|end| end == "lock");
        let packed = path.file_name().is_some_and(|name| name == "packed-refs");
        packed || (path.starts_with(refs) && !lock)
    };
    moved && event.paths.iter().any(|path| counts(path))
}

#[cfg(test)]
mod tests {
    use ::notify::event::{AccessKind, CreateKind, ModifyKind, RenameMode};

    use super::*;

    #[test]
    fn only_what_moves_a_ref_tells() {
        let refs = Path::new("/r/.git/refs");
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        for (kind, paths, told) in [
            (renamed, &["/r/.git/refs/heads/main.lock", "/r/.git/refs/heads/main"][..], true),
            (EventKind::Create(CreateKind::File), &["/r/.git/refs/heads/main.lock"], false),
            (EventKind::Create(CreateKind::Folder), &["/r/.git/refs/heads/build"], true),
            (EventKind::Access(AccessKind::Any), &["/r/.git/refs/heads/main"], false),
            (renamed, &["/r/.git/packed-refs.lock", "/r/.git/packed-refs"], true),
            (renamed, &["/r/.git/index.lock", "/r/.git/index"], false),
        ] {
            let mut event = Event::new(kind);
            event.paths = paths.iter().map(Into::into).collect();
            assert_eq!(tells(&event, refs), told, "{event:?}");
        }
    }
}
