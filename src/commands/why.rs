//! `buildq why`

use anyhow::{Result, anyhow};

use super::gather::World;
use super::{Exit, Scene, print};
use crate::core::overview::{self, Why};
use crate::core::queue;
use crate::domain::id::TaskId;
use crate::effects::git::Git;
use crate::effects::machine;
use crate::render::diagnostic;
use crate::render::why::{self as page, Reader};

/// Say why a task is where it is: every gate, what would open it, and when
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    task: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The ends of task files.
const ENDS: [&str; 3] = ["md", "yaml", "yml"];

/// Asks queue and ledger, else looks where the file may be instead.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    let why = reasons(&world, &args.task)?;
    if args.json {
        print(&crate::render::text::json(&why)?);
        return Ok(Exit::Done);
    }
    print(&text(&world, &why, reader(&world)));
    Ok(Exit::Done)
}

/// The page of a task, and what is wrong in its file.
pub fn text(world: &World, why: &Why, reader: Reader) -> String {
    let mut text = page::page(why, reader);
    let item = TaskId::new(&why.task).ok().and_then(|id| world.queue.items.get(&id));
    for finding in item.map(|item| item.diagnostics.as_slice()).unwrap_or_default() {
        text += &format!("\n{}\n", diagnostic::show(finding));
    }
    text
}

/// When and where the page is read.
pub fn reader(world: &World) -> Reader {
    Reader { now: world.now, zone: world.config.timezone, width: machine::width() }
}

/// Why a task is where it is; an error only for what is nowhere.
pub fn reasons(world: &World, name: &str) -> Result<Why> {
    let Ok(task) = TaskId::new(name) else { return nameless(world, name) };
    if let Some(why) = overview::why(world.situation(None), &task) {
        return Ok(why);
    }
    let found = uncommitted(world, &task)?.or_else(|| elsewhere(world, &task));
    found.ok_or_else(|| anyhow!("there is no task `{task}`{}", world.nearest(&task)))
}

/// A file in the queue whose name is no id.
fn nameless(world: &World, name: &str) -> Result<Why> {
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    };
    let mut files = world.queue.nameless.iter();
    let file = files.find(|file| file.file == name || stem(&file.file) == name);
    let Some(file) = file else {
        let bad = TaskId::new(name).err().map(|error| error.to_string()).unwrap_or_default();
        return Err(super::Misuse(format!("{bad}\nhint: buildq status")).into());
    };
    let why = Why::new(name, "held", format!("{}: {}", file.file, file.message));
    Ok(why.next("a better name", file.hint.clone().unwrap_or_default()))
}

/// The file is in this work tree or index, but not in the commit that counts.
fn uncommitted(world: &World, task: &TaskId) -> Result<Option<Why>> {
    let Some(top) = world.repo.work_dir() else { return Ok(None) };
    let dir = &world.config.queue_dir;
    let status = Git::at(top).bytes([
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--ignored=matching",
        "--no-renames",
        "--",
        dir,
    ])?;
    let status = String::from_utf8_lossy(&status);
    let is_it = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = ENDS.iter().find_map(|end| name.strip_suffix(&format!(".{end}")));
        queue::is_task(dir, path) && stem == Some(task.as_str())
    };
    let entries = status.split('\0').filter_map(|entry| Some((entry.get(..2)?, entry.get(3..)?)));
    let found = entries.into_iter().find(|(_, path)| is_it(path));
    Ok(found.map(|(code, path)| not_committed(world, task, (code, path))))
}

fn not_committed(world: &World, task: &TaskId, (code, path): (&str, &str)) -> Why {
    let quoted = shell_words::quote(path);
    let message = format!("git commit -m \"Add {task}\" {quoted}");
    let (how, command) = match code {
        "!!" => ("is ignored by git", format!("git add -f {quoted} && {message}")),
        "??" => ("is not committed yet", format!("git add {quoted} && {message}")),
        _ => ("is staged, but not committed yet", message),
    };
    let mut why = Why::new(task.as_str(), "uncommitted", format!("`{path}` {how}"))
        .next("commit it: only what is committed counts", command);
    let head = world.repo.head_branch();
    if head.as_ref() != Some(&world.queue_branch) {
        let branch = &world.queue_branch;
        let head =
            head.map_or("HEAD is detached".into(), |head| format!("`{head}` is checked out"));
        why.notes.push(format!("{head}, and only `{branch}` counts"));
    }
    why
}

/// Another branch has the file.
fn elsewhere(world: &World, task: &TaskId) -> Option<Why> {
    let (dir, prefix) = (&world.config.queue_dir, &world.config.branch_prefix);
    let locals = world.repo.references("refs/heads/").ok()?;
    let remotes = world.repo.references("refs/remotes/").ok()?;
    let short = |name: &str| {
        let name = name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/remotes/"));
        name.unwrap_or_default().to_owned()
    };
    let people = |name: &str| name != "buildq" && !name.starts_with(prefix.as_str());
    let detached = world.repo.head().filter(|_| world.repo.head_branch().is_none());
    let branches = locals.into_iter().chain(remotes).map(|(name, tip)| (short(&name), tip));
    let branches = branches.chain(detached.map(|tip| (tip.short(), tip)));
    let has = |tip| {
        let paths = ENDS.iter().map(|end| format!("{dir}/{task}.{end}"));
        paths.into_iter().find(|path| world.repo.entry(tip, path).is_some())
    };
    let mut found = branches.filter(|(name, _)| people(name));
    let (branch, path) = found.find_map(|(name, tip)| Some((name, has(tip)?)))?;
    let counts = &world.queue_branch;
    let place = if detached.is_some_and(|tip| tip.short() == branch) { "commit" } else { "branch" };
    let sentence = format!("`{path}` is on the {place} `{branch}`, and only `{counts}` counts");
    let quoted = shell_words::quote(&path);
    let name = shell_words::quote(&branch);
    let switch = match world.repo.head_branch().as_ref() == Some(counts) {
        true => String::new(),
        false => format!("git switch {} && ", shell_words::quote(counts)),
    };
    let command =
        format!("{switch}git checkout {name} -- {quoted} && git commit -m \"Add {task}\" {quoted}");
    let why = Why::new(task.as_str(), "elsewhere", sentence);
    Some(why.next(format!("merge that {place}, or bring the file alone to `{counts}`"), command))
}
