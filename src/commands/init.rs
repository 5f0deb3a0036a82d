//! `buildq init`

use std::fs;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::gather::{self, World};
use super::{Exit, Scene, heartbeat, print};
use crate::core::detect;
use crate::core::gates::Trust;
use crate::domain::config::{Check, PromptBy, STEPS};
use crate::domain::event::Kind;
use crate::effects::agents::{self, Agent, Preset};
use crate::effects::commit::{self, Commission};
use crate::effects::detach;
use crate::effects::git::Git;
use crate::effects::hooks::{self, HooksPath, How, Installed, Place};
use crate::effects::ledger::{self, Draft, append};
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::sandbox::{self, Level};
use crate::effects::timers::{self, Found};
use crate::effects::trust::{self, Manifest, Record};

const CONFIG: &str = include_str!("../../templates/buildq.yaml");
const README: &str = include_str!("../../templates/queue-readme.md");
/// The queue's folder, unless the policy names another.
const QUEUE: &str = "queue";
/// The policy's file, at the top of the repository.
pub const CONFIG_FILE: &str = "buildq.yaml";

/// Set this repository up: configuration, queue, hooks
///
/// Finds an installed coding agent and the project's own checks, writes what is missing, says
/// all it did and how to undo it. Safe to repeat.
#[derive(clap::Args, Debug)]
pub struct Init {
    /// Leave committing the new files to you
    #[arg(long)]
    pub no_commit: bool,
    /// Who builds: claude, codex, gemini, aider, opencode, cursor-agent, goose, or steps (no agent)
    #[arg(long, value_name = "NAME")]
    pub builder: Option<String>,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// Do not offer a timer
    #[arg(long)]
    pub no_heartbeat: bool,
}

/// The builder that is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name in `buildq.yaml`.
    pub name: String,
    /// How it is run; `None` for the built-in one.
    pub preset: Option<Preset>,
    /// In words: who was found and not chosen, and why.
    pub passed: Vec<String>,
}

/// The first agent whose rights have an end; the built-in builder where there is none. A name
/// that was asked for is taken as it is.
pub fn choose(agents: &[Agent], asked: Option<&str>, sandboxed: bool) -> Result<Choice> {
    let found = |name: &str| agents.iter().any(|agent| agent.name == name);
    let choice = |name: &str, passed| {
        let preset = agents::preset(name, sandboxed);
        Ok(Choice { name: name.to_owned(), preset, passed })
    };
    match asked {
        Some(STEPS) => return choice(STEPS, Vec::new()),
        Some(name) if found(name) => return choice(name, Vec::new()),
        Some(name) if agents::KNOWN.contains(&name) => {
            bail!("`{name}` is not on PATH\nhint: install it, or leave `--builder` out")
        }
        Some(name) => bail!(
            "no builder `{name}` is known\nhint: known are {} and {STEPS}; add any other command \
             to {CONFIG_FILE} by hand",
            agents::KNOWN.join(", ")
        ),
        None => {}
    }
    let mut passed = Vec::new();
    for agent in agents {
        match agents::preset(agent.name, sandboxed) {
            Some(preset) if preset.bounded => return choice(agent.name, passed),
            Some(preset) => passed.push(format!(
                "{name} is installed too, but without a sandbox it {rights}; \
                 `--builder {name}` takes it all the same",
                name = agent.name,
                rights = preset.rights
            )),
            None => {}
        }
    }
    choice(STEPS, passed)
}

/// What the new configuration says beside the defaults.
pub struct Seed<'a> {
    /// Who builds.
    pub choice: &'a Choice,
    /// The project's own checks, as one would type them.
    pub verify: &'a [String],
    /// What makes a fresh copy ready, likewise.
    pub setup: &'a [String],
    /// IANA name, e.g. from `iana_time_zone::get_timezone`.
    pub timezone: &'a str,
    /// The queue's folder.
    pub queue: &'a str,
}

/// The text of a new `buildq.yaml`.
pub fn config_text(seed: &Seed<'_>) -> String {
    let builders = match &seed.choice.preset {
        Some(preset) => builder_text(&seed.choice.name, preset),
        None => String::new(),
    };
    CONFIG
        .replace("@BUILDER@", &yaml(&seed.choice.name))
        .replace("@BUILDERS@\n", &builders)
        .replace("@VERIFY@", &list(seed.verify, 2))
        .replace("@SETUP@", &list(seed.setup, 4))
        .replace("@TIMEZONE@", &yaml(seed.timezone))
        .replace("@QUEUE@", &yaml(seed.queue))
}

fn builder_text(name: &str, preset: &Preset) -> String {
    let prompt = match preset.prompt {
        PromptBy::Stdin => "stdin",
        PromptBy::File => "file",
        PromptBy::Arg => "arg",
    };
    format!(
        "builders:\n  {}:\n    command: {}\n    # How it is told what to do: stdin, file (its path \
         as the last argument) or arg.\n    prompt: {prompt}\n    # Variables it gets beside PATH, \
         HOME and their like, where they are set.\n    env: [{}]\n    # timeout: 8h\n",
        yaml(name),
        list(&preset.command, 6),
        preset.env.join(", ")
    )
}

/// A YAML list: a short one on the line, a long one below it.
fn list(items: &[String], indent: usize) -> String {
    let items: Vec<String> = items.iter().map(|item| yaml(item)).collect();
    let short = format!("[{}]", items.join(", "));
    if short.len() <= 70 {
        return short;
    }
    let line = |item: &String| format!("\n{:indent$}- {item}", "");
    items.iter().map(line).collect()
}

/// A YAML scalar: bare where nothing in it could mean anything else.
fn yaml(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '-');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(bare);
    let special = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if word && !special.contains(&text.to_lowercase().as_str()) {
        return text.to_owned();
    }
    // Every JSON string is a YAML one.
    serde_json::Value::from(text).to_string()
}

/// One thing that `init` did, or found done.
#[derive(Clone, Debug)]
pub enum Step {
    /// A file that was not there.
    Wrote(String),
    /// A file that was there, and is as it was.
    Kept(String),
    /// A hook.
    Hook(Installed),
    /// The hooks folder has another owner; the lines to add to it.
    Managed {
        /// In words.
        why: String,
        /// [`hooks::snippet`].
        snippet: String,
    },
    /// A local git setting.
    Setting {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
        /// Whether it was so before.
        kept: bool,
    },
    /// The configuration is trusted on this machine.
    Trusted {
        /// Whether it was before.
        kept: bool,
    },
    /// The new files are committed.
    Committed {
        /// The commit's first digits.
        short: String,
        /// Where.
        branch: String,
    },
    /// The new files wait to be committed by hand.
    Uncommitted(Vec<String>),
    /// A timer.
    Heartbeat {
        /// Which.
        found: Found,
        /// Whether it was there before.
        kept: bool,
    },
}

impl Step {
    fn changed(&self) -> bool {
        match self {
            Self::Wrote(_) | Self::Committed { .. } => true,
            Self::Kept(_) | Self::Managed { .. } | Self::Uncommitted(_) => false,
            Self::Hook(hook) => hook.how != How::Unchanged,
            Self::Setting { kept, .. } | Self::Trusted { kept } | Self::Heartbeat { kept, .. } => {
                !kept
            }
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Wrote(path) => row("wrote", path),
            Self::Kept(path) => row("kept", path),
            Self::Hook(hook) => row("hook", &hook_words(hook)),
            Self::Managed { why, snippet } => {
                let lines = snippet.trim_end().replace('\n', "\n           ");
                row(
                    "hooks",
                    &format!(
                        "not installed, since {why}; add a line to each hook \
                         there:\n           {lines}"
                    ),
                )
            }
            Self::Setting { key, value, .. } => row("git config", &format!("{key} = {value}")),
            Self::Trusted { .. } => row("trusted", &format!("{CONFIG_FILE}, on this machine")),
            Self::Committed { short, branch } => {
                row("committed", &format!("these files alone: {short} on {branch}"))
            }
            Self::Uncommitted(paths) => {
                let paths = shell_words::join(paths);
                let commit = format!("git add {paths} && git commit -m \"Set up buildq\" {paths}");
                row("to do", &format!("commit them: {commit}"))
            }
            Self::Heartbeat { found, .. } => {
                row("timer", &super::heartbeat::describe(found).replace('\n', "\n           "))
            }
        }
    }
}

fn row(label: &str, text: &str) -> String {
    format!("{label:<10} {text}\n")
}

fn hook_words(hook: &Installed) -> String {
    let how = match hook.how {
        How::New => "new",
        How::Block => "a marked block in the hook that was there",
        How::Chained => "calls the hook that was there, kept beside it as .before-buildq",
        How::Unchanged => "is there already",
        How::Updated => "renewed",
        How::Removed => "removed",
        How::Kept => "left alone",
    };
    match hook.note {
        Some(note) => format!("{}: {how}; note: {note}", hook.hook),
        None => format!("{}: {how}", hook.hook),
    }
}

/// Writes a file unless something is there.
pub fn put(top: &Path, path: &str, text: &str) -> Result<Step> {
    let full = top.join(path);
    let write = || -> std::io::Result<bool> {
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::OpenOptions::new().write(true).create_new(true).open(&full) {
            Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    let path = path.to_owned();
    let new = write().with_context(|| format!("cannot write `{}`", full.display()))?;
    Ok(if new { Step::Wrote(path) } else { Step::Kept(path) })
}

/// Writes `buildq.yaml` and the queue's README where they are missing.
pub fn write_files(top: &Path, seed: &Seed<'_>) -> Result<Vec<Step>> {
    Ok(vec![
        put(top, CONFIG_FILE, &config_text(seed))?,
        put(top, &format!("{}/README.md", seed.queue), &readme_text(seed.queue))?,
    ])
}

fn readme_text(queue: &str) -> String {
    README.replace("queue/", &format!("{queue}/"))
}

/// Installs the hooks, or says what their owner has to add.
pub fn install_hooks(place: &Place, bare: bool, exe: &Path) -> Result<Vec<Step>> {
    match place {
        Place::Own(folder) => {
            Ok(hooks::install(folder, bare, exe)?.into_iter().map(Step::Hook).collect())
        }
        Place::Managed { why, .. } => {
            Ok(vec![Step::Managed { why: why.clone(), snippet: hooks::snippet(exe, bare)? }])
        }
    }
}

/// Asks on a terminal; an empty answer is yes.
pub fn confirm(question: &str, input: &mut impl BufRead, out: &mut impl Write) -> Result<bool> {
    write!(out, "{question} [Y/n] ")?;
    out.flush()?;
    let mut answer = String::new();
    // The end of the input is no answer.
    if input.read_line(&mut answer)? == 0 {
        writeln!(out)?;
        return Ok(false);
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

/// What will run here, and with which rights.
pub struct Summary<'a> {
    /// The builder's name.
    pub builder: String,
    /// Its command as one would type it; empty for the built-in one.
    pub command: String,
    /// What it may do.
    pub rights: &'a str,
    /// The sandbox in words, e.g. `bubblewrap: the workspace alone is writable`.
    pub sandbox: String,
    /// The checks.
    pub verify: Vec<String>,
    /// The preparation.
    pub setup: Vec<String>,
    /// Remarks, such as who was passed over.
    pub remarks: &'a [String],
}

/// What the built-in builder may do.
pub fn steps_rights(sandboxed: bool) -> &'static str {
    if sandboxed {
        "runs the `sh` blocks of a task, which can write to its workspace alone"
    } else {
        "runs the `sh` blocks of a task as you: read them before you commit them"
    }
}

/// All that is printed at the end.
pub fn told(steps: &[Step], runs: &Summary<'_>, queue: &str) -> String {
    let mut text = String::new();
    if !steps.iter().any(Step::changed) {
        text += "buildq is set up here already; nothing was changed\n\n";
    }
    text.extend(steps.iter().map(Step::line));
    text.push('\n');
    let command = if runs.command.is_empty() { "built in" } else { &runs.command };
    text += &row("builder", &format!("{}: {command}", runs.builder));
    text += &row("rights", &format!("it {}", runs.rights));
    text += &row("sandbox", &runs.sandbox);
    text += &row("setup", &commands(&runs.setup, "none"));
    text += &row("checks", &commands(&runs.verify, "none: only you check; see `verify`"));
    for remark in runs.remarks {
        text += &row("note", remark);
    }
    if !steps.iter().any(|step| matches!(step, Step::Heartbeat { .. })) {
        text += &row("timer", "none: after a reboot `buildq heartbeat install` would go on");
    }
    text.push('\n');
    text += &row("undo", "buildq uninstall");
    text += &row("next", "buildq add --name \"Greet by name\" --desc \"…\" --criterion \"…\"");
    text +=
        &row("", &format!("or write {queue}/greet.md ({queue}/README.md shows how) and commit it"));
    text
}

fn commands(commands: &[String], none: &str) -> String {
    if commands.is_empty() { none.to_owned() } else { commands.join("; ") }
}

/// Sets this clone up, and says all it did.
pub fn run(args: Init, scene: &Scene) -> Result<Exit> {
    let repo = Repo::discover(&scene.dir)?;
    let branch = queue_branch(&repo)?;
    let mut paths = gather::places(&repo)?;
    let level = sandbox::probe(&paths.local.join("cache").join("sandbox"));
    let sandboxed = matches!(level, Level::Bubblewrap(_));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let choice = choose(&agents::find(&path), args.builder.as_deref(), sandboxed)?;
    let proposal = propose(&repo, &branch);
    let timezone = iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".into());
    let (verify, setup) = (&proposal.verify[..], &proposal.setup[..]);
    let seed = Seed { choice: &choice, verify, setup, timezone: &timezone, queue: QUEUE };

    let new_id = paths.establish()?;
    let mut steps = Vec::new();
    settings(&repo, &branch, &new_id, &mut steps)?;
    let paths = gather::places(&repo)?;
    let files = place_files(&repo, &args, (&branch, &seed), scene, &paths)?;
    steps.extend(files);
    let exe = detach::this_program()?;
    steps.extend(install_hooks(&hooks_place(&repo, &paths)?, repo.is_bare(), &exe)?);

    let world = World::look(repo, paths, scene.now)?;
    steps.push(trust_first(&world, &steps, &seed)?);
    first_runner(&world)?;
    let offered = offer_heartbeat(&args, &world)?;
    steps.extend(offered);
    print(&told(&steps, &runs(&world, &choice, &level), &world.config.queue_dir));
    if let Trust::Changed(_) | Trust::Never = world.again(scene.now)?.seen.trust {
        print("to do      buildq trust: the configuration here is not yours alone; look at it");
    }
    Ok(Exit::Done)
}

/// The branch that is checked out becomes the queue's, unless one was chosen before.
fn queue_branch(repo: &Repo) -> Result<String> {
    if let Some(branch) = repo.local_setting("buildq.queueBranch") {
        return Ok(branch);
    }
    match repo.head_branch() {
        Some(branch) if branch == ledger::BRANCH || branch.starts_with("build/") => bail!(
            "`{branch}` is a branch of buildq's own\nhint: git switch to the branch you work on"
        ),
        Some(branch) => Ok(branch),
        None => bail!(
            "HEAD is detached: which branch holds the queue?\n\
             hint: git switch to it, or: git config buildq.queueBranch main"
        ),
    }
}

fn propose(repo: &Repo, branch: &str) -> detect::Proposal {
    let tip = repo.branch(branch);
    let names = match (repo.work_dir(), tip) {
        (Some(top), _) => fs::read_dir(top).into_iter().flatten().flatten().collect::<Vec<_>>(),
        (None, _) => Vec::new(),
    };
    let mut files: std::collections::BTreeSet<String> =
        names.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.extend(tip.map(|tip| repo.top_names(tip)).unwrap_or_default());
    let read = |name: &str| {
        let there = repo.work_dir().and_then(|top| fs::read_to_string(top.join(name)).ok());
        let committed = || {
            let bytes = repo.file(tip?, name)?;
            String::from_utf8(bytes).ok()
        };
        there.or_else(committed)
    };
    let (package, pyproject, makefile) =
        (read("package.json"), read("pyproject.toml"), read("Makefile"));
    detect::propose(
        &files,
        detect::Texts {
            package_json: package.as_deref(),
            pyproject: pyproject.as_deref(),
            makefile: makefile.as_deref(),
        },
    )
}

fn settings(repo: &Repo, branch: &str, id: &str, steps: &mut Vec<Step>) -> Result<()> {
    let path = std::env::var("PATH").unwrap_or_default();
    for (key, value) in [("queueBranch", branch), ("cloneId", id), ("path", &path)] {
        let key = format!("buildq.{key}");
        let kept = repo.local_setting(&key).is_some_and(|now| now == value);
        if !kept {
            repo.set_local(&key, value)?;
        }
        let value = if key.ends_with("path") { "as it is now".into() } else { value.to_owned() };
        steps.push(Step::Setting { key, value, kept });
    }
    Ok(())
}

/// The files, in the work tree where there is one, and their commit.
fn place_files(
    repo: &Repo,
    args: &Init,
    (branch, seed): (&str, &Seed),
    scene: &Scene,
    paths: &Paths,
) -> Result<Vec<Step>> {
    let readme = format!("{}/README.md", seed.queue);
    let there = |path: &str| repo.branch(branch).is_some_and(|tip| repo.entry(tip, path).is_some());
    let here = repo.head_branch().as_deref() == Some(branch);
    let top = repo.work_dir().filter(|_| here).map(Path::to_owned);
    let mut steps = Vec::new();
    if let Some(top) = &top {
        steps = write_files(top, seed)?;
    }
    let wanted = [(CONFIG_FILE.to_owned(), config_text(seed)), (readme, readme_text(seed.queue))];
    let mut missing = Vec::new();
    for (path, text) in wanted {
        if there(&path) {
            continue;
        }
        let written = top.as_ref().and_then(|top| fs::read(top.join(&path)).ok());
        missing.push((path, written.unwrap_or(text.into_bytes())));
    }
    if missing.is_empty() {
        return Ok(steps);
    }
    if args.no_commit {
        steps.push(Step::Uncommitted(missing.into_iter().map(|(path, _)| path).collect()));
        return Ok(steps);
    }
    let message = "Set up buildq\n\nThe policy, and a word on how tasks are written.\n";
    let order = Commission { branch, files: &missing, message, now: scene.now };
    let commit = commit::commit_files(repo, &order)?;
    Record::Commits.add(paths, &[commit.to_string()])?;
    steps.push(Step::Committed { short: commit.short(), branch: branch.to_owned() });
    Ok(steps)
}

/// What `init` wrote itself is trusted; what was there before is a person's to look at.
fn trust_first(world: &World, steps: &[Step], seed: &Seed) -> Result<Step> {
    let kept = trust::trusted(&world.paths).is_some();
    let wrote = steps.iter().any(|s| matches!(s, Step::Wrote(path) if path == CONFIG_FILE));
    if let (Some(tip), true, false) = (world.queue.tip, wrote, kept) {
        trust::trust(&world.paths, &Manifest::at(&world.repo, tip, &world.config))?;
        return Ok(Step::Trusted { kept: false });
    }
    if let (None, true, false) | (Some(_), true, false) = (world.queue.tip, wrote, kept) {
        let blob = world.repo.write_blob(config_text(seed).as_bytes())?;
        let manifest = Manifest([(CONFIG_FILE.to_owned(), blob)].into());
        trust::trust(&world.paths, &manifest)?;
    }
    Ok(Step::Trusted { kept })
}

/// The first clone that is set up runs the queue.
fn first_runner(world: &World) -> Result<()> {
    if world.ledger.runner.is_some() {
        return Ok(());
    }
    let runner = world.paths.runner();
    append(&world.pen(), &mut |ledger| {
        Ok(match &ledger.runner {
            Some(other) => Err(format!("`{other}` runs it")),
            None => Ok(Draft::new(Kind::Runner { runner: runner.clone() })),
        })
    })?;
    Ok(())
}

fn offer_heartbeat(args: &Init, world: &World) -> Result<Option<Step>> {
    let host = timers::Host::here()?;
    if let Some(found) = timers::status(&host, &world.paths.clone_id)?.into_iter().next() {
        return Ok(Some(Step::Heartbeat { found, kept: true }));
    }
    let asks = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if args.no_heartbeat || args.yes || !asks {
        return Ok(None);
    }
    let question = "Let the system's timer look at the queue every 30 minutes, so that windows \
                    open after a reboot too?";
    if !confirm(question, &mut std::io::stdin().lock(), &mut anstream::stdout())? {
        return Ok(None);
    }
    let clone = heartbeat::here(&world.repo, &world.paths)?;
    let found = heartbeat::install(&host, &clone, "30m".parse().map_err(anyhow::Error::msg)?)?;
    Ok(Some(Step::Heartbeat { found, kept: false }))
}

/// What stands in the configuration now, which may be older than this `init`.
fn runs<'a>(world: &World, choice: &'a Choice, level: &'a Level) -> Summary<'a> {
    let builder = world.config.builder.clone();
    let known = world.config.builders.get(&builder);
    let sandboxed = matches!(level, Level::Bubblewrap(_));
    let preset = choice.preset.as_ref().filter(|_| choice.name == builder);
    let rights = match (known, preset) {
        (None, _) => steps_rights(sandboxed),
        (Some(_), Some(preset)) => preset.rights,
        (Some(_), None) => "runs with what its command allows",
    };
    let lines = |checks: &[Check]| checks.iter().map(|c| shell_words::join(&c.argv)).collect();
    Summary {
        builder,
        command: known.map(|known| shell_words::join(&known.command)).unwrap_or_default(),
        rights,
        sandbox: match level {
            Level::Bubblewrap(_) => {
                "bubblewrap: only the workspace is writable; files of yours can be read".into()
            }
            Level::None { why } => format!("none: {why}"),
        },
        verify: lines(&world.config.verify),
        setup: lines(&world.config.workspace_setup),
        remarks: &choice.passed,
    }
}

fn hooks_place(repo: &Repo, paths: &Paths) -> Result<Place> {
    let Some(value) = repo.setting("core.hooksPath") else {
        return Ok(hooks::place(&paths.common, None));
    };
    let git = Git::at(repo.work_dir().unwrap_or(&paths.common));
    let shown = git.run(["config", "--show-scope", "--get", "core.hooksPath"])?;
    let scope = shown.split_whitespace().next().unwrap_or("local").to_owned();
    let expanded = git.run(["config", "--path", "--get", "core.hooksPath"])?;
    let resolved = repo.work_dir().unwrap_or(&paths.common).join(expanded);
    Ok(hooks::place(&paths.common, Some(HooksPath { value: &value, scope: &scope, resolved })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn agents(names: &[&'static str]) -> Vec<Agent> {
        names.iter().map(|name| Agent { name, exe: format!("/bin/{name}").into() }).collect()
    }

    #[test]
    fn the_first_agent_with_bounds_is_chosen() {
        for (found, asked, sandboxed, chosen) in [
            (&["claude", "codex"][..], None, true, Ok("claude")),
            (&["opencode", "codex"], None, true, Ok("opencode")),
            (&["opencode", "codex"], None, false, Ok("opencode, then codex")),
            (&["goose"], None, false, Ok("goose, then steps")),
            (&["goose"], Some("goose"), false, Ok("goose")),
            (&[], None, false, Ok("steps")),
            (&["claude"], Some("steps"), true, Ok("steps")),
            (&["claude"], Some("codex"), true, Err("not on PATH")),
            (&["claude"], Some("vim"), true, Err("known are claude, codex")),
        ] {
            match (choose(&agents(found), asked, sandboxed), chosen) {
                (Ok(choice), Ok(chosen)) => {
                    let name = chosen.rsplit(' ').next().unwrap();
                    assert_eq!(choice.name, name, "{found:?}");
                    assert_eq!(choice.preset.is_none(), name == STEPS);
                    assert_eq!(choice.passed.len(), chosen.matches("then").count());
                }
                (Err(error), Err(said)) => {
                    assert!(error.to_string().contains(said), "{error}");
                }
                (got, chosen) => panic!("{got:?} instead of {chosen:?}"),
            }
        }
    }

    fn parsed(text: &str) -> Value {
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn the_configuration_says_what_was_meant() {
        for name in agents::KNOWN {
            let choice = choose(&agents(&[name]), Some(name), false).unwrap();
            let preset = choice.preset.clone().unwrap();
            let verify = ["cargo test --workspace".into(), "sh -c 'echo \"a: #b\"'".into()];
            let seed = Seed {
                choice: &choice,
                verify: &verify,
                setup: &[],
                timezone: "Europe/Berlin",
                queue: "queue",
            };
            let text = config_text(&seed);
            assert!(!text.contains('@'), "{text}");
            let value = parsed(&text);
            assert_eq!(value["builder"], json!(name));
            assert_eq!(value["builders"][name]["command"], json!(preset.command));
            assert_eq!(value["builders"][name]["env"], json!(preset.env));
            assert_eq!(value["verify"], json!(verify));
            assert_eq!(value["workspace"]["setup"], json!([]));
            assert_eq!(value["timezone"], json!("Europe/Berlin"));
        }
    }

    #[test]
    fn every_key_that_is_commented_out_is_sound() {
        let choice = Choice { name: STEPS.into(), preset: None, passed: Vec::new() };
        let setup: Vec<String> = (0..9).map(|n| format!("npm run prepare-{n}")).collect();
        let seed =
            Seed { choice: &choice, verify: &[], setup: &setup, timezone: "UTC", queue: "queue" };
        let text = config_text(&seed);
        let keys = |line: &str| {
            let bare = line.trim_start().strip_prefix("# ").unwrap_or_default();
            let key = bare.trim_start().split(": ").next().unwrap_or_default();
            let key = key.trim_end_matches(':');
            !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let open: String = text
            .lines()
            .filter(|line| !line.starts_with("# ") || (keys(line) && line.contains(':')))
            .map(|line| line.replacen("# ", "", 1) + "\n")
            .collect();
        let value = parsed(&open);
        assert_eq!(value["workspace"]["setup"], json!(setup));
        assert_eq!(value["retry"], json!({"max": 3, "delay": "5m", "from": "base"}));
        assert_eq!(value["windows"]["medium"], json!("22:00-06:00"));
        assert_eq!(value["report"]["at"], json!("23:00"));
        assert_eq!(value["hooks"]["quiet"], json!(false));
        assert!(value.get("builders").is_none());
    }

    #[test]
    fn a_second_run_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let choice = Choice { name: STEPS.into(), preset: None, passed: Vec::new() };
        let seed =
            Seed { choice: &choice, verify: &[], setup: &[], timezone: "UTC", queue: "jobs" };
        let place = Place::Own(dir.path().join("hooks"));
        let exe = Path::new("/opt/buildq");
        let go = || {
            let mut steps = write_files(dir.path(), &seed).unwrap();
            steps.extend(install_hooks(&place, false, exe).unwrap());
            steps
        };
        let runs = Summary {
            builder: STEPS.into(),
            command: String::new(),
            rights: steps_rights(true),
            sandbox: "bubblewrap".into(),
            verify: vec!["cargo test".into()],
            setup: vec![],
            remarks: &[],
        };
        let first = told(&go(), &runs, "jobs");
        assert!(
            first.starts_with("wrote      buildq.yaml\nwrote      jobs/README.md\n"),
            "{first}"
        );
        assert!(first.contains("hook       post-commit: new\n"), "{first}");
        assert!(first.contains("checks     cargo test\n"), "{first}");
        assert!(first.contains("undo       buildq uninstall\n"), "{first}");
        let readme = fs::read_to_string(dir.path().join("jobs/README.md")).unwrap();
        assert!(readme.contains("`jobs/greet-by-name.md`"));
        fs::write(dir.path().join("buildq.yaml"), "mine").unwrap();
        let second = told(&go(), &runs, "jobs");
        assert!(second.starts_with("buildq is set up here already; nothing was changed\n"));
        assert_eq!(fs::read_to_string(dir.path().join("buildq.yaml")).unwrap(), "mine");
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in [
            ("\n", true),
            ("Y\n", true),
            ("yes\n", true),
            ("n\n", false),
            ("", false),
            ("what?\n", false),
        ] {
            let mut out = Vec::new();
            assert_eq!(confirm("go?", &mut answer.as_bytes(), &mut out).unwrap(), yes, "{answer}");
            assert!(out.starts_with(b"go? [Y/n] "));
        }
    }

    #[test]
    fn scalars_are_quoted_where_they_must_be() {
        for (text, wanted) in [
            ("claude", "claude"),
            ("Europe/Berlin", "Europe/Berlin"),
            ("a b", "\"a b\""),
            ("no", "\"no\""),
            ("-p", "\"-p\""),
            ("", "\"\""),
            ("a\"b\n", "\"a\\\"b\\n\""),
        ] {
            assert_eq!(yaml(text), wanted);
        }
    }
}
