//! The place where an attempt works: its workspace, its walls, its environment, its log.

mod brief;
mod loans;

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::super::gather::{attempt_ref, held_ref};
use super::super::leaks;
use super::begin::Begun;
use super::watch::Watch;
use crate::core::leaks::Leak;
use crate::core::progress::{self, Progress};
use crate::domain::id::Oid;
use crate::effects::collect::{self, Expected};
use crate::effects::env;
use crate::effects::git::Git;
use crate::effects::locks::Lock;
use crate::effects::output;
use crate::effects::process::{self, Finished, Invocation};
use crate::effects::repo::{Repo, Swap};
use crate::effects::sandbox::Level;
use crate::effects::sandbox::inside::{self, Inside, Role};
use crate::effects::sandbox::lent::Lent;
use crate::effects::workspace::{self, Made, Order, marker};

/// The largest pack that is taken over from one attempt, in bytes.
const MAX_PACK: u64 = 2 << 30;
/// Taking the work over may last this long.
const TAKE: Duration = Duration::from_secs(600);
/// Last lines of output that go into an event.
pub const TAIL: usize = 40;

/// One attempt's place.
pub struct Site<'a> {
    begun: &'a Begun,
    inside: Inside<'a>,
    made: Made,
    /// The variables that its builder alone is given, by name.
    keys: Vec<(OsString, OsString)>,
    prompt: String,
    log: RefCell<output::Writer>,
    /// What the builder's agent is lent while it works.
    lent: RefCell<Option<Lent>>,
    keep: Cell<bool>,
    /// The newest commit that has come over.
    head: Cell<Oid>,
}

/// What was taken over from the workspace.
pub struct Taken {
    /// The newest commit; `None` when nothing was done.
    pub head: Option<Oid>,
    /// Whether it stands on the commit that the attempt started from.
    pub descends: bool,
    /// How many uncommitted files were committed for the builder.
    pub leftovers: usize,
    /// Why the work is not whole, if so.
    pub trouble: Option<String>,
    /// Values of secrets in it.
    pub leaks: Vec<Leak>,
}

impl<'a> Site<'a> {
    /// Makes the workspace and all that belongs to it.
    pub fn make(begun: &'a Begun, lock: &'a Lock) -> Result<Self> {
        let (world, start) = (&begun.world, &begun.start);
        let folder = world.paths.workspace(&start.task, start.attempt);
        let log = world.paths.output(&start.task, start.attempt);
        let log = output::Writer::create(&log, world.config.limits.output)?;
        let made = order(begun, &folder, &world.branch_of(&start.task), start.base)?;
        std::fs::write(world.paths.handed(&start.task, start.attempt), "")?;
        let mut inside = world.inside(&folder, environment(begun, &made));
        inside.read_only.extend(made.read_only.iter().cloned());
        (inside.lock, inside.token) = (Some(lock.file()), token(begun));
        world.hide_copied(&made.copied);
        let mut log = log;
        log.hide(world.masks().clone());
        let (log, keep) = (RefCell::new(log), Cell::new(false));
        let head = Cell::new(start.base);
        let keys = loans::keys(begun);
        let (prompt, lent) = (String::new(), RefCell::new(None));
        let mut site = Self { begun, inside, made, keys, prompt, log, lent, keep, head };
        match &site.inside.level {
            Level::Bubblewrap { .. } => {}
            Level::Landlock { why, .. } => site.note(&format!("Landlock alone: {why}")),
            Level::None { why } => site.note(&format!("no sandbox: {why}")),
        }
        site.made.notes.iter().for_each(|note| site.note(note));
        std::fs::write(site.spec_file(), &begun.spec)?;
        site.prompt = site.prompt()?;
        std::fs::write(site.prompt_file(), &site.prompt)?;
        Ok(site)
    }

    /// The workspace.
    pub fn folder(&self) -> &Path {
        &self.made.folder
    }

    /// The user's repository.
    pub fn repo(&self) -> &Repo {
        &self.begun.world.repo
    }

    /// What the builder is told, as it was written.
    pub fn prompt_text(&self) -> &str {
        &self.prompt
    }

    /// Where the builder finds what it is told.
    pub fn prompt_file(&self) -> PathBuf {
        self.folder().join(marker::PROMPT)
    }

    fn spec_file(&self) -> PathBuf {
        spec_file(self.folder(), self.begun)
    }

    /// A line of buildq's own in the attempt's log.
    pub fn note(&self, text: &str) {
        let _ = self.log.borrow_mut().note(text);
    }

    /// The last lines of the attempt's log.
    pub fn tail(&self, lines: usize) -> String {
        let start = &self.begun.start;
        let _ = self.log.borrow_mut().finish();
        output::tail_lines(&self.begun.world.paths.output(&start.task, start.attempt), lines)
    }

    /// Says which files a command names that it will not find inside.
    pub fn tell_unseen(&self, argv: &[String]) {
        for path in self.inside.unseen(argv) {
            let path = path.display();
            self.note(&format!(
                "`{path}` is hidden in the sandbox; to show it: \
                 git config --add buildq.sandboxRead {path}"
            ));
        }
    }

    /// The workspace stays after the end: it holds what could not be taken over.
    pub fn keep_folder(&self) {
        self.keep.set(true);
        if let Err(error) = workspace::keep(self.folder()) {
            self.note(&format!("{error:#}"));
        }
    }

    /// Removes the workspace, whose work is in the refs, unless it `stays` for review.
    pub fn clear(&self, stays: bool) {
        // It may hold what a builder has copied of a login.
        let _ = workspace::remove_home(self.folder());
        if !self.keep.get() && !stays {
            let _ = workspace::remove(self.folder());
        }
    }

    /// Runs a command inside the walls; its output goes to the log.
    pub fn run(&self, argv: &[String], timeout: Duration, watch: &mut Watch) -> Result<Finished> {
        self.run_in(self.folder(), argv, timeout, watch)
    }

    /// Runs the builder: with the variables that it names.
    pub fn run_builder(
        &self,
        argv: &[String],
        stdin: Option<PathBuf>,
        timeout: Duration,
        watch: &mut Watch,
    ) -> Result<Finished> {
        let builder = self.begun.world.config.builders.get(&self.begun.start.builder);
        let network = builder.and_then(|builder| builder.network).unwrap_or(self.inside.network);
        let inside = Inside { network, ..self.inside.clone() };
        let mut call = inside.call(argv, Role::Builder)?;
        call.env.extend(self.keys.iter().cloned());
        (call.stdin, call.timeout) = (stdin, timeout);
        self.lend()?;
        let done = self.drive(&call, watch);
        self.take_back();
        done
    }

    /// What the setup left lying about is no work of the builder's.
    pub fn settle(&self, watch: &mut Watch) -> Result<()> {
        let argv = [own_program()?, "workspace".into(), "settle".into()];
        let done = self.run(&argv, TAKE, watch)?;
        if !done.is_success() {
            self.note("what the setup made could not be told from what is built");
        }
        Ok(())
    }

    fn drive(&self, call: &Invocation, watch: &mut Watch) -> Result<Finished> {
        let mut output = |bytes: &[u8]| {
            let _ = self.log.borrow_mut().write(bytes);
        };
        let done = process::run(call, &mut output, &mut || watch.look(self));
        self.log.borrow_mut().finish()?;
        done
    }

    /// Takes the commits of the workspace over into the attempt's ref; the helper that packs
    /// them runs inside the walls.
    pub fn take(&self, leftovers: bool) -> Result<Taken> {
        let (world, start) = (&self.begun.world, &self.begun.start);
        let own = own_program()?;
        let mut argv = vec![own, "workspace".into(), "pack".into(), "--unmarked".into()];
        let known = [self.head.get()];
        for base in [start.base].iter().chain(&known) {
            argv.extend(["--base".into(), base.to_string()]);
        }
        if leftovers {
            argv.extend(["--commit-leftovers".into(), leftovers_message()]);
        }
        for path in &self.made.copied {
            argv.extend(["--exclude".into(), path.clone()]);
        }
        let mut call = self.inside.call(&argv, Role::Handover)?;
        // Without leftovers it is the builder, still at work, whose commits are looked at.
        (call.timeout, call.beside) = (TAKE, !leftovers);
        let mut spool = tempfile::tempfile_in(&world.paths.local)?;
        let (done, complaint) = process::pipe_to(
            &call,
            &mut |bytes| spool.write_all(bytes).map_err(Into::into),
            MAX_PACK,
        )?;
        if !done.is_success() {
            let how = super::ended(&done.ended);
            return Err(anyhow!("{}", complaint.trim())
                .context(format!("the work could not be packed ({how})")));
        }
        spool.rewind()?;
        let user = Git::bare(&world.paths.common);
        let expected = Expected { base: start.base, known: &known, max_pack: MAX_PACK };
        let mut taken = collect::take(&user, &expected, &mut spool)?;
        let mut leaks = Vec::new();
        if let Some(head) = taken.head {
            leaks = self.leaks(head, leftovers)?;
            keep_head(self.begun, head)?;
            self.head.set(head);
        }
        taken.release()?;
        let mut trouble: Vec<_> = taken.header.submodule_trouble.clone();
        trouble.extend(taken.header.lfs_trouble.clone());
        for path in &taken.header.left_out {
            self.note(&format!("left out: {path}"));
        }
        for path in &taken.header.copied_in_history {
            self.note(&format!("committed, though `workspace.copy` had copied it: {path}"));
        }
        Ok(Taken {
            head: taken.head,
            descends: taken.descends,
            leftovers: taken.header.leftovers_committed,
            leaks,
            trouble: (!trouble.is_empty()).then(|| {
                let what = trouble.join("; ");
                format!("{what}; the workspace stays: {}", self.folder().display())
            }),
        })
    }

    /// Values of secrets in the work up to a commit that is to become the attempt's. Where there are
    /// any, that is noted first: no branch follows to it. Of a builder that is still at work only
    /// what is new is looked at; the end looks at all of it.
    fn leaks(&self, head: Oid, at_the_end: bool) -> Result<Vec<Leak>> {
        let (world, start) = (&self.begun.world, &self.begun.start);
        let mut hidden = leaks::not_its_own(world, &start.task);
        if !at_the_end {
            hidden.extend([start.base, self.head.get()]);
        }
        let found = leaks::look(world, head, &hidden)?;
        let name = held_ref(&start.task, start.attempt);
        match (found.is_empty(), world.repo.reference(&name)) {
            (false, old) if old != Some(head) => {
                let message = "buildq: it holds the value of a secret";
                let _: Swap = world.repo.swap(&name, old, head, message)?;
            }
            (true, Some(_)) if at_the_end => world.repo.forget(&name)?,
            _ => {}
        }
        Ok(found)
    }

    /// What the attempt's commits say of themselves; criteria as ticked at `head`.
    pub fn progress(&self, head: Oid) -> Result<Progress> {
        let mut task = self.begun.task.clone();
        let path = &self.begun.start.path;
        if let Some(bytes) = self.repo().file(head, path) {
            let parsed = crate::domain::task::parse(path, &self.begun.start.task, &bytes);
            task = parsed.task.unwrap_or(task);
        }
        super::facts(self.repo(), head, self.begun.start.base, &task)
    }

    /// Another workspace, at another commit, for a check on the base.
    pub fn beside(&self, commit: Oid) -> Result<PathBuf> {
        let name = format!("{}-base", self.folder().file_name().unwrap_or_default().display());
        let folder = self.folder().with_file_name(name);
        order(self.begun, &folder, "base", commit)?;
        Ok(folder)
    }

    /// Runs a command inside the walls of another workspace of this attempt.
    pub fn run_in(
        &self,
        folder: &Path,
        argv: &[String],
        timeout: Duration,
        watch: &mut Watch,
    ) -> Result<Finished> {
        let mut call = self.inside.at(folder).call(argv, Role::Check)?;
        call.timeout = timeout;
        self.drive(&call, watch)
    }
}

/// Moves the attempt's ref to a commit that has just come over.
fn keep_head(begun: &Begun, head: Oid) -> Result<()> {
    let name = attempt_ref(&begun.start.task, begun.start.attempt);
    let old = begun.world.repo.reference(&name);
    match begun.world.repo.swap(&name, old, head, "buildq: work came over")? {
        Swap::Done => Ok(()),
        Swap::Lost => Err(anyhow!("`{name}` was moved by somebody else")),
    }
}

/// By what the processes of an attempt are found: the same in every life of buildq.
pub fn token(begun: &Begun) -> String {
    token_of(&begun.world.paths, &begun.start.task, begun.start.attempt)
}

/// The token of any attempt of this clone.
pub fn token_of(
    paths: &crate::effects::paths::Paths,
    task: &crate::domain::id::TaskId,
    attempt: crate::domain::id::Attempt,
) -> String {
    format!("{}-{task}-{attempt}", paths.clone_id)
}

/// This very program, by its path.
pub fn own_program() -> Result<String> {
    let exe = std::env::current_exe().context("buildq does not find itself")?;
    Ok(exe.to_string_lossy().trim_end_matches(" (deleted)").to_owned())
}

/// The message of a commit that is made for a builder.
pub fn leftovers_message() -> String {
    format!("Commit what the builder left\n\nBuildq-{}: yes\n", progress::LEFTOVERS)
}

fn spec_file(folder: &Path, begun: &Begun) -> PathBuf {
    let end = begun.start.path.rsplit_once('.').map_or("md", |(_, end)| end);
    let end = if matches!(end, "yaml" | "yml") { end } else { "md" };
    folder.join(format!(".git/buildq/{}.{end}", begun.start.task))
}

fn order(begun: &Begun, folder: &Path, branch: &str, base: Oid) -> Result<Made> {
    let (world, start) = (&begun.world, &begun.start);
    let work_tree = world.repo.main_work_dir();
    let spec = spec_file(folder, begun);
    workspace::make(&Order {
        user: &world.paths.common,
        work_tree: work_tree.as_deref(),
        folder,
        branch,
        base,
        identity: (&start.builder, "buildq@localhost"),
        copy: &world.config.workspace_copy,
        task: &start.task,
        attempt: start.attempt,
        queue_file: Some(start.path.as_str()).filter(|path| !path.starts_with("specs/")),
        spec: Some(&spec),
    })
}

fn environment(begun: &Begun, made: &Made) -> Vec<(OsString, OsString)> {
    let (world, start) = (&begun.world, &begun.start);
    let recorded = world.repo.local_setting("buildq.path").map(OsString::from);
    let own = [
        // A builder that writes `git config --global`, as agents do, must hit a file of its own:
        // root would replace the null device by it.
        ("GIT_CONFIG_GLOBAL", made.folder.join(".git/buildq/gitconfig").into()),
        // What it commits once its workspace is broken belongs to no repository around that.
        ("GIT_CEILING_DIRECTORIES", made.folder.parent().unwrap_or(Path::new("/")).into()),
        (env::TASK, start.task.as_str().into()),
        (env::ATTEMPT, start.attempt.to_string().into()),
        (env::BRANCH, world.branch_of(&start.task).into()),
        (env::BASE, start.base.to_string().into()),
        (env::WORKSPACE, made.folder.clone().into()),
        (env::PROMPT, made.folder.join(marker::PROMPT).into()),
        (env::SPEC, spec_file(&made.folder, begun).into()),
        (env::QUEUE_FILE, start.path.clone().into()),
    ];
    inside::environment(recorded, own)
}
