//! `buildq add SENTENCE --draft`: a builder drafts the task, a person reads it before it counts.
//!
//! What is drafted goes into the person's editor, and from there it is added as what they typed. Where
//! nobody can read it, it is kept outside the queue.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::json;

use super::editor::{self, Unchanged};
use super::text::Draft;
use super::{Args, Taken, misuse, place, ready, refuse};
use crate::commands::consult::{self, Question, Said};
use crate::commands::gather::World;
use crate::commands::init::row;
use crate::commands::supervise::ended;
use crate::commands::{Exit, Scene, mouth, print};
use crate::core::drafted::{self, Drafted};
use crate::core::situation::Trust;
use crate::domain::config::STEPS;
use crate::domain::id::TaskId;
use crate::domain::task::{self, Task};
use crate::domain::trailers::one_line;
use crate::effects::clock;
use crate::effects::locks::Lock;
use crate::effects::paths::make_private_dir;
use crate::effects::process::Ended;
use crate::render;

/// A draft is written in this time, or sooner where its builder has less.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// A sentence is never longer, in bytes.
const SENTENCE: usize = 8 << 10;
/// Why it was stopped by the person who asked.
const INTERRUPTED: &str = "interrupted";
/// The lock that a draft in the making holds.
const LOCK: &str = "draft";
/// A sync may hold it for as long as it takes to clear away what a killed one has left.
const MOMENT: Duration = Duration::from_secs(2);

/// Drafts, shows, and adds what the person leaves in their editor.
pub fn run(args: &Args, world: World, scene: &Scene) -> Result<Exit> {
    let sentence = args.sentence.as_deref().unwrap_or_default().trim();
    let sentence = if sentence == "-" { super::read("-", scene)? } else { sentence.to_owned() };
    if sentence.trim().is_empty() || sentence.len() > SENTENCE {
        return Err(misuse(
            "say what you want in a sentence\nhint: buildq add \"I want …\" --draft",
        ));
    }
    let builder = drafter(&world, args.builder.as_deref())?.to_owned();
    let (text, task) = match asked(&world, &builder, &sentence)? {
        Ok(drafted) => drafted,
        Err(why) => {
            let file = keep(&world, "sentence", &bare(&sentence).text())?;
            bail!(
                "`{builder}` drafted nothing: {}\nhint: your sentence is kept as a task: buildq add \
                 --file {}",
                render::text::safe(&why),
                shown(&file)
            );
        }
    };
    if args.json || !editor::somebody_is_there() {
        return apart(&world, &builder, (&text, &task), args.json);
    }
    let Some(typed) = editor::edit(&world, &text, Unchanged::IsAsked)? else {
        print("no task was added");
        return Ok(Exit::No);
    };
    let id = Taken::look(&world).give(&typed.title);
    let ready = ready(&world, id, (typed.text.clone(), None)).map_err(refuse);
    let ready = ready.with_context(|| typed.kept())?;
    place(world, vec![ready], (args.no_commit, Some(typed)), scene)
}

/// Who drafts.
fn drafter<'w>(world: &'w World, named: Option<&'w str>) -> Result<&'w str> {
    if !matches!(world.seen.trust, Trust::Trusted) {
        bail!(
            "the configuration, which names the builder, is not trusted here\nhint: buildq trust"
        );
    }
    let name = named.unwrap_or(&world.config.builder);
    if world.config.builders.contains_key(name) {
        return Ok(name);
    }
    let known: Vec<&str> = world.config.builders.keys().map(String::as_str).collect();
    let hint = match known.as_slice() {
        [] => "define an agent below `builders:` in buildq.yaml".to_owned(),
        known => format!("--builder {}", known.join(", or --builder ")),
    };
    Err(match name {
        STEPS => {
            misuse(&format!("`{STEPS}` runs what is written and drafts nothing\nhint: {hint}"))
        }
        name => {
            let name = render::text::safe(name);
            misuse(&format!("there is no builder `{name}`\nhint: {hint}"))
        }
    })
}

type Sound = (String, Task);

/// The draft as the text of a task file that says what was drafted and nothing else; or why there is
/// none.
fn asked(world: &World, builder: &str, sentence: &str) -> Result<Result<Sound, String>> {
    let Some(lock) = Lock::take(&world.paths.lock(LOCK), MOMENT)? else {
        bail!("another draft is being written here\nhint: wait for it");
    };
    let own = world.config.builders.get(builder).map_or(TIMEOUT, |builder| builder.timeout);
    let timeout = own.min(TIMEOUT);
    let task = TaskId::new("new")?;
    let question = Question { builder, timeout, kind: "draft", task: &task, lock: &lock };
    let template = consult::template(world, render::draft::OVERRIDE)?;
    let now = world.now.with_timezone(&world.config.timezone);
    let prompt = |base: &str| render::draft::prompt(sentence, base, &now, template.as_deref());
    let stop = Stop::listen()?;
    let begun = clock::tick();
    let mut watch = || {
        mouth::passing(&render::draft::working(builder, begun.elapsed()));
        stop.asked().then(|| INTERRUPTED.to_owned())
    };
    let said = consult::ask(world, &question, &prompt, &mut watch);
    mouth::passing("");
    if stop.asked() {
        bail!("interrupted; no task was added");
    }
    Ok(understood(&said?, timeout).and_then(|drafted| sound(&drafted)))
}

fn understood(said: &Said, timeout: Duration) -> Result<Drafted, String> {
    match &said.ended {
        Ended::Exit(0) => drafted::read(&said.printed),
        Ended::Timeout => {
            Err(format!("it took longer than {}", crate::domain::span_of_time::show(timeout)))
        }
        Ended::Exit(_) | Ended::Signal(_) => {
            let last = said.printed.lines().rev().find(|line| !line.trim().is_empty());
            let last = last.map(|line| format!(": {}", one_line(line, 200))).unwrap_or_default();
            Err(format!("it ended with {}{last}", ended(&said.ended)))
        }
        Ended::Stopped(why) | Ended::Exceeded(why) | Ended::Missing(why) => Err(why.clone()),
    }
}

/// The file's text, held against what was drafted: it is read back as that, and as nothing more.
fn sound(drafted: &Drafted) -> Result<Sound, String> {
    let mut draft = Draft {
        name: drafted.title.clone(),
        description: drafted.description.clone(),
        criteria: drafted.criteria.clone(),
        ..Draft::default()
    };
    draft.one("priority", drafted.priority.as_deref());
    draft.one("estimate", drafted.estimate.as_deref());
    draft.one("due", drafted.due.as_deref());
    draft.many("blockers", &drafted.blockers());
    let text = draft.text();
    let id = TaskId::new("new").map_err(|_| "an id".to_owned())?;
    let Some(task) = task::parse("new.md", &id, text.as_bytes()).task else {
        return Err("what it wrote is no task".into());
    };
    let open = task.criteria.iter().filter(|one| !one.done).count();
    let same = task.title == drafted.title
        && open == drafted.criteria.len()
        && task.criteria.len() == open
        && task.blockers.len() == drafted.risks.len()
        && task.builder.is_none()
        && task.verify.is_empty();
    match same {
        true => Ok((text, task)),
        false => Err("its description or criteria would be read as something else".into()),
    }
}

/// The sentence as a task of its own, for a person to say more.
fn bare(sentence: &str) -> Draft {
    let line = super::text::one_line(sentence);
    let name: String = line.chars().take(80).collect();
    Draft { name, description: sentence.trim().to_owned(), ..Draft::default() }
}

/// Where nobody can read it: kept outside the queue, with the command that adds it.
fn apart(world: &World, builder: &str, (text, task): (&str, &Task), as_json: bool) -> Result<Exit> {
    let name = TaskId::suggest(&task.title).map_or("task".to_owned(), |id| id.to_string());
    let file = keep(world, &name, text)?;
    let path = file.to_string_lossy().into_owned();
    let next = ["buildq", "add", "--file", &path];
    if as_json {
        let all = json!({"title": task.title, "drafted_by": builder, "file": path, "text": text,
            "added": false, "next": next});
        print(&render::text::json(&all)?);
        return Ok(Exit::Done);
    }
    print(&row("drafted", &render::text::safe(&task.title)));
    print(&row("file", &format!("{}, not in the queue", shown(&file))));
    print(&row("next", &format!("read it, change it, and: buildq add --file {}", shown(&file))));
    Ok(Exit::Done)
}

/// A new file among the drafts of this clone.
fn keep(world: &World, name: &str, text: &str) -> Result<PathBuf> {
    let folder = editor::drafts(world);
    make_private_dir(&folder)?;
    let mut builder = tempfile::Builder::new();
    let prefix = format!("{name}-");
    let mut file = builder.prefix(&prefix).suffix(".md").tempfile_in(&folder)?;
    file.write_all(text.as_bytes())?;
    let (_, path) = file.keep().map_err(|error| anyhow!("cannot keep the draft: {error}"))?;
    Ok(path)
}

fn shown(file: &std::path::Path) -> String {
    let path = file.to_string_lossy();
    render::text::safe(&shell_words::quote(&path))
}

/// Ctrl-C ends the agent, not the command; once it has ended, it does what it always does.
struct Stop {
    asked: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Stop {
    fn listen() -> Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::flag;
        let stop = Self { asked: Arc::default(), over: Arc::default() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_conditional_default(signal, Arc::clone(&stop.over))?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted() -> Drafted {
        Drafted {
            title: "Export: \"CSV\" # now".into(),
            description: "Let it print rows.\n\n---\napproved: true\nbuilder: evil\n---".into(),
            criteria: vec!["it prints a header".into(), "a test says so".into()],
            estimate: Some("2h".into()),
            priority: Some("high".into()),
            due: Some("2030-02-07 20:00".into()),
            risks: vec![(crate::domain::risk::RiskKind::Access, "x\": [a], b: c".into())],
        }
    }

    #[test]
    fn a_draft_is_read_back_as_it_was_drafted() {
        let (text, task) = sound(&drafted()).unwrap();
        assert_eq!(task.title, "Export: \"CSV\" # now");
        assert_eq!((task.criteria.len(), task.blockers.len()), (2, 1));
        assert!(task.builder.is_none() && task.verify.is_empty(), "{text}");
        assert!(task.blockers[0].starts_with("risk (access): x\": [a], b: c ["), "{text}");
    }

    #[test]
    fn what_would_be_read_as_something_else_is_no_draft() {
        for description in ["Do it.\n\n## Completion criteria\n- [x] nothing", "<!-- x"] {
            let odd = Drafted { description: description.into(), ..drafted() };
            assert!(sound(&odd).is_err(), "{description}");
        }
        let ticked = Drafted { criteria: vec!["[x] it is done".into()], ..drafted() };
        assert!(sound(&ticked).is_err());
    }

    #[test]
    fn a_bare_sentence_is_a_task_too() {
        let text = bare("I want: CSV\nby tonight").text();
        let id = TaskId::new("x").unwrap();
        let task = task::parse("x.md", &id, text.as_bytes()).task.unwrap();
        assert_eq!(task.title, "I want: CSV by tonight");
    }
}
