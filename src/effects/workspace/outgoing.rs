//! The inner half of taking over commits: what runs inside the sandbox, in the workspace, and
//! sends to standard output one line about the work and then the pack of its commits.

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
    if let Some(message) = request.leftovers {
        head = commit_leftovers(&git, folder, (&head, message), &request.rule, &mut header)?;
    }
    let bases = known(&git, request.bases)?;
    header.head = Some(head.parse()?);
    header.branch = branch(&git)?;
    header.unfinished = leftovers::unfinished(folder).map(|(what, _)| what.to_owned());
    header.submodule_trouble = trouble::submodules(folder, &head, &bases)?;
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
    (head, message): (&str, &str),
    rule: &leftovers::Rule,
    header: &mut Header,
) -> Result<String> {
    let mut staged = leftovers::stage(folder, rule)?;
    header.left_out = std::mem::take(&mut staged.left_out);
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
    let before =
        git.run(["rev-parse", "--verify", "--end-of-options", &format!("{head}^{{tree}}")])?;
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

/// Those that this workspace can see.
fn known(git: &Git, bases: &[Oid]) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for base in bases {
        let base = base.to_string();
        if git.try_run(["cat-file", "-e", "--end-of-options", &format!("{base}^{{commit}}")])?.0
            == 0
        {
            known.push(base);
        }
    }
    Ok(known)
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
