//! The inner half of taking over commits: what runs inside the sandbox, in the workspace, and
//! sends to standard output one line about the work and then the pack of its commits.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

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
    let Known { mut head, tree, bases } = known(&git, request.bases)?;
    let mut header = Header { v: VERSION, ..Header::default() };
    let mut has_submodules = true;
    if let Some(message) = request.leftovers {
        let mut staged = leftovers::stage(folder, &request.rule)?;
        has_submodules = staged.has_links;
        header.left_out = std::mem::take(&mut staged.left_out);
        head = commit_leftovers(&git, folder, (&head, &tree, message), staged, &mut header)?;
    }
    // It packs while the other questions are asked.
    let packing = match bases.contains(&head) {
        true => None,
        false => Some(Packing::begin(&git, &head, &bases)?),
    };
    header.head = Some(head.parse()?);
    header.submodule_trouble = match has_submodules {
        true => trouble::submodules(folder, &head, &bases)?,
        false => Vec::new(),
    };
    header.lfs_trouble = trouble::lfs(folder, &head, &bases)?;
    header.copied_in_history = trouble::copied(folder, &head, &bases, request.rule.exclude)?;
    let line = serde_json::to_string(&header.bounded())?;
    writeln!(out, "{line}").and_then(|()| out.flush()).context("nobody takes the commits")?;
    packing.map_or(Ok(()), |packing| packing.end(out))
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

/// What stands in the workspace before anything is done to it.
struct Known {
    /// HEAD's commit.
    head: String,
    /// Its tree.
    tree: String,
    /// The commits of the host that this workspace can see.
    bases: Vec<String>,
}

/// Asked at once, since each question to git is a process.
fn known(git: &Git, bases: &[Oid]) -> Result<Known> {
    let mut bases: Vec<String> = bases.iter().map(Oid::to_string).collect();
    let mut seen = HashSet::new();
    bases.retain(|base| seen.insert(base.clone()));
    let mut asked = "HEAD^{commit}\nHEAD^{tree}\n".to_owned();
    bases.iter().for_each(|base| asked.push_str(&format!("{base}^{{commit}}\n")));
    let told = git.feed(["cat-file", "--batch-check"], asked.as_bytes())?;
    let told = String::from_utf8_lossy(&told);
    let mut lines = told.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let (head, tree) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (head, tree) = match (&head[..], &tree[..]) {
        ([head, "commit", _], [tree, "tree", _]) => ((*head).to_owned(), (*tree).to_owned()),
        ([head, "commit", _], _) => bail!("the commit `{head}` has no tree in this workspace"),
        _ => match note::head(git)? {
            None => {
                bail!(
                    "this workspace is on a branch without any commit\nhint: commit something on it"
                )
            }
            Some(head) => bail!("the commit `{head}` cannot be read in this workspace"),
        },
    };
    let mut there = lines.map(|words| matches!(words[..], [_, "commit", _]));
    bases.retain(|_| there.next() == Some(true));
    Ok(Known { head, tree, bases })
}

/// A git that packs what the host does not have.
struct Packing(Child);

impl Packing {
    fn begin(git: &Git, head: &str, bases: &[String]) -> Result<Self> {
        let args = ["pack-objects", "--revs", "--thin", "--stdout", "-q", "--delta-base-offset"];
        let mut command = git.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut packing = Self(command.spawn().context("cannot run `git`")?);
        let mut wanted = format!("{head}\n");
        bases.iter().for_each(|base| wanted.push_str(&format!("^{base}\n")));
        if let Some(mut pipe) = packing.0.stdin.take() {
            pipe.write_all(wanted.as_bytes()).context("`git pack-objects` does not listen")?;
        }
        Ok(packing)
    }

    fn end(mut self, out: &mut impl Write) -> Result<()> {
        let pack = self.0.stdout.take();
        let copied = pack.map_or(Ok(0), |mut pipe| std::io::copy(&mut pipe, out));
        let status = self.0.wait()?;
        if !status.success() {
            bail!("`git pack-objects` failed: {status}");
        }
        copied.and_then(|_| out.flush()).context("nobody takes the commits")
    }
}

impl Drop for Packing {
    /// One that nobody waits for any more ends; one that has ended is not hurt.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
