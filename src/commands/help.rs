//! `buildq help`

use anyhow::Result;
use clap::{Command, CommandFactory};

use super::{Cli, Exit, Misuse, print};
use crate::domain::diagnostic::nearest;
use crate::effects::machine;
use crate::render::text;

/// Explain a command, or one of the topics: tasks, gates, windows, sandbox, review, progress, agents, exit-codes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command or a topic; nothing lists them
    #[arg(value_name = "COMMAND|TOPIC")]
    of: Vec<String>,
}

/// Each topic with its text.
const TOPICS: &[(&str, &str)] = &[
    ("tasks", include_str!("../../templates/help/tasks.txt")),
    ("gates", include_str!("../../templates/help/gates.txt")),
    ("windows", include_str!("../../templates/help/windows.txt")),
    ("sandbox", include_str!("../../templates/help/sandbox.txt")),
    ("review", include_str!("../../templates/help/review.txt")),
    ("progress", include_str!("../../templates/help/progress.txt")),
    ("agents", include_str!("../../templates/help/agents.txt")),
    ("exit-codes", include_str!("../../templates/help/exit-codes.txt")),
];

/// Wider lines are hard to read.
const WIDEST: usize = 100;

/// Prints the help of a command, a topic's text, or both where one name is that of both.
pub fn run(args: Args) -> Result<Exit> {
    let mut all = Cli::command();
    all.build();
    let [word, rest @ ..] = args.of.as_slice() else {
        all.print_long_help()?;
        print(&format!("\nTopics: {}\n", names().join(", ")));
        return Ok(Exit::Done);
    };
    let topic = TOPICS.iter().find(|(name, _)| name == word).filter(|_| rest.is_empty());
    let command = found(&all, &args.of).cloned();
    match (command, topic) {
        (Some(mut command), topic) => {
            command.print_long_help()?;
            if let Some((_, topic)) = topic {
                print(&format!("\n{}", page(topic, width())));
            }
        }
        (None, Some((_, topic))) => print(&page(topic, width())),
        (None, None) => return Err(unknown(&all, word)),
    }
    Ok(Exit::Done)
}

fn names() -> Vec<&'static str> {
    TOPICS.iter().map(|(name, _)| *name).collect()
}

fn found<'c>(all: &'c Command, words: &[String]) -> Option<&'c Command> {
    words.iter().try_fold(all, |command, word| command.find_subcommand(word))
}

fn unknown(all: &Command, word: &str) -> anyhow::Error {
    let known = all.get_subcommands().filter(|verb| !verb.is_hide_set()).map(Command::get_name);
    let known: Vec<&str> = known.chain(names()).collect();
    let hint = match nearest(word, known.iter().copied()) {
        Some(name) => format!("buildq help {name}"),
        None => format!("topics: {}", names().join(", ")),
    };
    let word = text::safe(word);
    Misuse(format!("`{word}` is neither a command nor a topic\nhint: {hint}")).into()
}

fn width() -> usize {
    machine::width().min(WIDEST)
}

/// A topic's text, each line of it wrapped.
fn page(topic: &str, columns: usize) -> String {
    let mut page = String::new();
    for line in topic.lines() {
        match line.is_empty() {
            true => page.push('\n'),
            false => text::wrap(line, columns).iter().for_each(|part| page += &format!("{part}\n")),
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_fit_and_name_what_there_is() {
        let mut all = Cli::command();
        all.build();
        for (name, topic) in TOPICS {
            for columns in [40, 80] {
                let page = page(topic, columns);
                let longest = page.lines().map(text::width).max().unwrap_or(0);
                assert!(longest <= columns, "{name}: {longest} of {columns}");
            }
            for part in topic.split("`buildq ").skip(1) {
                let verb = part.split([' ', '`']).next().unwrap();
                assert!(all.find_subcommand(verb).is_some(), "{name}: `buildq {verb}`");
            }
        }
        for key in crate::domain::task::KEYS {
            assert!(TOPICS[0].1.contains(key), "{key}");
        }
        let own = all.find_subcommand("help").and_then(Command::get_about).unwrap().to_string();
        assert!(names().iter().all(|name| own.contains(name)), "{own}");
    }
}
