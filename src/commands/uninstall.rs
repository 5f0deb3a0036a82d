//! `buildq uninstall`

use std::path::Path;

use anyhow::Result;

use crate::effects::hooks::{self, How, Installed};
use crate::effects::timers::{self, Found, Host};

/// Turn buildq off in this clone: nothing of it stays running
///
/// Ends running builds (their work is kept), removes hooks, timer and local state. Branches,
/// ledger and files stay; the command that removes them is printed.
#[derive(clap::Args, Debug)]
pub struct Uninstall {
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
}

/// What the system itself no longer calls.
pub struct Outer {
    /// The hooks.
    pub hooks: Vec<Installed>,
    /// The timers.
    pub timers: Vec<Found>,
}

/// Removes hooks and timers first, so that nothing starts anew while builds end.
pub fn silence(hooks_dir: &Path, host: &Host, clone_id: &str) -> Result<Outer> {
    let timers = timers::remove(host, clone_id)?;
    Ok(Outer { hooks: hooks::remove(hooks_dir)?, timers })
}

/// The rest of what was done, and what stays.
#[derive(Default)]
pub struct Left<'a> {
    /// Builds that were ended, each as `<task> attempt <n>`.
    pub ended: &'a [String],
    /// How many workspaces were removed.
    pub workspaces: usize,
    /// Workspaces that stay because their work is in no ref yet.
    pub kept_workspaces: &'a [String],
    /// Branches of buildq, without `refs/heads/`: ledger, status, builds it made.
    pub branches: &'a [String],
    /// How many refs lie below `refs/buildq/`.
    pub attempts: usize,
    /// Tracked files of buildq that are there.
    pub files: &'a [String],
    /// The hooks folder has another owner: where, and why.
    pub managed: Option<&'a str>,
}

/// All that is printed at the end.
pub fn told(outer: &Outer, left: &Left<'_>) -> String {
    let row = |label: &str, text: &str| format!("{label:<10} {text}\n");
    let mut text = String::new();
    for build in left.ended {
        text += &row("ended", &format!("{build}; its work is kept"));
    }
    for hook in &outer.hooks {
        let note = hook.note.map_or(String::new(), |note| format!(": {note}"));
        let label = if hook.how == How::Kept { "left" } else { "removed" };
        text += &row(label, &format!("hook {}{note}", hook.hook));
    }
    if let Some(why) = left.managed {
        text += &row("to do", &format!("take `buildq hook` out of your hooks: {why}"));
    }
    for found in &outer.timers {
        text += &row("removed", &found.kind.to_string());
    }
    if left.workspaces > 0 {
        let many = if left.workspaces == 1 { "" } else { "s" };
        text += &row("removed", &format!("{} workspace{many}", left.workspaces));
    }
    if text.is_empty() {
        text += "nothing of buildq runs here\n";
    }
    for workspace in left.kept_workspaces {
        text += &row("kept", &format!("{workspace}: its work is on no branch"));
    }
    text + &kept(left)
}

fn kept(left: &Left<'_>) -> String {
    let mut text = String::new();
    let mut undo = Vec::new();
    if !left.branches.is_empty() {
        text += &format!("kept       branches {}\n", left.branches.join(", "));
        undo.push(format!("git branch -D {}", shell_words::join(left.branches)));
    }
    if left.attempts > 0 {
        text += &format!("kept       the work of {} attempts below refs/buildq/\n", left.attempts);
        undo.push(
            "git for-each-ref --format='delete %(refname)' refs/buildq/ | git update-ref --stdin"
                .into(),
        );
    }
    if !left.files.is_empty() {
        text += &format!("kept       {}\n", left.files.join(", "));
        undo.push(format!("git rm -r {}", shell_words::join(left.files)));
    }
    if !undo.is_empty() {
        text += "\nto remove these too, for good:\n";
        text.extend(undo.iter().map(|line| format!("  {line}\n")));
    }
    text + "\nback on: buildq init\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_what_stays_is_said() {
        let dir = tempfile::tempdir().unwrap();
        hooks::install(dir.path(), false, Path::new("/opt/buildq")).unwrap();
        let host = Host {
            path: "/nowhere".into(),
            config: dir.path().join("config"),
            home: dir.path().into(),
            macos: false,
        };
        let outer = silence(dir.path(), &host, "4f1c").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let branches = ["buildq".to_owned(), "build/greet".to_owned()];
        let files = ["buildq.yaml".to_owned(), "my queue".to_owned()];
        let left = Left {
            ended: &["greet attempt 2".to_owned()],
            workspaces: 1,
            branches: &branches,
            attempts: 2,
            files: &files,
            ..Left::default()
        };
        assert_eq!(
            told(&outer, &left),
            "ended      greet attempt 2; its work is kept\n\
             removed    hook post-commit\n\
             removed    hook post-merge\n\
             removed    hook post-rewrite\n\
             removed    hook post-applypatch\n\
             removed    1 workspace\n\
             kept       branches buildq, build/greet\n\
             kept       the work of 2 attempts below refs/buildq/\n\
             kept       buildq.yaml, my queue\n\
             \n\
             to remove these too, for good:\n  \
               git branch -D buildq build/greet\n  \
               git for-each-ref --format='delete %(refname)' refs/buildq/ | git update-ref --stdin\n  \
               git rm -r buildq.yaml 'my queue'\n\
             \n\
             back on: buildq init\n"
        );
        let outer = silence(dir.path(), &host, "4f1c").unwrap();
        let text = told(&outer, &Left::default());
        assert_eq!(text, "nothing of buildq runs here\n\nback on: buildq init\n");
    }
}
