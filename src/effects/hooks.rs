//! Installing, finding and removing the hook shims.
//!
//! A hook of buildq is one marked block, wherever it stands: alone in a file of its own, as a
//! block inside a shell hook that was there before, or in a file that calls the earlier hook,
//! which then lies beside it as `<hook>.before-buildq`. The word at the end of the id line says
//! which of the three, so that removal gives back exactly what was there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

mod file;
use file::{File, Kind, Ours, read, write};

const ALONE: &str = include_str!("../../hooks/alone.sh");
const BLOCK: &str = include_str!("../../hooks/block.sh");
const BLOCK_STDIN: &str = include_str!("../../hooks/block-stdin.sh");
const CHAIN_TAIL: &str = include_str!("../../hooks/chain-tail.sh");
const LINT_ALONE: &str = include_str!("../../hooks/lint-alone.sh");
const LINT_BLOCK: &str = include_str!("../../hooks/lint-block.sh");

const VERSION: &str = "1";
const SHEBANG: &str = "#!/bin/sh\n";
const BEFORE: &str = ".before-buildq";
/// Below the common git directory: written by a shim that finds no buildq.
pub const FAILED_MARK: &str = "buildq/hook-failed";

/// The hooks of a repository with a work tree.
const WORK: [&str; 4] = ["post-commit", "post-merge", "post-rewrite", "post-applypatch"];
/// The hooks of a bare repository.
const BARE: [&str; 1] = ["post-receive"];
/// The one that lints what is staged, where a person wants it; exit code 1 refuses the commit, and
/// no other does.
const LINT: &str = "pre-commit";

/// Which hooks buildq uses.
pub fn names(bare: bool) -> &'static [&'static str] {
    if bare { &BARE } else { &WORK }
}

/// Whether git tells the hook something on standard input.
fn reads_input(hook: &str) -> bool {
    matches!(hook, "post-rewrite" | "post-receive")
}

/// How a hook came to its place, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// There was none: a file of buildq's own.
    New,
    /// A marked block in the shell hook that was there.
    Block,
    /// The hook that was there is called after buildq.
    Chained,
    /// Installed already, exactly so.
    Unchanged,
    /// Installed already by another version or for another path, and now renewed.
    Updated,
    /// Taken away; what was there before is back.
    Removed,
    /// Left alone; the note says why.
    Kept,
}

/// One hook after [`install`] or [`remove`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name, e.g. `post-commit`.
    pub hook: &'static str,
    /// What was done.
    pub how: How,
    /// Its file.
    pub path: PathBuf,
    /// Something about the hook that was there, which its owner should know.
    pub note: Option<&'static str>,
}

/// Whether a hook is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Ours, of this version.
    Present,
    /// Ours, of another version.
    Old,
    /// No such hook.
    Missing,
    /// A hook of somebody else alone.
    Foreign,
}

/// Who looks after the hooks folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Git's own folder: hooks may be installed there.
    Own(PathBuf),
    /// `core.hooksPath` points elsewhere: nothing is written, the [`snippet`] is for its owner.
    Managed {
        /// Where git looks for hooks.
        path: PathBuf,
        /// In words, e.g. `core.hooksPath is .husky (local configuration)`.
        why: String,
    },
}

/// `core.hooksPath` where it is set.
#[derive(Clone, Debug)]
pub struct HooksPath<'a> {
    /// As written in the configuration.
    pub value: &'a str,
    /// `local`, `worktree`, `global`, `system` or `command`.
    pub scope: &'a str,
    /// What it means: absolute.
    pub resolved: PathBuf,
}

/// Decides from the common git directory and the setting. A setting that names git's own
/// folder is no manager.
pub fn place(common: &Path, setting: Option<HooksPath<'_>>) -> Place {
    let own = common.join("hooks");
    match setting {
        Some(set) if !same_place(&set.resolved, &own) => Place::Managed {
            why: format!("`core.hooksPath` is `{}` ({} configuration)", set.value, set.scope),
            path: set.resolved,
        },
        _ => Place::Own(own),
    }
}

fn same_place(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// For a hooks folder that somebody else manages: per hook the line to add to it.
pub fn snippet(exe: &Path, bare: bool) -> Result<String> {
    let exe = quoted(exe)?;
    let line = |hook: &&str| {
        let input = if reads_input(hook) { "" } else { " </dev/null" };
        format!("{hook}: {exe} hook {hook} \"$@\"{input} || :\n")
    };
    Ok(names(bare).iter().map(line).collect())
}

/// The same for the hook that lints.
pub fn lint_snippet(exe: &Path) -> Result<String> {
    let exe = quoted(exe)?;
    Ok(format!("{LINT}: {exe} hook {LINT} \"$@\" </dev/null || [ $? -ne 1 ] || exit 1\n"))
}

/// Puts the hook that lints in its place, beside the others.
pub fn install_lint(hooks_dir: &Path, exe: &Path) -> Result<Installed> {
    fs::create_dir_all(hooks_dir)
        .with_context(|| format!("cannot make `{}`", hooks_dir.display()))?;
    install_one(hooks_dir, LINT, &quoted(exe)?)
}

/// Puts every hook in its place. Safe to repeat; what was there keeps working.
pub fn install(hooks_dir: &Path, bare: bool, exe: &Path) -> Result<Vec<Installed>> {
    let exe = quoted(exe)?;
    fs::create_dir_all(hooks_dir)
        .with_context(|| format!("cannot make `{}`", hooks_dir.display()))?;
    names(bare).iter().map(|hook| install_one(hooks_dir, hook, &exe)).collect()
}

fn install_one(dir: &Path, hook: &'static str, exe: &str) -> Result<Installed> {
    let path = dir.join(hook);
    let (how, note) = match read(&path)? {
        None => {
            write(&path, alone(hook, exe).as_bytes(), 0o755)?;
            (How::New, None)
        }
        Some(file) => match file.ours() {
            Some(ours) => (renew(&path, hook, exe, (&file, &ours))?, None),
            None => join(&path, hook, exe, &file)?,
        },
    };
    Ok(Installed { hook, how, path, note })
}

/// Brings a hook that has our block up to date.
fn renew(path: &Path, hook: &str, exe: &str, (file, ours): (&File, &Ours)) -> Result<How> {
    let mut wanted = ours.before.to_vec();
    match ours.kind {
        // Somebody has added lines to our file: with `exec` they would never run.
        Kind::Alone if ours.after.is_empty() => wanted = alone(hook, exe).into_bytes(),
        Kind::Alone | Kind::Block => wanted.extend(block(hook, exe, Kind::Block).bytes()),
        Kind::Chain => wanted.extend(block(hook, exe, Kind::Chain).bytes()),
    }
    wanted.extend(ours.after);
    if !ours.ends_line && ours.after.is_empty() {
        wanted.pop_if(|last| *last == b'\n');
    }
    if wanted == file.bytes {
        return Ok(How::Unchanged);
    }
    write(path, &wanted, file.mode)?;
    Ok(How::Updated)
}

/// Installs beside a hook of somebody else.
fn join(path: &Path, hook: &str, exe: &str, file: &File) -> Result<(How, Option<&'static str>)> {
    let (shell, note) = file.shell();
    let Some(head) = shell else {
        chain(path, hook, exe)?;
        return Ok((How::Chained, note));
    };
    let (before, after) = file.bytes.split_at(head);
    let mut text = before.to_vec();
    // A shebang without an end: our block then has none either, which tells `remove`.
    let bare_shebang = head > 0 && !before.ends_with(b"\n");
    if bare_shebang {
        text.push(b'\n');
    }
    text.extend(block(hook, exe, Kind::Block).bytes());
    if bare_shebang {
        text.pop();
    }
    text.extend(after);
    write(path, &text, file.mode)?;
    Ok((How::Block, note))
}

/// Puts our file in the place of a hook that then lies beside it.
fn chain(path: &Path, hook: &str, exe: &str) -> Result<()> {
    let aside = aside(path);
    if fs::symlink_metadata(&aside).is_ok() {
        bail!(
            "`{}` is in the way of a hook that is to be kept\nhint: move it elsewhere, then run \
             this again",
            aside.display()
        );
    }
    // A second name first, then one rename: at no time is there no hook.
    if fs::hard_link(path, &aside).is_err() {
        fs::rename(path, &aside).with_context(|| format!("cannot rename `{}`", path.display()))?;
    }
    let text = format!("{SHEBANG}{}", block(hook, exe, Kind::Chain));
    write(path, text.as_bytes(), 0o755)
}

/// Takes every hook of ours away; byte for byte what was there before is back.
pub fn remove(hooks_dir: &Path) -> Result<Vec<Installed>> {
    let mut gone = Vec::new();
    for hook in WORK.into_iter().chain(BARE).chain([LINT]) {
        let path = hooks_dir.join(hook);
        let Some(file) = read(&path)? else { continue };
        let Some(ours) = file.ours() else { continue };
        let (how, note) = remove_one(&path, &file, &ours)?;
        gone.push(Installed { hook, how, path, note });
    }
    Ok(gone)
}

fn remove_one(path: &Path, file: &File, ours: &Ours<'_>) -> Result<(How, Option<&'static str>)> {
    let cannot = || format!("cannot remove `{}`", path.display());
    match ours.kind {
        Kind::Chain if !ours.after.is_empty() => {
            return Ok((How::Kept, Some("lines were added to it by hand; remove the block")));
        }
        Kind::Chain if fs::symlink_metadata(aside(path)).is_ok() => {
            fs::rename(aside(path), path).with_context(cannot)?;
        }
        Kind::Chain => fs::remove_file(path).with_context(cannot)?,
        Kind::Alone if ours.after.is_empty() => fs::remove_file(path).with_context(cannot)?,
        Kind::Alone | Kind::Block => {
            let mut text = ours.before.to_vec();
            if !ours.ends_line {
                text.pop();
            }
            text.extend(ours.after);
            write(path, &text, file.mode)?;
        }
    }
    Ok((How::Removed, None))
}

/// Whether the hooks are there.
pub fn state(hooks_dir: &Path, bare: bool) -> Vec<(&'static str, State)> {
    let look = |hook: &&'static str| {
        // A file that cannot be read is not ours: we make ours readable.
        let Ok(file) = read(&hooks_dir.join(hook)) else { return (*hook, State::Foreign) };
        let state = match file.as_ref().map(File::ours) {
            None => State::Missing,
            Some(None) => State::Foreign,
            Some(Some(ours)) if ours.version == VERSION => State::Present,
            Some(Some(_)) => State::Old,
        };
        (*hook, state)
    };
    names(bare).iter().map(look).collect()
}

fn alone(hook: &str, exe: &str) -> String {
    let input = if reads_input(hook) { "" } else { " </dev/null" };
    let text = if hook == LINT { LINT_ALONE } else { ALONE };
    text.replace("@HOOK@", hook).replace("@STDIN@", input).replace("@BUILDQ@", exe)
}

fn block(hook: &str, exe: &str, kind: Kind) -> String {
    let (how, tail) = match kind {
        Kind::Chain => ("chain", CHAIN_TAIL),
        Kind::Alone | Kind::Block => ("block", ""),
    };
    let text = match hook {
        LINT => LINT_BLOCK,
        _ if reads_input(hook) => BLOCK_STDIN,
        _ => BLOCK,
    };
    let text = text.replace("@HOOK@", hook).replace("@HOW@", how).replace("@TAIL@", tail);
    text.replace("@BUILDQ@", exe)
}

/// As one word of `sh`.
fn quoted(exe: &Path) -> Result<String> {
    let text = exe.to_str().with_context(|| {
        format!("the path of buildq is not UTF-8: `{}`\nhint: install it elsewhere", exe.display())
    })?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(BEFORE);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::file::is_shell;
    use super::*;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// A repository, and a stand-in for buildq on a search path of its own that notes down
    /// its arguments and its input.
    struct Repo {
        dir: tempfile::TempDir,
    }

    impl Repo {
        fn new() -> Self {
            let repo = Self { dir: tempfile::tempdir().unwrap() };
            for dir in ["work", "bin", "home"] {
                fs::create_dir(repo.at(dir)).unwrap();
            }
            let noted = repo.at("noted");
            script(
                &repo.at("bin/buildq"),
                &format!(
                    "#!/bin/sh\n{{ echo \"$*\"; cat; }} >>'{noted}'\n",
                    noted = noted.display()
                ),
            );
            repo.git(&["init", "-q", "-b", "main"]);
            repo
        }

        fn at(&self, path: &str) -> PathBuf {
            self.dir.path().join(path)
        }

        fn hooks(&self) -> PathBuf {
            self.at("work/.git/hooks")
        }

        fn hook(&self, name: &str) -> PathBuf {
            self.hooks().join(name)
        }

        fn command(&self, dir: &Path) -> Command {
            let path = std::env::var("PATH").unwrap();
            let mut command = Command::new("git");
            command.env_clear().current_dir(dir).stdin(Stdio::null());
            command.env("PATH", format!("{}:{path}", self.at("bin").display()));
            command.env("HOME", self.at("home")).env("GIT_CONFIG_NOSYSTEM", "1");
            for who in ["AUTHOR", "COMMITTER"] {
                command.env(format!("GIT_{who}_NAME"), "Ada");
                command.env(format!("GIT_{who}_EMAIL"), "ada@example.org");
            }
            command
        }

        fn git_in(&self, dir: &Path, args: &[&str]) -> (bool, String) {
            let out = self.command(dir).args(args).output().unwrap();
            let text = [out.stdout, out.stderr].concat();
            (out.status.success(), String::from_utf8(text).unwrap())
        }

        fn git(&self, args: &[&str]) -> String {
            let (good, text) = self.git_in(&self.at("work"), args);
            assert!(good, "git {args:?}: {text}");
            text
        }

        fn commit(&self, message: &str) -> String {
            self.git(&["commit", "-q", "--allow-empty", "-m", message])
        }

        /// What the stand-in was told since the last call.
        fn noted(&self) -> String {
            let text = fs::read_to_string(self.at("noted")).unwrap_or_default();
            let _ = fs::remove_file(self.at("noted"));
            text
        }

        fn install(&self) -> Vec<(How, Option<&'static str>)> {
            let done = install(&self.hooks(), false, Path::new("/nowhere/buildq")).unwrap();
            done.into_iter().map(|one| (one.how, one.note)).collect()
        }

        fn remove(&self) {
            remove(&self.hooks()).unwrap();
        }
    }

    fn script(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Every file of a folder: content or link, and mode.
    fn picture(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let look = |path: PathBuf| {
            let meta = fs::symlink_metadata(&path).unwrap();
            let bytes = match fs::read_link(&path) {
                Ok(link) => link.into_os_string().into_encoded_bytes(),
                Err(_) => fs::read(&path).unwrap(),
            };
            (path, (bytes, meta.permissions().mode()))
        };
        entries.map(look).collect()
    }

    const ALL: [How; 4] = [How::New; 4];

    #[test]
    fn a_commit_reaches_buildq() {
        let repo = Repo::new();
        let how: Vec<_> = repo.install().into_iter().map(|(how, _)| how).collect();
        assert_eq!(how, ALL);
        repo.commit("one");
        assert_eq!(repo.noted(), "hook post-commit\n");
        repo.commit("two");
        repo.noted();
        repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "too"]);
        let noted = repo.noted();
        let lines: Vec<_> = noted.lines().collect();
        assert_eq!(lines.len(), 3, "{noted}");
        assert_eq!(lines[..2], ["hook post-commit", "hook post-rewrite amend"]);
        assert_eq!(lines[2].len(), 81, "old and new commit on standard input: {noted}");
    }

    #[test]
    fn installing_twice_changes_nothing_and_removing_leaves_nothing() {
        let repo = Repo::new();
        let before = picture(&repo.hooks());
        repo.install();
        let once = picture(&repo.hooks());
        assert!(repo.install().iter().all(|(how, _)| *how == How::Unchanged));
        assert_eq!(picture(&repo.hooks()), once);
        assert!(state(&repo.hooks(), false).iter().all(|(_, is)| *is == State::Present));
        repo.remove();
        assert_eq!(picture(&repo.hooks()), before);
        assert!(state(&repo.hooks(), false).iter().all(|(_, is)| *is == State::Missing));
    }

    #[test]
    fn hooks_of_others_go_on_and_come_back_as_they_were() {
        let sh = "#!/bin/sh\necho theirs $# >&2\n";
        for (name, text, mode, how) in [
            ("sh", sh, 0o755, How::Block),
            ("its mode", sh, 0o711, How::Block),
            ("no last newline", "#!/bin/bash -eu\necho theirs $# >&2", 0o755, How::Block),
            ("env", "#!/usr/bin/env -S bash -e\necho theirs $# >&2\n", 0o755, How::Block),
            ("an exit code", "#!/bin/sh\necho theirs $# >&2\nexit 3\n", 0o755, How::Block),
            ("no shebang", "echo theirs $# >&2\n", 0o755, How::Block),
            (
                "python",
                "#!/usr/bin/env python3\nimport sys\nprint('theirs', len(sys.argv) - 1, file=sys.stderr)\n",
                0o755,
                How::Chained,
            ),
            ("perl", "#!/usr/bin/perl\nprint STDERR \"theirs 0\\n\";", 0o755, How::Chained),
        ] {
            let repo = Repo::new();
            let path = repo.hook("post-commit");
            script(&path, text);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let before = picture(&repo.hooks());
            assert_eq!(repo.install()[0].0, how, "{name}");
            let once = picture(&repo.hooks());
            assert_eq!(repo.install()[0].0, How::Unchanged, "{name}");
            assert_eq!(picture(&repo.hooks()), once, "{name}");
            assert_eq!(repo.commit("one"), "theirs 0\n", "{name}");
            assert_eq!(repo.noted(), "hook post-commit\n", "{name}");
            repo.remove();
            assert_eq!(picture(&repo.hooks()), before, "{name}");
        }
    }

    #[test]
    fn a_shebang_alone_comes_back_too() {
        for text in ["#!/bin/sh", "#!/bin/sh\n", "", "#!/bin/sh\n\n", "#!/bin/sh\n# \u{e9}"] {
            let repo = Repo::new();
            script(&repo.hook("post-merge"), text);
            let before = picture(&repo.hooks());
            repo.install();
            repo.install();
            assert_eq!(state(&repo.hooks(), false)[1].1, State::Present, "{text:?}");
            repo.remove();
            assert_eq!(picture(&repo.hooks()), before, "{text:?}");
        }
    }

    #[test]
    fn links_broken_and_switched_off_hooks_are_not_written_into() {
        let repo = Repo::new();
        let theirs = repo.at("theirs.sh");
        script(&theirs, "#!/bin/sh\necho linked >&2\n");
        symlink(&theirs, repo.hook("post-commit")).unwrap();
        fs::write(repo.hook("post-merge"), "#!/bin/sh\necho off >&2\n").unwrap();
        script(&repo.hook("post-rewrite"), "#!/bin/sh\r\necho never\r\n");
        let before = (picture(&repo.hooks()), fs::read(&theirs).unwrap());
        let done = repo.install();
        assert!(done[..3].iter().all(|(how, _)| *how == How::Chained), "{done:?}");
        assert!(done[1].1.unwrap().contains("not executable"));
        assert!(done[2].1.unwrap().contains("CRLF"));
        assert_eq!(repo.commit("one"), "linked\n");
        assert_eq!(repo.noted(), "hook post-commit\n");
        repo.git(&["checkout", "-q", "-b", "side"]);
        repo.commit("two");
        repo.git(&["checkout", "-q", "main"]);
        repo.noted();
        let said = repo.git(&["merge", "-q", "--no-ff", "-m", "three", "side"]);
        assert_eq!((said.as_str(), repo.noted().as_str()), ("", "hook post-merge 0\n"));
        repo.remove();
        assert_eq!((picture(&repo.hooks()), fs::read(&theirs).unwrap()), before);
    }

    #[test]
    fn both_read_the_same_standard_input() {
        let python = "#!/usr/bin/env python3\nimport sys\nsys.stderr.write(sys.argv[1] + sys.stdin.read())\n";
        let sh = "#!/bin/sh\nset -eu\nprintf %s \"$1\" >&2\ncat >&2\n";
        for text in [python, sh, "#!/bin/bash\nprintf %s \"$1\" >&2\nexec cat >&2\n"] {
            let repo = Repo::new();
            script(&repo.hook("post-rewrite"), text);
            repo.install();
            repo.commit("one");
            repo.noted();
            let said = repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "too"]);
            let noted = repo.noted();
            let line = noted.lines().last().unwrap();
            assert_eq!(said, format!("amend{line}\n"), "{text}");
            assert_eq!(line.len(), 81);
        }
    }

    #[test]
    fn a_bare_repository_hears_of_pushes() {
        let repo = Repo::new();
        repo.git(&["init", "-q", "--bare", "../bare.git"]);
        let hooks = repo.at("bare.git/hooks");
        script(&hooks.join("post-receive"), "#!/usr/bin/env python3\nprint(input())\n");
        let before = picture(&hooks);
        let done = install(&hooks, true, Path::new("/nowhere/buildq")).unwrap();
        assert_eq!(done.len(), 1);
        repo.commit("one");
        repo.noted();
        let said = repo.git(&["push", "-q", "../bare.git", "main"]);
        let noted = repo.noted();
        let line = noted.strip_prefix("hook post-receive\n").unwrap();
        assert!(line.ends_with(" refs/heads/main\n"), "{noted}");
        assert!(said.contains(line.trim_end()), "{said}");
        remove(&hooks).unwrap();
        assert_eq!(picture(&hooks), before);
    }

    #[test]
    fn a_linked_work_tree_shares_them() {
        let repo = Repo::new();
        repo.install();
        repo.commit("one");
        repo.git(&["worktree", "add", "-q", "../linked"]);
        repo.noted();
        let commit = ["commit", "-q", "--allow-empty", "-m", "two"];
        assert_eq!(repo.git_in(&repo.at("linked"), &commit), (true, String::new()));
        assert_eq!(repo.noted(), "hook post-commit\n");
        // Without a buildq the mark lies in the common folder, where `status` looks.
        fs::remove_file(repo.at("bin/buildq")).unwrap();
        assert_eq!(repo.git_in(&repo.at("linked"), &commit), (true, String::new()));
        assert!(repo.at("work/.git").join(FAILED_MARK).is_file());
    }

    #[test]
    fn without_a_search_path_the_absolute_one_serves_else_a_mark() {
        let repo = Repo::new();
        let exe = repo.at("it's \"here\" $HOME");
        fs::rename(repo.at("bin/buildq"), &exe).unwrap();
        for foreign in [None, Some("#!/bin/sh -eu\n:\n"), Some("#!/usr/bin/env python3\n")] {
            if let Some(text) = foreign {
                script(&repo.hook("post-commit"), text);
            }
            install(&repo.hooks(), false, &exe).unwrap();
            assert_eq!(repo.commit("one"), "");
            assert_eq!(repo.noted(), "hook post-commit\n");
            let mark = repo.at("work/.git").join(FAILED_MARK);
            assert!(!mark.exists());
            assert!(repo.install().iter().all(|(how, _)| *how == How::Updated));
            assert_eq!(repo.commit("two"), "", "{foreign:?}");
            assert!(!fs::read(&mark).unwrap().is_empty());
            fs::remove_file(&mark).unwrap();
            repo.remove();
        }
    }

    #[test]
    fn a_hook_fails_for_no_reason_of_buildqs() {
        let repo = Repo::new();
        script(&repo.at("bin/buildq"), "#!/bin/sh\nexit 7\n");
        script(&repo.hook("post-commit"), "#!/bin/sh -e\necho on >&2\n");
        script(
            &repo.hook("post-rewrite"),
            "#!/bin/bash\nset -euo pipefail\ncat >/dev/null\necho on >&2\n",
        );
        repo.install();
        assert_eq!(repo.commit("one"), "on\n");
        assert_eq!(
            repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "two"]),
            "on\non\n"
        );
    }

    #[test]
    fn a_captured_commit_returns_at_once() {
        let repo = Repo::new();
        // What `buildq hook` leaves running has no part in git's standard streams.
        script(
            &repo.at("bin/buildq"),
            "#!/bin/sh\nsetsid sleep 30 </dev/null >/dev/null 2>&1 &\necho $! >\"$HOME/pid\"\n",
        );
        for foreign in [None, Some("#!/bin/sh\ntrue\n"), Some("#!/usr/bin/env python3\n")] {
            if let Some(text) = foreign {
                script(&repo.hook("post-commit"), text);
            }
            repo.install();
            let begin = Instant::now();
            repo.commit("captured through pipes");
            assert!(begin.elapsed() < Duration::from_secs(10));
            let pid = fs::read_to_string(repo.at("home/pid")).unwrap();
            Command::new("kill").arg(pid.trim()).status().unwrap();
            repo.remove();
        }
    }

    #[test]
    fn an_older_shim_is_seen_and_renewed() {
        let repo = Repo::new();
        script(&repo.hook("post-merge"), "#!/bin/sh\ntrue\n");
        repo.install();
        let wanted = picture(&repo.hooks());
        for name in ["post-commit", "post-merge"] {
            let text = fs::read_to_string(repo.hook(name)).unwrap();
            script(&repo.hook(name), &text.replace("version 1,", "version 0,"));
        }
        let is: Vec<_> = state(&repo.hooks(), false).into_iter().map(|(_, is)| is).collect();
        assert_eq!(is, [State::Old, State::Old, State::Present, State::Present]);
        let how: Vec<_> = repo.install().into_iter().map(|(how, _)| how).collect();
        assert_eq!(how, [How::Updated, How::Updated, How::Unchanged, How::Unchanged]);
        assert_eq!(picture(&repo.hooks()), wanted);
    }

    #[test]
    fn lines_added_to_our_file_run_and_stay() {
        let repo = Repo::new();
        repo.install();
        let text = fs::read_to_string(repo.hook("post-commit")).unwrap();
        script(&repo.hook("post-commit"), &format!("{text}echo added >&2\n"));
        assert_eq!(repo.install()[0].0, How::Updated);
        assert_eq!(repo.commit("one"), "added\n");
        assert_eq!(repo.noted(), "hook post-commit\n");
        repo.remove();
        let left = fs::read_to_string(repo.hook("post-commit")).unwrap();
        assert_eq!(left, "#!/bin/sh\necho added >&2\n");
    }

    #[test]
    fn a_hook_is_never_lost_to_a_leftover() {
        let repo = Repo::new();
        fs::write(repo.hook("post-commit.before-buildq"), "precious").unwrap();
        script(&repo.hook("post-commit"), "#!/usr/bin/python3\n");
        let before = picture(&repo.hooks());
        let error = install(&repo.hooks(), false, Path::new("/b")).unwrap_err();
        assert!(error.to_string().contains("hint: move it"), "{error}");
        assert_eq!(picture(&repo.hooks()), before);
    }

    #[test]
    fn a_managed_hooks_folder_is_left_to_its_manager() {
        let dir = tempfile::tempdir().unwrap();
        let hooks = dir.path().join("hooks");
        fs::create_dir(&hooks).unwrap();
        let set = |value, resolved| HooksPath { value, scope: "local", resolved };
        assert_eq!(place(dir.path(), None), Place::Own(hooks.clone()));
        let same = set("hooks/../hooks", hooks.join("../hooks"));
        assert_eq!(place(dir.path(), Some(same)), Place::Own(hooks));
        let husky = PathBuf::from("/repo/.husky");
        assert_eq!(
            place(dir.path(), Some(set(".husky", husky.clone()))),
            Place::Managed {
                path: husky,
                why: "`core.hooksPath` is `.husky` (local configuration)".into()
            }
        );
        let lines = snippet(Path::new("/opt/buildq"), false).unwrap();
        assert!(
            lines.starts_with(
                "post-commit: '/opt/buildq' hook post-commit \"$@\" </dev/null || :\n"
            ),
            "{lines}"
        );
    }

    #[test]
    fn shells_are_told_from_the_rest() {
        for (line, shell) in [
            ("/bin/sh", true),
            (" /bin/bash -e", true),
            ("/usr/bin/env zsh", true),
            ("/usr/bin/env -S FOO=1 dash", true),
            ("/usr/bin/env python3", false),
            ("/usr/bin/env", false),
            ("/usr/bin/fish", false),
            ("", false),
        ] {
            assert_eq!(is_shell(line), shell, "{line}");
        }
    }
}
