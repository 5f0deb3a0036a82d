//! `buildq spawn`

use std::io::Read;

use anyhow::{Context, Result, anyhow, bail};

use super::add::{Fate, Taken, say_other_deeds, title};
use super::approve;
use super::gather::World;
use super::init::row;
use super::{Exit, Misuse, Scene, mouth, print, say, sync};
use crate::core::gates::{self, Gate, Hold, Round};
use crate::core::ledger::{Build, Phase};
use crate::core::queue::Item;
use crate::core::situation::Origin;
use crate::domain::event::Kind;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::{self, LARGEST_FILE, Task};
use crate::domain::yaml::write::scalar;
use crate::effects::ledger::{Appended, Draft, append};
use crate::effects::signers;
use crate::render;

/// Start a task now, whatever the clock says
///
/// It skips the window, the calendar, `not_before` and the approval of low priority; every other
/// gate holds. With `--label` and `--task` it is a task of its own, without a file: its text
/// is kept in the ledger.
#[derive(Debug, clap::Args)]
#[command(override_usage = "buildq spawn TASK\n       buildq spawn --label NAME --task TEXT")]
pub struct Args {
    /// A task of the queue
    #[arg(value_name = "TASK", required_unless_present = "label", conflicts_with = "label")]
    id: Option<TaskId>,
    /// What a task of its own is called
    #[arg(long, value_name = "NAME", requires = "spec")]
    label: Option<String>,
    /// What it is to do, in Markdown, with front matter or without; `-` reads standard input
    #[arg(long = "task", id = "spec", value_name = "TEXT", requires = "label")]
    spec: Option<String>,
    /// Approve it as well, where its text speaks of production, money, secrets and the like
    #[arg(long, requires = "label")]
    approve: bool,
}

/// Starts it, or says what holds it.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let world = scene.look()?;
    say::must_be_known(&world)?;
    match (args.id, args.label, args.spec) {
        (Some(id), ..) => from_queue(world, &id),
        (None, Some(label), Some(spec)) => of_its_own(world, &label, &spec, args.approve),
        _ => Err(Misuse("which task?\nhint: buildq spawn TASK".into()).into()),
    }
}

fn from_queue(world: World, id: &TaskId) -> Result<Exit> {
    if let Some(why) = not_to_be_started(&world, id) {
        return Err(anyhow!(why));
    }
    start(world, id)
}

/// Why a task is nothing that could be started, and what to do instead.
fn not_to_be_started(world: &World, id: &TaskId) -> Option<String> {
    let build = world.ledger.builds.get(id);
    let number = build.and_then(Build::last).map(|run| run.number());
    let instead = match build.map(|build| &build.phase) {
        Some(Phase::Building) => {
            let number = number.map(|number| format!(", attempt {number}")).unwrap_or_default();
            format!("is being built already{number}\nhint: buildq output {id} --follow")
        }
        Some(Phase::Review { .. }) => format!(
            "is built and waits for you\nhint: buildq review {id}; or, to build it anew: buildq \
             retry {id}"
        ),
        Some(Phase::Blocked { question, .. }) => format!(
            "waits for an answer: {}\nhint: buildq answer {id} \"…\"",
            render::text::safe(question)
        ),
        Some(Phase::Escalated { .. }) => {
            format!("is out of retries\nhint: buildq show {id}; then: buildq retry {id}")
        }
        _ => return not_there(world, id),
    };
    Some(format!("`{id}` {instead}"))
}

fn not_there(world: &World, id: &TaskId) -> Option<String> {
    let build = world.ledger.builds.get(id);
    let Some(item) = world.queue.items.get(id) else {
        let path = format!("{}/{id}.md", world.config.queue_dir);
        let written = world.repo.work_dir().is_some_and(|top| top.join(&path).exists());
        return Some(match build {
            Some(build) => {
                let name = say::state(&build.phase);
                format!("`{id}` is {name}, and no longer in the queue\nhint: buildq show {id}")
            }
            None if written => format!(
                "`{path}` is not committed on {}\nhint: git add {path} && git commit {path}",
                world.queue_branch
            ),
            None => format!("there is no task `{id}`{}", world.nearest(id)),
        });
    };
    let over = build.filter(|build| build.is_over() && build.source() == Some(item.blob))?;
    let name = say::state(&over.phase);
    Some(format!("`{id}` is {name}\nhint: to build the same again: buildq retry {id}"))
}

/// One forced sync, and what it did for this task.
fn start(world: World, id: &TaskId) -> Result<Exit> {
    let outcome = sync::all_that_is_due((world.repo, world.paths), Some(id))?;
    let fate = Fate::of(id, &outcome);
    match &fate {
        Fate::Started { attempt, builder } => {
            print(&row("started", &format!("{id}, attempt {attempt} with {builder}")));
            print(&row("watch", &format!("buildq output {id} --follow")));
        }
        Fate::Queued { reason } => {
            let reason = format!("{id}: {reason}; it starts by itself then");
            print(&row("queued", &reason));
        }
        _ => {
            print(&row("not now", &format!("{id} is {}", fate.line(id))));
            let verdict = sync::verdict(&outcome.plan, id);
            verdict.into_iter().for_each(|verdict| say_holds(verdict.holds()));
        }
    }
    say_other_deeds(outcome, &[id]);
    Ok(if matches!(fate, Fate::Started { .. }) { Exit::Done } else { Exit::No })
}

fn say_holds<'a>(holds: impl Iterator<Item = (Gate, &'a Hold)>) {
    for (gate, hold) in holds {
        let (reason, remedy) = (render::text::safe(&hold.reason), render::text::safe(&hold.remedy));
        let opens = match remedy.is_empty() {
            true => "it opens by itself".to_owned(),
            false => format!("to open it: {remedy}"),
        };
        print(&row(&gate.to_string(), &format!("{reason}\n{opens}")));
    }
}

/// A task that has no file: judged first, then written into the ledger, then started.
fn of_its_own(mut world: World, label: &str, spec: &str, approve: bool) -> Result<Exit> {
    let text = complete(label, &read(spec)?);
    let id = Taken::look(&world).give(label);
    let parsed = task::parse("--task", &id, text.as_bytes());
    for one in &parsed.diagnostics {
        mouth::complain(&render::diagnostic::show(one));
    }
    let Some(task) = parsed.task else { bail!("nothing was started") };
    let blob = world.repo.write_blob(text.as_bytes())?;
    let risks = approve::kinds(&world.config, &task);
    let shown = render::text::safe(&task.title);
    if refused(&mut world, (&id, blob, task), approve) {
        return Ok(Exit::No);
    }
    record(&world, &id, (blob, risks), text)?;
    print(&row("spawned", &format!("{id}: {shown}")));
    print(&row("text", &format!("git show buildq:specs/{blob}")));
    start(world, &id)
}

/// Whether a gate holds that only another text, or a person, would open. Judged before anything
/// is written, since a text in the ledger cannot be edited.
fn refused(world: &mut World, (id, blob, task): (&TaskId, Oid, Task), approve: bool) -> bool {
    let path = format!("specs/{blob}");
    let item = Item { id: id.clone(), path, blob, task: Some(task), diagnostics: Vec::new() };
    world.queue.add(item.clone());
    // Whoever types it here vouches for it, though not for what it may put at risk.
    let author = world.repo.person().name;
    let origin = Origin { doubt: None, commit: blob, author, added: world.now };
    world.seen.origins.insert(id.clone(), origin);
    let situation = world.situation(Some(id));
    let rulings = gates::rule(situation, &item, &Round::of(situation));
    let lasting = |gate: Gate| match gate {
        Gate::Risk => !approve,
        Gate::Valid | Gate::Runner | Gate::Trust | Gate::Clear | Gate::Blockers => true,
        Gate::Depends | Gate::Approval | Gate::Conflict => true,
        _ => false,
    };
    let held = rulings.into_iter().filter(|ruling| lasting(ruling.gate));
    let mut holds: Vec<_> = held.filter_map(|r| Some((r.gate, *r.hold?))).collect();
    for (gate, hold) in &mut holds {
        match gate {
            Gate::Risk => hold.remedy = "the same with --approve, if that is meant".into(),
            Gate::Clear => hold.remedy = "say in --task what will be true in the end".into(),
            Gate::Blockers | Gate::Depends => hold.remedy = "take it out of --task".into(),
            _ => {}
        }
    }
    if !holds.is_empty() {
        print(&row("not now", &format!("{id} is not started, and nothing was written")));
        say_holds(holds.iter().map(|(gate, hold)| (*gate, hold)));
    }
    !holds.is_empty()
}

/// Its text and the word of the person here, in one event.
fn record(
    world: &World,
    id: &TaskId,
    (source, risks): (Oid, Vec<String>),
    text: String,
) -> Result<()> {
    let path = Some(format!("specs/{source}"));
    let kind = Kind::Approved { task: id.clone(), source, path, risks: Some(risks), until: None };
    let mut draft = Draft { signed: signers::signs(&world.repo), ..Draft::new(kind) };
    draft.files.push((format!("specs/{source}"), text.into_bytes()));
    let appended = append(&world.pen(), &mut |ledger| {
        let known = ledger.builds.contains_key(id)
            || ledger.approvals.iter().any(|approval| approval.task == *id);
        Ok(if known { Err(format!("`{id}` was taken meanwhile")) } else { Ok(draft.clone()) })
    })?;
    match appended {
        Appended::Yes(ledger, event) => approve::remember(world, &ledger, &event),
        Appended::No(why) => Err(anyhow!("{why}\nhint: try again")),
    }
}

fn read(spec: &str) -> Result<String> {
    if spec != "-" {
        return Ok(spec.to_owned());
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).context("standard input is not UTF-8 text")
}

/// The text with a title and a priority: its own, else the label and `high`.
fn complete(label: &str, spec: &str) -> String {
    let spec = spec.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let name = scalar(&label.split_whitespace().collect::<Vec<_>>().join(" "));
    let (front, body) = match spec.strip_prefix("---\n").and_then(|rest| {
        let end = rest.find("\n---\n").map(|at| at + 1);
        let end = end.or_else(|| rest.starts_with("---\n").then_some(0));
        end.map(|end| (&rest[..end], &rest[end + 4..]))
    }) {
        Some((front, body)) => (front.to_owned(), body),
        // What begins but has no end is for the parser to tell.
        None if spec.starts_with("---\n") => return spec,
        None => (String::new(), spec.as_str()),
    };
    let says = |key: &str| {
        front.lines().any(|line| {
            line.split_once(':').is_some_and(|(word, _)| word.trim_end().eq_ignore_ascii_case(key))
        })
    };
    let titled = || {
        let bare = format!("---\n{front}---\n{body}");
        let parsed = TaskId::new("spec")
            .ok()
            .and_then(|id| task::parse("spec.md", &id, bare.as_bytes()).task);
        parsed.and_then(|task| title(&bare, &task)).is_some()
    };
    let mut head = String::from("---\n");
    if !says("title") && !titled() {
        head += &format!("title: {name}\n");
    }
    if !says("priority") {
        head += "priority: high\n";
    }
    let end = if body.ends_with('\n') { "" } else { "\n" };
    format!("{head}{front}---\n{body}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Priority;

    #[test]
    fn a_bare_text_becomes_a_task() {
        for (spec, whole) in [
            ("Fix it.", "---\ntitle: \"Typo: x\"\npriority: high\n---\nFix it.\n"),
            ("# Own title\n\nFix.\n", "---\npriority: high\n---\n# Own title\n\nFix.\n"),
            (
                "---\r\npriority: low\r\n---\r\nFix.\n",
                "---\ntitle: \"Typo: x\"\npriority: low\n---\nFix.\n",
            ),
            (
                "---\nTitle: Own\nestimate: 1h\n---\nFix.\n",
                "---\npriority: high\nTitle: Own\nestimate: 1h\n---\nFix.\n",
            ),
            ("---\n---\nFix.\n", "---\ntitle: \"Typo: x\"\npriority: high\n---\nFix.\n"),
            ("---\nno end", "---\nno end"),
        ] {
            assert_eq!(complete("Typo: x", spec), whole);
        }
        let text = complete("Typo", "Fix the typo in `a`.");
        let id = TaskId::new("typo").unwrap();
        let task = task::parse("f.md", &id, text.as_bytes()).task.unwrap();
        assert_eq!((task.title.as_str(), task.priority), ("Typo", Priority::High));
    }
}
