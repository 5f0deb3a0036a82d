//! The inner half of taking over commits: what runs inside the sandbox, in the workspace, and
//! sends to standard output one line about the work and then the pack of its commits.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::note::{self, commit_tree};
use super::{git_inside, leftovers, pipes, trouble};
use crate::domain::id::Oid;
use crate::effects::collect::{Header, VERSION};
use crate::effects::git::Git;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Commits that the host has: first the one the attempt started from.
    pub bases: &'a [Oid],
    /// Commit what lies uncommitted, with this message.
    pub leftovers: Option<&'a str>,
    /// What stays out of that commit.
    pub rule: leftovers::Rule<'a>,
}

/// Commits leftovers if asked to, then writes header and pack.
pub fn send(folder: &Path, request: &Request, out: &mut impl Write) -> Result<()> {
    pipes::remove(folder);
    let git = git_inside(folder).with("GIT_NO_REPLACE_OBJECTS", "1");
    let Some(mut head) = note::head(&git)? else {
        bail!("this workspace is on a branch without any commit\nhint: commit something on it");
    };
    let mut header = Header { v: VERSION, ..Header::default() };
    let (before, bases) = known(&git, &head, request.bases)?;
    let mut has_submodules = true;
    if let Some(message) = request.leftovers {
        let mut staged = leftovers::stage(folder, &request.rule)?;
        has_submodules = staged.has_links;
        header.left_out = std::mem::take(&mut staged.left_out);
        head = commit_leftovers(&git, folder, (&head, &before, message), staged, &mut header)?;
    }
    header.head = Some(head.parse()?);
    header.branch = branch(&git)?;
    header.unfinished = leftovers::unfinished(folder).map(|(what, _)| what.to_owned());
    header.submodule_trouble = trouble::submodules(folder, &head, &bases, has_submodules)?;
    header.lfs_trouble = trouble::lfs(folder, &head, &bases)?;
    header.copied_in_history = trouble::copied(folder, &head, &bases, request.rule.exclude)?;
    header.clean = git.run(["status", "--porcelain", "-z"])?.is_empty();
    let line = serde_json::to_string(&header.bounded())?;
    writeln!(out, "{line}").and_then(|()| out.flush()).context("nobody takes the commits")?;
    if bases.contains(&head) { Ok(()) } else { pack(&git, &head, &bases, out) }
}

fn commit_leftovers(
    git: &Git,
    folder: &Path,
    (head, before, message): (&str, &str, &str),
    staged: leftovers::Staged,
    header: &mut Header,
) -> Result<String> {
    let mut parents = vec![head.to_owned()];
    let mut message = message.to_owned();
    if let Some((what, commits)) = leftovers::unfinished(folder) {
        for commit in commits {
            let contained =
                git.try_run(["merge-base", "--is-ancestor", "--end-of-options", &commit, head])?.0;
            if contained == 1 {
                parents.push(commit);
            }
        }
        if parents.len() > 1 {
            message = format!("{}\n\nAn unfinished {what} is in it.\n", message.trim_end());
        }
    }
    if staged.tree == before && parents.len() == 1 {
        return Ok(head.to_owned());
    }
    let commit = commit_tree(git, &staged.tree, &parents, &message)?;
    header.leftovers_committed = staged.paths.max(1);
    // The commit is sent by its name; a lock that a killed git left on HEAD does not lose it.
    if note::move_head(git, &commit, Some(head)).is_ok() {
        staged.settle();
    }
    Ok(commit)
}

/// The tree of HEAD's commit, and those of the commits that this workspace can see: asked at once,
/// since each question to git is a process.
fn known(git: &Git, head: &str, bases: &[Oid]) -> Result<(String, Vec<String>)> {
    let mut bases: Vec<String> = bases.iter().map(Oid::to_string).collect();
    let mut seen = HashSet::new();
    bases.retain(|base| seen.insert(base.clone()));
    let mut asked = format!("{head}^{{tree}}\n");
    bases.iter().for_each(|base| asked.push_str(&format!("{base}^{{commit}}\n")));
    let told = git.feed(["cat-file", "--batch-check"], asked.as_bytes())?;
    let told = String::from_utf8_lossy(&told);
    let mut lines = told.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let tree = match lines.next().unwrap_or_default()[..] {
        [tree, "tree", _] => tree.to_owned(),
        _ => bail!("the commit `{head}` has no tree in this workspace"),
    };
    let mut there = lines.map(|words| matches!(words[..], [_, "commit", _]));
    bases.retain(|_| there.next() == Some(true));
    Ok((tree, bases))
}

fn branch(git: &Git) -> Result<Option<String>> {
    let (code, name, _) = git.try_run(["symbolic-ref", "--quiet", "HEAD"])?;
    let name = name.strip_prefix("refs/heads/").unwrap_or(&name);
    Ok((code == 0).then(|| name.to_owned()))
}

fn pack(git: &Git, head: &str, bases: &[String], out: &mut impl Write) -> Result<()> {
    let args = ["pack-objects", "--revs", "--thin", "--stdout", "-q", "--delta-base-offset"];
    let mut command = git.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().context("cannot run `git`")?;
    let mut wanted = format!("{head}\n");
    bases.iter().for_each(|base| wanted.push_str(&format!("^{base}\n")));
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(wanted.as_bytes()).context("`git pack-objects` does not listen")?;
    }
    let copied = child.stdout.take().map_or(Ok(0), |mut pipe| std::io::copy(&mut pipe, out));
    let status = child.wait()?;
    if !status.success() {
        bail!("`git pack-objects` failed: {status}");
    }
    copied.and_then(|_| out.flush()).context("nobody takes the commits")
}
