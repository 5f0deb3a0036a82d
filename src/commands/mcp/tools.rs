//! The tools: each calls what the verb of its name calls, and answers in words and as data.

use anyhow::{Context as _, Result, anyhow, bail};
use rmcp::handler::server::common::schema_for_input;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::arguments::{Block, NewTask, Nothing, OneTask, Progress};
use crate::commands::add::given;
use crate::commands::progress::{Place, Word};
use crate::commands::status::Look;
use crate::commands::{Scene, block, show, status, why};
use crate::domain::id::{Percent, TaskId};
use crate::effects::workspace::marker;
use crate::render::show as detail;
use crate::render::status::{self as page, Part};
use crate::render::why::Reader;

/// What a tool answers.
#[derive(Debug)]
pub struct Answer {
    /// In words.
    pub text: String,
    /// The same facts as data: an object, as protocols before 2026-07-28 want it.
    pub facts: Value,
}

/// What an agent may do with the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Queues a task.
    AddTask,
    /// One sentence; in a build, what it was told.
    Brief,
    /// The whole overview.
    Status,
    /// Every gate of one task.
    Why,
    /// All that is known of one task.
    Show,
    /// How far a build is.
    Progress,
    /// A build asks a person.
    Block,
}

/// Columns of a page: nobody knows how wide the agent's is.
const WIDTH: usize = 100;
/// Of each list so many entries are told: an agent reads every word of an answer.
const MOST: usize = 50;
/// A prompt is never larger, in bytes: it holds a task, and what was said of it.
const LARGEST_PROMPT: u64 = 16 << 20;

impl Verb {
    /// All of them, in the order in which an agent reads of them.
    pub const ALL: [Self; 7] = [
        Self::AddTask,
        Self::Brief,
        Self::Status,
        Self::Why,
        Self::Show,
        Self::Progress,
        Self::Block,
    ];

    /// As an agent calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddTask => "add_task",
            Self::Brief => "brief",
            Self::Status => "status",
            Self::Why => "why",
            Self::Show => "show",
            Self::Progress => "progress",
            Self::Block => "block",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::AddTask => {
                "Queue work to be built later, in this repository: writes the task's file and \
                 commits it alone. A builder that was not here gets nothing but this text, so \
                 say all it needs, and by what one sees that it is done. Answers whether it \
                 starts, or what holds it. Not from inside a build."
            }
            Self::Brief => {
                "How the queue is doing, in one sentence. Inside a build: the task that you were \
                 given, whole."
            }
            Self::Status => {
                "What needs a person, what is building, what comes next and why not yet, what \
                 waits for review, what has ended lately."
            }
            Self::Why => "Why one task is where it is: every gate, what would open it, and when.",
            Self::Show => {
                "One task with all that is known of it: its text, attempts, progress, commits, \
                 and the git commands that show the work."
            }
            Self::Progress => {
                "Inside a build: say how far you are, in one commit that holds nothing else; \
                 your uncommitted work stays as it is. At least one field has to be given."
            }
            Self::Block => {
                "Inside a build: ask a person for what you cannot go on without. End afterwards: \
                 the answer comes with the next start."
            }
        }
    }

    fn only_looks(self) -> bool {
        matches!(self, Self::Brief | Self::Status | Self::Why | Self::Show)
    }

    /// As the protocol tells of it. An error is a fault of ours.
    pub fn told(self) -> Result<Tool, String> {
        let schema = match self {
            Self::AddTask => schema_for_input::<NewTask>(),
            Self::Brief | Self::Status => schema_for_input::<Nothing>(),
            Self::Why | Self::Show => schema_for_input::<OneTask>(),
            Self::Progress => schema_for_input::<Progress>(),
            Self::Block => schema_for_input::<Block>(),
        }?;
        let nature = ToolAnnotations::new().read_only(self.only_looks());
        let nature = nature.destructive(false).open_world(false);
        Ok(Tool::new(self.name(), self.description(), schema).with_annotations(nature))
    }

    /// Does it. An error is for the agent to read: it says what to do instead.
    pub fn call(self, arguments: JsonObject, scene: &Scene) -> Result<Answer> {
        let takes = Value::Object(arguments);
        match self {
            Self::AddTask => add(self.read(takes)?, scene),
            Self::Brief => self.read(takes).and_then(|Nothing {}| brief(scene)),
            Self::Status => self.read(takes).and_then(|Nothing {}| overview(scene)),
            Self::Why => gates(&self.read::<OneTask>(takes)?.task, scene),
            Self::Show => one(&self.read::<OneTask>(takes)?.task, scene),
            Self::Progress => progress(self.read(takes)?, scene),
            Self::Block => {
                let block: Block = self.read(takes)?;
                Ok(noted(block::ask(&place(scene)?, &block.reason)?))
            }
        }
    }

    fn read<T: DeserializeOwned + JsonSchema>(self, arguments: Value) -> Result<T> {
        serde_json::from_value(arguments).map_err(|error| {
            anyhow!(
                "`{}` cannot be called like this: {error}\nhint: its schema says how",
                self.name()
            )
        })
    }
}

fn add(new: NewTask, scene: &Scene) -> Result<Answer> {
    let added = given::add(&new.into(), scene)?;
    let mut text = format!(
        "added {}: {}\n{} is committed on {}\nthen: {}\n",
        added.task, added.title, added.file, added.branch, added.then
    );
    for hold in &added.holds {
        text += &format!("held: {}\n  a person can open it: {}\n", hold.reason, hold.remedy);
    }
    added.warnings.iter().for_each(|warning| text += &format!("warning: {warning}\n"));
    answer(text, &added)
}

fn brief(scene: &Scene) -> Result<Answer> {
    if let Ok(place) = place(scene) {
        return told(&place);
    }
    let sentence = page::brief(&status::overview(&scene.look()?, Look::Quick));
    Ok(Answer { facts: json!({ "sentence": sentence }), text: sentence })
}

/// What the build was told when it began.
fn told(place: &Place) -> Result<Answer> {
    let file = place.folder.join(marker::PROMPT);
    let about = std::fs::symlink_metadata(&file);
    if !about.is_ok_and(|about| about.is_file() && about.len() <= LARGEST_PROMPT) {
        bail!("`{}` is not there\nhint: the file in `BUILDQ_SPEC` holds the task", file.display());
    }
    let text = std::fs::read_to_string(&file);
    let text = text.with_context(|| format!("cannot read `{}`", file.display()))?;
    let (task, attempt) = (&place.marker.task, place.marker.attempt);
    Ok(Answer { facts: json!({ "task": task, "attempt": attempt, "brief": text }), text })
}

fn overview(scene: &Scene) -> Result<Answer> {
    let view = status::overview(&scene.look()?, Look::Whole);
    answer(page::page(&view, Part::All, WIDTH), &view)
}

fn gates(task: &str, scene: &Scene) -> Result<Answer> {
    let world = scene.look()?;
    let found = why::reasons(&world, task)?;
    let reader = Reader { width: WIDTH, ..why::reader(&world) };
    answer(why::text(&world, &found, reader), &found)
}

fn one(task: &str, scene: &Scene) -> Result<Answer> {
    let world = scene.look()?;
    let found = why::reasons(&world, task)?;
    let Ok(task) = TaskId::new(task) else {
        bail!("{}\nhint: `why` tells more", found.sentence);
    };
    let known = show::detail(&world, &task, found);
    let reader = Reader { width: WIDTH, ..why::reader(&world) };
    answer(detail::page(&known, reader), &known)
}

fn progress(said: Progress, scene: &Scene) -> Result<Answer> {
    let place = place(scene)?;
    let figure = |value| Percent::new(value).with_context(|| format!("`{value}` is not 0 to 100"));
    let word = Word {
        percent: said.percent.map(figure).transpose()?,
        message: said.message,
        done: said.done,
        deliverables: said.deliverables,
        next: said.next,
    };
    if word.says_nothing() {
        bail!("nothing is said\nhint: give `percent`, `message`, `done`, `deliverables` or `next`");
    }
    Ok(noted(place.tell(&word)?))
}

fn noted(text: String) -> Answer {
    Answer { facts: json!({ "said": text }), text }
}

/// The build that this process is a part of.
fn place(scene: &Scene) -> Result<Place> {
    Place::around(&std::path::absolute(&scene.dir)?)
}

fn answer(text: String, facts: &impl Serialize) -> Result<Answer> {
    Ok(Answer { text, facts: shortened(serde_json::to_value(facts)?) })
}

/// Long lists lose their ends, and `left_out` says how many entries of which.
fn shortened(mut facts: Value) -> Value {
    let Value::Object(object) = &mut facts else { return facts };
    let mut left_out = JsonObject::new();
    for (name, value) in object.iter_mut() {
        if let Value::Array(entries) = value
            && entries.len() > MOST
        {
            left_out.insert(name.clone(), (entries.len() - MOST).into());
            entries.truncate(MOST);
        }
    }
    if !left_out.is_empty() {
        object.insert("left_out".into(), left_out.into());
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_says_what_it_takes() {
        for verb in Verb::ALL {
            let tool = verb.told().unwrap();
            assert!(tool.description.is_some_and(|text| text.len() > 40), "{verb:?}");
            assert_eq!(tool.input_schema["type"], "object", "{verb:?}");
            assert_eq!(tool.input_schema["additionalProperties"], false, "{verb:?}");
            let properties = tool.input_schema.get("properties").cloned().unwrap_or_default();
            for (name, property) in properties.as_object().into_iter().flatten() {
                assert!(property["description"].is_string(), "{verb:?} {name}: {property}");
            }
        }
        let add = Verb::AddTask.told().unwrap().input_schema;
        assert_eq!(add["required"], json!(["title", "description", "criteria"]));
    }

    #[test]
    fn what_a_tool_does_not_take_is_an_error_with_its_reason() {
        let scene = Scene { dir: "/".into(), now: chrono::DateTime::UNIX_EPOCH };
        for (verb, arguments, said) in [
            (Verb::Why, json!({}), "missing field `task`"),
            (Verb::Why, json!({"task": 4}), "invalid type"),
            (Verb::Status, json!({"all": true}), "unknown field `all`"),
            (Verb::Progress, json!({"percent": 400}), "invalid value"),
            (Verb::AddTask, json!({"title": ["a"]}), "invalid type"),
        ] {
            let Value::Object(arguments) = arguments else { panic!("{verb:?}") };
            let error = verb.call(arguments, &scene).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("\nhint: "), "{error}");
        }
    }

    #[test]
    fn long_lists_lose_their_ends_and_say_so() {
        let many: Vec<usize> = (0..120).collect();
        let cut = shortened(json!({ "queue": many, "running": [1] }));
        assert_eq!(cut["queue"].as_array().unwrap().len(), MOST);
        assert_eq!(cut["left_out"], json!({ "queue": 70 }));
        assert_eq!(shortened(json!({ "running": [1] })), json!({ "running": [1] }));
    }
}
