//! `buildq lint`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::{Exit, Misuse, Scene, gather, print};
use crate::core::ledger::{Ledger, Phase};
use crate::core::lint::{self, Desk, Sheet};
use crate::core::queue::{self, Content};
use crate::domain::config::{self, Config};
use crate::domain::diagnostic::{Diagnostic, Source};
use crate::domain::id::TaskId;
use crate::effects::calendar;
use crate::effects::drafts;
use crate::effects::ledger;
use crate::effects::paths::Paths;
use crate::effects::repo::Repo;
use crate::effects::trust::CONFIG;
use crate::render;

mod staged;

pub use staged::{WANTED, before_commit};

/// Say what is wrong or unclear in task files, with line, column and a suggestion
///
/// Without FILE: every task file of the work tree, and buildq.yaml. Files are compared with the
/// rest of the queue, so that twins and contradictions are found too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Task files, buildq.yaml, or `-` for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look at what is staged instead of the work tree
    #[arg(long, conflicts_with = "files")]
    staged: bool,
    /// The path that standard input is to have in the queue
    #[arg(long, value_name = "PATH")]
    name: Option<String>,
    /// Let any finding count as an error
    #[arg(long)]
    deny: bool,
}

/// What is to be looked at: the queue's files, the policy, and what is wrong with that.
struct Look {
    sheets: Vec<Sheet>,
    config: Config,
    /// Findings in `buildq.yaml`, if that was asked for.
    findings: Vec<Diagnostic>,
    /// The text of `buildq.yaml`, if that was looked at.
    text: Option<Vec<u8>>,
    /// Whether files are compared with each other.
    compare: bool,
    /// What stands now in the files that a commit would change; none where no commit is at hand.
    before: Option<Vec<Sheet>>,
}

/// Gathers files, judges, says so.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let (repo, paths) = gather::open(&scene.dir)?;
    let look = match args.staged {
        true => staged::look(&repo, scene)?,
        false => look(&repo, &args, scene)?,
    };
    let files = look.files();
    let findings = judge(look, &repo, &paths, scene);
    print(&match args.json {
        true => render::lint::json(&findings, files)?,
        false => render::lint::page(&findings, files),
    });
    let [errors, ..] = lint::count(&findings);
    let bad = errors > 0 || (args.deny && !findings.is_empty());
    Ok(if bad { Exit::No } else { Exit::Done })
}

impl Look {
    fn files(&self) -> usize {
        let picked =
            |sheet: &&Sheet| sheet.picked && queue::is_task(&self.config.queue_dir, &sheet.path);
        self.sheets.iter().filter(picked).count() + usize::from(self.text.is_some())
    }
}

fn judge(look: Look, repo: &Repo, paths: &Paths, scene: &Scene) -> Vec<Diagnostic> {
    // A ledger that cannot be read is told by the commands that need it.
    let ledger = ledger::read(repo, paths).unwrap_or_default();
    let Look { sheets, config, compare, before, mut findings, .. } = look;
    findings.extend(look.text.iter().flat_map(|text| calendars(repo, &config, text)));
    let over = over(&ledger, &sheets, &config, repo);
    let known: BTreeSet<_> = ledger.builds.into_keys().collect();
    let desk = Desk { sheets, config: &config, known, over, before, compare, now: scene.now };
    findings.extend(lint::lint(&desk));
    findings
}

/// Tasks whose text, as it stands, is built or called off.
fn over(ledger: &Ledger, sheets: &[Sheet], config: &Config, repo: &Repo) -> BTreeSet<TaskId> {
    let is_over = |(id, sheet): (TaskId, &Sheet)| {
        let build = ledger.builds.get(&id)?;
        let ended = build.is_over() || matches!(build.phase, Phase::Review { .. });
        let built = repo.blob(build.source().filter(|_| ended)?)?;
        (sheet.content == Content::Bytes(built)).then_some(id)
    };
    let named = sheets
        .iter()
        .filter_map(|sheet| Some((queue::named(&config.queue_dir, &sheet.path)?.ok()?, sheet)));
    named.filter_map(is_over).collect()
}

/// The policy in a text, and what is wrong with it; one that cannot be read says nothing.
fn policy(bytes: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    match config::parse(CONFIG, bytes) {
        Ok((config, warnings)) => (Some(config), warnings),
        Err(errors) => (None, errors),
    }
}

/// Calendars that hold nothing since their file cannot be read, at the words that name them.
fn calendars(repo: &Repo, config: &Config, text: &[u8]) -> Vec<Diagnostic> {
    let text = String::from_utf8_lossy(text);
    let source = Source::new(CONFIG, &text);
    let finding = |(path, why): (String, String)| {
        let message = format!("the calendar `{path}` cannot be read and holds nothing: {why}");
        let at = text.find(&path).map(|at| source.place(&(at..at + path.len())));
        let hint = "put the file there, or take it out of `calendar`";
        Diagnostic::warning(CONFIG, message).code("no-calendar").at(at).hint(hint)
    };
    calendar::unreadable(repo, config).into_iter().map(finding).collect()
}

/// The policy of the queue branch, for where the one at hand says nothing.
fn committed_policy(repo: &Repo) -> Config {
    gather::config_at(repo, repo.branch(&repo.queue_branch())).0
}

/// The work tree, with the files that were asked for picked out.
fn look(repo: &Repo, args: &Args, scene: &Scene) -> Result<Look> {
    let top = repo.work_dir().ok_or_else(|| anyhow!("a bare repository has no work tree"))?;
    let top = top.canonicalize().with_context(|| format!("`{}`", top.display()))?;
    let own = std::fs::read(top.join(CONFIG)).ok();
    let (config, told) = own.as_deref().map(policy).unwrap_or_default();
    let config = config.unwrap_or_else(|| committed_policy(repo));
    let dir = config.queue_dir.clone();
    let mut files: BTreeMap<String, (Content, bool)> = drafts::of_work_tree(&top, &dir)?
        .into_iter()
        .map(|(path, content)| (path, (content, args.files.is_empty())))
        .collect();
    let mut with_config = args.files.is_empty();
    for file in &args.files {
        if file == Path::new("-") {
            let path = args.name.clone().unwrap_or_else(|| format!("{dir}/stdin.md"));
            below(&dir, &path)?;
            files.insert(path, (drafts::from_stdin()?, true));
            continue;
        }
        let path = inside(&top, &scene.dir.join(file))?;
        if path == CONFIG {
            with_config = true;
            continue;
        }
        below(&dir, &path)?;
        let content = drafts::read(&top.join(&path))?;
        files.insert(path, (content, true));
    }
    let sheets = files.into_iter().map(|(path, (content, picked))| Sheet { path, content, picked });
    let findings = if with_config { told } else { Vec::new() };
    let (sheets, text) = (sheets.collect(), own.filter(|_| with_config));
    Ok(Look { sheets, config, findings, text, compare: true, before: None })
}

/// A path from the top of the repository.
fn inside(top: &Path, file: &Path) -> Result<String> {
    let shown = || format!("`{}`", file.display());
    // The file itself may be a link, which is told as such.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().with_context(shown)?;
    let full = folder.join(file.file_name().ok_or_else(|| anyhow!("{} is no file", shown()))?);
    let path = full.strip_prefix(top).ok().and_then(Path::to_str).map(str::to_owned);
    path.ok_or_else(|| Misuse(format!("{} is not in this repository", shown())).into())
}

fn below(dir: &str, path: &str) -> Result<()> {
    let inside = path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
    if inside && !path.split('/').any(|part| part == "..") {
        return Ok(());
    }
    let hint = format!("to look at a text as if it were: buildq lint --name {dir}/x.md - <FILE");
    Err(Misuse(format!("`{path}` is not below `{dir}/`\nhint: {hint}")).into())
}
