//! The keys of a task file: what the README says of each, a test holds against this.

use super::super::keys::{self, BUILDER, Form, GLOB, Key, MOMENT, SPAN, TASK};

use Form::{Commas, Either, Flag, Keys, List, Spelt, Text, Word};

/// Every key of the front matter, as it is best written.
pub const KEYS: &[&str] = &keys::paths::<{ FRONT.len() }>(FRONT);

/// The front matter, in the order in which the README has it.
pub const FRONT: &[Key] = &[
    Key::new("title", Text, "what it is called; else the first heading, or the file's name"),
    Key::new("priority", Word(&["high", "medium", "low"]), "high | medium | low; default medium")
        .or("medium"),
    Key::new("estimate", Spelt(&SPAN), "your guess; \"4 hours\" and \"45 minutes\" are fine"),
    Key::new("due", Spelt(&MOMENT), "sorts the queue"),
    Key::new("tech", Commas(&Text), "told to the builder").or("[]"),
    Key::new("labels", Commas(&Text), "words to find it by").or("[]"),
    Key::new("depends_on", Commas(&Spelt(&TASK)), "ids; all of them first").or("[]"),
    Key::new(
        "blockers",
        List(&Text),
        "free text; holds the task until it is removed, ticked or ~~struck out~~",
    )
    .or("[]"),
    Key::new("not_before", Spelt(&MOMENT), "does not start earlier"),
    Key::new("builder", Spelt(&BUILDER), "a name from buildq.yaml, or steps"),
    Key::new("verify", List(&Form::CHECK), "checks beside the configured ones").or("[]"),
    Key::new("touches", List(&Spelt(&GLOB)), "builds that touch the same do not run side by side")
        .or("[]"),
    Key::new("source", Text, "where `buildq import` took it from"),
];

/// What a YAML task says beside it; in Markdown it stands in the body.
pub const BODY: &[Key] = &[
    Key::new("description", Text, "of a `.yaml` task: what is to be done, in Markdown"),
    Key::new(
        "criteria",
        List(&Either(&[Text, Keys(CRITERION)])),
        "of a `.yaml` task: what will be true in the end; `[x]` in front ticks one",
    )
    .or("[]"),
];

/// A criterion that says apart whether it is ticked.
pub const CRITERION: &[Key] = &[
    Key::new("text", Text, "what will be true").must(),
    Key::new("done", Flag, "whether it is").or("false"),
];
