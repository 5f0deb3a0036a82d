//! What the tools take; the words beside each field are what an agent reads of it.

use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

use crate::commands::add::given::Given;

/// Of `add_task`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// What is to be done, in a few words; the task's id is made of it
    pub title: String,
    /// What is to be built, in Markdown: all that somebody needs to know who was not there
    pub description: String,
    /// What will be true in the end, each so that it can be checked
    pub criteria: Vec<String>,
    /// high may start now, medium tonight, low only after a person has approved it
    #[serde(default = "medium")]
    #[schemars(extend("enum" = ["high", "medium", "low"]))]
    pub priority: String,
    /// A guess of the work, e.g. `4h` or `45 minutes`
    #[serde(default)]
    pub estimate: String,
    /// When it should be done, e.g. `2030-12-31 18:00`
    #[serde(default)]
    pub due: String,
    /// When it may start at the earliest, e.g. `2030-12-31 18:00`
    #[serde(default)]
    pub not_before: String,
    /// What it is made with
    #[serde(default)]
    pub tech: Vec<String>,
    /// Words to find it by
    #[serde(default)]
    pub labels: Vec<String>,
    /// Ids of tasks that come first, all of them
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Globs of the paths that it will change, e.g. `src/music/**`
    #[serde(default)]
    pub touches: Vec<String>,
    /// Who builds it: a name from buildq.yaml
    #[serde(default)]
    pub builder: String,
    /// Checks beside the configured ones, one command each, without a shell
    #[serde(default)]
    pub verify: Vec<String>,
}

fn medium() -> String {
    "medium".into()
}

impl From<NewTask> for Given {
    fn from(new: NewTask) -> Self {
        Self {
            name: new.title,
            description: new.description,
            criteria: new.criteria,
            values: vec![
                ("priority", new.priority),
                ("estimate", new.estimate),
                ("due", new.due),
                ("not_before", new.not_before),
                ("builder", new.builder),
            ],
            lists: vec![
                ("tech", new.tech),
                ("labels", new.labels),
                ("depends_on", new.depends_on),
                ("touches", new.touches),
                ("verify", new.verify),
            ],
        }
    }
}

/// Of tools that need nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Of `why` and `show`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTask {
    /// The task's id: the name of its file without the ending, as `status` lists it
    pub task: String,
}

/// Of `progress`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Progress {
    /// How much is done, 0 to 100
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<u8>,
    /// What works now, on one line
    pub message: String,
    /// Completion criteria to tick: each by its number, its text, or a part that only it has
    pub done: Vec<String>,
    /// What there is to look at: paths in the repository, or links
    pub deliverables: Vec<String>,
    /// What would come next
    pub next: Vec<String>,
}

/// Of `block`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The question, or what is missing; its first line is shown in lists
    pub reason: String,
}
