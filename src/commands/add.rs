//! `buildq add`

mod batch;
mod drafting;
mod editor;
mod fate;
#[cfg(feature = "mcp")]
pub mod given;
mod ids;
mod place;
mod sound;
mod text;

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail};

use self::editor::{Typed, Unchanged};
use self::place::place;
use self::sound::{Ready, ready};
use self::text::Draft;
use super::gather::World;
use super::{Exit, Misuse, Scene, mouth, print, say};
use crate::core::situation::Trust;
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::TaskId;
use crate::domain::task;
use crate::effects::workspace::Marker;
use crate::render;

pub use fate::Fate;
pub use ids::Taken;
pub use place::{commit_tasks, say_other_deeds};
pub use text::title;

/// A file of many tasks is never larger, in bytes.
const LARGEST: u64 = 16 << 20;

/// Write a task and commit it: that file alone, whatever else is staged
///
/// Without flags your editor opens on a template. A file that you write and commit yourself
/// does just the same.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// What you want, in a sentence; `-` reads it from standard input
    #[arg(value_name = "SENTENCE", requires = "draft")]
    sentence: Option<String>,
    /// Let the builder, or the one of `--builder`, draft the task; nothing counts before you have
    /// read it
    #[arg(long, requires = "sentence", conflicts_with_all = SAID)]
    draft: bool,
    /// Tell where the draft lies as JSON, instead of opening the editor
    #[arg(long, requires = "draft")]
    json: bool,
    /// Add a task file as it stands, such as a draft; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = SAID, conflicts_with = "builder")]
    file: Option<String>,
    /// What it is called; the file is named after it
    #[arg(long)]
    name: Option<String>,
    /// What is to be done, in Markdown; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    desc: Option<String>,
    /// When it may start: high is now, medium tonight, low after `buildq approve`
    #[arg(long, value_parser = ["high", "medium", "low"], ignore_case = true)]
    priority: Option<String>,
    /// Your guess of the work, e.g. 4h
    #[arg(long, value_name = "SPAN")]
    estimate: Option<String>,
    /// When it should be done, e.g. "2030-12-31 18:00"
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// What will be true in the end; may be repeated
    #[arg(long, value_name = "TEXT")]
    criterion: Vec<String>,
    /// What it is made with; may be repeated
    #[arg(long, value_name = "WORD")]
    tech: Vec<String>,
    /// A word to find it by; may be repeated
    #[arg(long, value_name = "WORD")]
    label: Vec<String>,
    /// A task that comes first; may be repeated
    #[arg(long, value_name = "TASK")]
    depends_on: Vec<String>,
    /// Who builds it: a name from buildq.yaml
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// A check beside the configured ones; may be repeated
    #[arg(long, value_name = "COMMAND")]
    verify: Vec<String>,
    /// Open the editor on what the flags say
    #[arg(short, long, conflicts_with = "batch")]
    edit: bool,
    /// Write the file and leave committing it to you
    #[arg(long)]
    no_commit: bool,
    /// Add many tasks in one commit: a YAML list or one JSON object per line; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["draft", "file"])]
    batch: Option<String>,
    /// Print a task file to copy
    #[arg(long, exclusive = true)]
    template: bool,
}

/// What says a part of a task.
const SAID: [&str; 11] = [
    "name",
    "desc",
    "priority",
    "estimate",
    "due",
    "criterion",
    "tech",
    "label",
    "depends_on",
    "verify",
    "edit",
];

/// Writes the task, commits it, and says what became of it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.template {
        print(text::TEMPLATE);
        return Ok(Exit::Done);
    }
    let world = scene.look()?;
    may_add(&world, args.no_commit)?;
    if args.draft {
        return drafting::run(&args, world, scene);
    }
    if let Some(file) = &args.file {
        let (ready, typed) = as_it_stands(&world, file, scene)?;
        return place(world, vec![ready], (args.no_commit, typed), scene);
    }
    if let Some(file) = &args.batch {
        if args.says_anything() {
            return Err(misuse("with `--batch` everything stands in its file"));
        }
        let ready = many(&world, file, scene)?;
        return place(world, ready, (args.no_commit, None), scene);
    }
    let draft = args.draft(scene)?;
    if args.edit || !args.says_anything() {
        if !editor::somebody_is_there() {
            return Err(misuse(
                "nobody is here to type\nhint: buildq add --name \"…\" --desc \"…\" --criterion \"…\", \
                 or --batch FILE",
            ));
        }
        let Some(typed) = editor::edit(&world, &text::filled(&draft), Unchanged::IsNothing)? else {
            print("nothing was typed, no task was added");
            return Ok(Exit::No);
        };
        let id = Taken::look(&world).give(&typed.title);
        let ready = ready(&world, id, (typed.text.clone(), None)).map_err(refuse);
        let ready = ready.with_context(|| typed.kept())?;
        return place(world, vec![ready], (args.no_commit, Some(typed)), scene);
    }
    if draft.name.trim().is_empty() {
        return Err(misuse("a task needs a name\nhint: --name \"Greet by name\""));
    }
    let id = Taken::look(&world).give(&draft.name);
    let hint = "--criterion \"what will be true in the end\"";
    let ready = ready(&world, id, (draft.text(), Some(hint))).map_err(refuse)?;
    place(world, vec![ready], (args.no_commit, None), scene)
}

fn misuse(text: &str) -> anyhow::Error {
    Misuse(text.to_owned()).into()
}

/// Shows what is wrong; the error only says what that means.
fn refuse(found: Vec<Diagnostic>) -> anyhow::Error {
    show(&found);
    anyhow::anyhow!("no task was added")
}

fn show(found: &[Diagnostic]) {
    for one in found {
        mouth::complain(&render::diagnostic::show(one));
    }
}

impl Args {
    fn says_anything(&self) -> bool {
        let one =
            [&self.name, &self.desc, &self.priority, &self.estimate, &self.due, &self.builder];
        let many = [&self.criterion, &self.tech, &self.label, &self.depends_on, &self.verify];
        one.iter().any(|value| value.is_some()) || many.iter().any(|values| !values.is_empty())
    }

    fn draft(&self, scene: &Scene) -> Result<Draft> {
        let mut draft = Draft {
            name: self.name.clone().unwrap_or_default(),
            description: match self.desc.as_deref() {
                Some("-") => read("-", scene)?,
                desc => desc.unwrap_or_default().to_owned(),
            },
            criteria: self.criterion.clone(),
            ..Draft::default()
        };
        draft.one("priority", self.priority.as_deref());
        draft.one("estimate", self.estimate.as_deref());
        draft.one("due", self.due.as_deref());
        draft.many("tech", &self.tech);
        draft.many("labels", &self.label);
        draft.many("depends_on", &self.depends_on);
        draft.one("builder", self.builder.as_deref());
        draft.many("verify", &self.verify);
        Ok(draft)
    }
}

/// Refuses where a task would not arrive.
pub fn may_add(world: &World, no_commit: bool) -> Result<()> {
    if let Trust::Broken(why) = &world.seen.trust {
        bail!(
            "the configuration has an error: {why}\nhint: mend it first: it says where tasks are"
        );
    }
    if no_commit {
        return Ok(());
    }
    if Marker::is_here() {
        bail!(
            "a build cannot queue work: it would count as yours\n\
             hint: name it as a next step: buildq progress --next \"…\""
        );
    }
    say::must_be_known(world)?;
    let branch = &world.queue_branch;
    if world.queue.tip.is_some() && world.repo.branch(branch).is_none() {
        bail!("`{branch}` is not a branch here yet\nhint: git branch {branch} origin/{branch}");
    }
    Ok(())
}

/// Text of a file or of standard input.
fn read(file: &str, scene: &Scene) -> Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        let opened = std::fs::File::open(scene.dir.join(file));
        let opened = opened.with_context(|| format!("cannot read `{file}`"))?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        bail!("`{file}` is larger than {} MiB", LARGEST >> 20);
    }
    String::from_utf8(bytes).with_context(|| format!("`{file}` is not UTF-8 text"))
}

/// The one task of a file that is a task file already; a draft of this clone goes with its adding.
fn as_it_stands(world: &World, file: &str, scene: &Scene) -> Result<(Ready, Option<Typed>)> {
    let text = read(file, scene)?;
    let probe = task::parse(file, &TaskId::new("task")?, text.as_bytes());
    let task = probe.task.ok_or_else(|| refuse(probe.diagnostics))?;
    let Some(title) = title(&text, &task) else {
        return Err(misuse("the task has no title\nhint: write `title: …` between its `---`"));
    };
    let id = Taken::look(world).give(&title);
    let ready = ready(world, id, (text.clone(), None)).map_err(refuse)?;
    let place = scene.dir.join(file).canonicalize();
    let drafts = editor::drafts(world).canonicalize();
    let own = place.ok().zip(drafts.ok()).filter(|(file, drafts)| file.starts_with(drafts));
    Ok((ready, own.map(|(file, _)| Typed::of_draft(file, text, title))))
}

/// Every task of a file, or every error in it.
fn many(world: &World, file: &str, scene: &Scene) -> Result<Vec<Ready>> {
    let shown = if file == "-" { "standard input" } else { file };
    let drafts = batch::read(shown, &read(file, scene)?).map_err(|found| {
        show(&found);
        anyhow::anyhow!("no task was added")
    })?;
    let mut taken = Taken::look(world);
    let ids: Vec<TaskId> = drafts.iter().map(|draft| taken.give(&draft.name)).collect();
    let names = drafts.iter().zip(&ids);
    let called: BTreeMap<TaskId, TaskId> =
        names.rev().filter_map(|(d, id)| Some((TaskId::suggest(&d.name)?, id.clone()))).collect();
    let (mut good, mut bad) = (Vec::new(), 0);
    let total = drafts.len();
    for (number, (mut draft, id)) in drafts.into_iter().zip(ids).enumerate() {
        batch::point(&mut draft, &called);
        let hint = "criteria: [\"what will be true in the end\"]";
        match ready(world, id, (draft.text(), Some(hint))) {
            Ok(ready) => good.push(ready),
            Err(found) => {
                bad += 1;
                let name = render::text::safe(&text::one_line(&draft.name));
                mouth::complain(&format!("entry {} of {shown}, `{name}`:", number + 1));
                let errors: Vec<_> =
                    found.into_iter().filter(|one| one.severity == Severity::Error).collect();
                show(&errors);
            }
        }
    }
    if bad > 0 {
        bail!("{bad} of {total} tasks cannot be read; no task was added");
    }
    Ok(good)
}
