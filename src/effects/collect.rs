//! The outer half of taking over commits. The host parses no repository that a builder can
//! write: a helper inside the sandbox sends a line about the work and a pack, and git takes
//! the pack into the user's repository with every check it has.

use std::fs;
use std::io::{Read, Seek as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::domain::id::Oid;
use crate::domain::trailers::one_line;
use crate::effects::git::{Git, complaint};
use crate::effects::repo::Repo;

/// Of the line that goes before the pack.
pub const VERSION: u32 = 1;
/// The longest such line, in bytes.
const MAX_HEADER: usize = 64 * 1024;
/// In each of its lists.
const MAX_ENTRIES: usize = 100;
/// Of each of its texts, in bytes.
const MAX_TEXT: usize = 100;
/// What the file says that keeps a fresh pack from being collected as garbage.
const KEEP: &str = "buildq";
/// No single object makes the host's git ask for more memory: against packs that unfold.
const MAX_MEMORY: &str = "1g";

/// What the helper says about the work. All of it is a builder's word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of this line.
    pub v: u32,
    /// The newest commit.
    pub head: Option<Oid>,
    /// How many paths were committed because the builder had left them uncommitted.
    #[serde(default)]
    pub leftovers_committed: usize,
    /// Paths that could not be committed, each with the reason.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Work in submodules that does not come along.
    #[serde(default)]
    pub submodule_trouble: Vec<String>,
    /// Files of Git LFS that do not come along.
    #[serde(default)]
    pub lfs_trouble: Vec<String>,
    /// Copied paths that were committed against the rule.
    #[serde(default)]
    pub copied_in_history: Vec<String>,
}

impl Header {
    /// The same with every list and text cut to its bound, without control characters.
    pub fn bounded(mut self) -> Self {
        for list in [
            &mut self.left_out,
            &mut self.submodule_trouble,
            &mut self.lfs_trouble,
            &mut self.copied_in_history,
        ] {
            list.truncate(MAX_ENTRIES);
            list.iter_mut().for_each(|text| *text = one_line(text, MAX_TEXT));
        }
        self
    }
}

/// What is asked for and how much of it is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The commit that the attempt started from.
    pub base: Oid,
    /// Later commits of the attempt that were taken over before; all of them and the base were
    /// named to the helper.
    pub known: &'a [Oid],
    /// The largest pack, in bytes.
    pub max_pack: u64,
}

/// Work that is in the user's repository now, though no ref names it yet.
#[derive(Debug)]
pub struct Taken {
    /// The newest commit; `None` when it is the base: nothing was done.
    pub head: Option<Oid>,
    /// Whether the base is among its ancestors: a builder may have rewritten history.
    pub descends: bool,
    /// What the helper said.
    pub header: Header,
    /// While this file stands, no garbage collection removes the commits.
    pub keep: Option<PathBuf>,
}

impl Taken {
    /// Gives the commits into the care of the ref that names them by now.
    pub fn release(&mut self) -> Result<()> {
        match self.keep.take().map(|keep| (fs::remove_file(&keep), keep)) {
            Some((Err(error), keep)) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove `{}`", keep.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Reads what the helper sends and takes the commits into the user's repository. On an error
/// nothing of them can be reached there.
pub fn take(user: &Git, expected: &Expected, stream: &mut dyn Read) -> Result<Taken> {
    let header = read_header(stream)?;
    let head = header.head.ok_or_else(|| anyhow!("the workspace has no commit"))?;
    if head == expected.base {
        return Ok(Taken { head: None, descends: true, header, keep: None });
    }
    let user = user.clone().with("GIT_NO_REPLACE_OBJECTS", "1");
    let keep = match expected.known.contains(&head) {
        true => None,
        false => index_pack(&user, expected.max_pack, stream)?,
    };
    let mut taken = Taken { head: Some(head), descends: false, header, keep };
    match examine(&user, head, expected.base) {
        Ok(descends) => taken.descends = descends,
        Err(error) => {
            taken.release()?;
            return Err(error);
        }
    }
    Ok(taken)
}

fn read_header(stream: &mut dyn Read) -> Result<Header> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match stream.read(&mut byte) {
            Ok(0) if line.is_empty() => bail!("the workspace says nothing about its commits"),
            Ok(0) => bail!("the workspace stopped in the middle of a word"),
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == MAX_HEADER => bail!("the workspace says too much"),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("cannot hear the workspace"),
        }
    }
    let header: Header = serde_json::from_slice(&line)
        .map_err(|error| anyhow!("the workspace says what nobody understands: {error}"))?;
    if header.v != VERSION {
        bail!("the workspace speaks version {} of its line, not {VERSION}", header.v);
    }
    Ok(header.bounded())
}

/// Stores a pack. The file that keeps it stands before the pack does.
fn index_pack(user: &Git, max: u64, stream: &mut dyn Read) -> Result<Option<PathBuf>> {
    let git = user.clone().with("GIT_ALLOC_LIMIT", MAX_MEMORY).set("core.fsync=all");
    let args = [
        "index-pack",
        "--stdin",
        "--strict",
        "--fix-thin",
        &format!("--keep={KEEP}"),
        &format!("--max-input-size={max}"),
    ];
    let mut complaints = tempfile::tempfile().context("no temporary file can be made")?;
    let mut command = git.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone()?);
    let mut child = command.spawn().context("cannot run `git`")?;
    let copied = child.stdin.take().map_or(Ok(()), |mut pipe| pour(stream, &mut pipe));
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let mut said = Vec::new();
        complaints.rewind()?;
        complaints.take(MAX_HEADER as u64).read_to_end(&mut said)?;
        let said = one_line(&complaint(&said), 500);
        bail!("the commits of the workspace are not accepted: {said}");
    }
    copied.context("cannot hear the workspace")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let pack = said.trim().strip_prefix("keep\t");
    let Some(pack) = pack.filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit())) else {
        return Ok(None);
    };
    Ok(Some(packs(user)?.join(format!("pack-{pack}.keep"))))
}

/// All that comes goes to git, until one of the two ends.
fn pour(stream: &mut dyn Read, pipe: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            // A pack is whole before its stream ends if something was put behind it.
            Ok(n) if pipe.write_all(&chunk[..n]).is_err() => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Git is handed no variable that would lead elsewhere.
fn packs(user: &Git) -> Result<PathBuf> {
    Ok(std::path::absolute(user.dir().join("objects/pack"))?)
}

/// Whether all that the commit needs is here, and whether the base is among its ancestors.
fn examine(user: &Git, head: Oid, base: Oid) -> Result<bool> {
    let repo = Repo::at(user.dir())?;
    if repo.commit(head).is_err() {
        bail!("the workspace names {} as its newest commit, which did not come", head.short());
    }
    let descends = repo.is_ancestor(base, head);
    let (head, base) = (head.to_string(), base.to_string());
    let not_base = format!("^{base}");
    let args = ["rev-list", "--objects", "--quiet"];
    let whole = |more: &[&'static str]| {
        let all = args.iter().chain(more).copied();
        user.try_run(all.chain(["--end-of-options", &*head, &*not_base]))
    };
    let (code, _, said) = whole(&[])?;
    if code != 0 && whole(&["--exclude-promisor-objects"])?.0 != 0 {
        let said = one_line(&complaint(said.as_bytes()), 500);
        bail!("the commits of the workspace are not whole: {said}");
    }
    // What libgit2 does not find may lie behind the end of a shallow clone, which git knows.
    let asked = ["merge-base", "--is-ancestor", "--end-of-options", &*base, &*head];
    Ok(descends || user.try_run(asked)?.0 == 0)
}

/// Removes the files that keep packs for takers that died before they could release them.
/// Only those older than the given time: a younger one may be in use.
pub fn release_abandoned(user: &Git, now: SystemTime, older_than: Duration) -> Result<usize> {
    let mut released = 0;
    for entry in fs::read_dir(packs(user)?)?.flatten() {
        let path = entry.path();
        let keep = path.extension().is_some_and(|kind| kind == "keep");
        let Ok(about) = entry.metadata() else { continue };
        let age = about.modified().ok().and_then(|at| now.duration_since(at).ok());
        if keep
            && age.is_some_and(|age| age > older_than)
            && about.len() == KEEP.len() as u64 + 1
            && fs::read(&path).is_ok_and(|text| text.trim_ascii() == KEEP.as_bytes())
        {
            fs::remove_file(&path)
                .with_context(|| format!("cannot remove `{}`", path.display()))?;
            released += 1;
        }
    }
    Ok(released)
}

#[cfg(test)]
#[path = "workspace/collect_tests.rs"]
mod tests;
