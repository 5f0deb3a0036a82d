//! `buildq mcp install`: makes the queue known to the agents of this machine, and unknown again.

use anyhow::{Result, anyhow, bail};

use crate::commands::init::row;
use crate::commands::{Exit, mouth, print};
use crate::core::registration::{self, Entry, NAME};
use crate::effects::registrations::{self, Settings};
use crate::effects::{agents, detach, env};

/// Register the server with the coding agents found here, for all your repositories
///
/// Says what it will write before it does. What else stands in the settings of an agent stays as
/// it is, and doing it twice changes nothing.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Print what would be done and change nothing
    #[arg(long)]
    check: bool,
    /// Take it away again
    #[arg(long)]
    uninstall: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
}

/// What is to be done for one agent.
struct Step {
    agent: &'static str,
    deed: Deed,
}

enum Deed {
    /// Nothing, for this reason.
    Nothing(String),
    /// A person's own work.
    ByHand(String),
    /// These settings, which said the first, are to say the second.
    Write(Settings, String, String),
    /// The agent's own commands, after which its settings say this.
    Run(Settings, Vec<Vec<String>>, Entry),
}

/// Plans for all agents, says it, and does it; a file that cannot be read stops it before anything
/// is changed.
pub fn run(args: Args) -> Result<Exit> {
    let program = detach::this_program()?.display().to_string();
    let steps = plan(&program, args.uninstall)?;
    if steps.is_empty() {
        print(&format!("no coding agent was found here: {}\n", agents::KNOWN.join(", ")));
        return Ok(Exit::No);
    }
    let words = if args.check { "would" } else { "will" };
    print(&steps.iter().map(|step| step.told(words, &program)).collect::<String>());
    let changes = steps.iter().any(Step::changes);
    if args.check || !changes {
        return Ok(Exit::Done);
    }
    let may_ask = mouth::is_answered() && mouth::is_read();
    if !(args.yes || may_ask) {
        bail!(
            "nobody is here to be asked, and nothing was changed\n\
             hint: with --yes it is done unasked"
        );
    }
    if !args.yes && !mouth::confirm("Do this?")? {
        print("nothing was changed");
        return Ok(Exit::No);
    }
    steps.into_iter().try_for_each(Step::act)?;
    print(if args.uninstall {
        "done; agents that run now know it until they start anew"
    } else {
        "done; agents know it from their next start on; undo: buildq mcp install --uninstall"
    });
    Ok(Exit::Done)
}

/// The agents that know this server, by name; those whose settings cannot be read are left out.
pub fn registered() -> Vec<&'static str> {
    let knows = |agent: &&'static str| {
        let settings = registrations::settings(agent).ok().flatten();
        settings.is_some_and(|settings| {
            let text = settings.read().unwrap_or_default();
            matches!(registration::found(settings.dialect, &text), Ok(Entry::Ours(_)))
        })
    };
    agents::KNOWN.into_iter().filter(knows).collect()
}

fn plan(program: &str, uninstall: bool) -> Result<Vec<Step>> {
    let path = std::env::var_os(env::PATH).unwrap_or_default();
    let installed = agents::find(&path);
    let mut steps = Vec::new();
    for agent in agents::KNOWN {
        let here = installed.iter().any(|found| found.name == agent);
        let deed = match registrations::settings(agent)? {
            Some(settings) if here || settings.has_been_here() => {
                deed(settings, program, uninstall)?
            }
            // Its file is its own, and the command that edits it is gone.
            Some(_) if uninstall && registered().contains(&agent) => {
                let commands = claude(program, true, true);
                Deed::ByHand(commands.iter().map(shell_words::join).collect())
            }
            None if here && !uninstall => without_settings(agent, program),
            _ => continue,
        };
        steps.push(Step { agent, deed });
    }
    Ok(steps)
}

fn deed(settings: Settings, program: &str, uninstall: bool) -> Result<Deed> {
    let text = settings.read()?;
    let file = settings.file.display().to_string();
    let broken = |why: String| {
        anyhow!("`{file}` cannot be understood: {why}\nhint: mend it first; nothing was changed")
    };
    let entry = registration::found(settings.dialect, &text).map_err(broken)?;
    let there = matches!(&entry, Entry::Ours(old) if old == program);
    Ok(match (entry, uninstall) {
        (Entry::Foreign, _) => {
            Deed::Nothing(format!("left alone: its server `{NAME}` in {file} is something else"))
        }
        (Entry::Missing, true) => Deed::Nothing("knows nothing of it".into()),
        (Entry::Ours(_), false) if there => Deed::Nothing(format!("knows it already: {file}")),
        (entry, _) if settings.by_command => {
            let known = entry != Entry::Missing;
            let commands = claude(program, known, uninstall);
            let after = if uninstall { Entry::Missing } else { Entry::Ours(program.to_owned()) };
            Deed::Run(settings, commands, after)
        }
        (_, true) => {
            let new = registration::removed(settings.dialect, &text).map_err(broken)?;
            Deed::Write(settings, text, new)
        }
        (_, false) => {
            let new = registration::added(settings.dialect, &text, program).map_err(broken)?;
            Deed::Write(settings, text, new)
        }
    })
}

/// Claude Code's own commands; an entry that is there has to go first.
fn claude(program: &str, known: bool, uninstall: bool) -> Vec<Vec<String>> {
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut commands = Vec::new();
    if known {
        commands.push(words(&["claude", "mcp", "remove", "--scope", "user", NAME]));
    }
    if !uninstall {
        let add = ["claude", "mcp", "add", "--scope", "user", NAME, "--", program, "mcp"];
        commands.push(words(&add));
    }
    commands
}

fn without_settings(agent: &str, program: &str) -> Deed {
    match agent {
        // Its YAML has no editor that keeps comments.
        "goose" => Deed::ByHand(format!(
            "goose configure → Add Extension → Command-line Extension, with the command\n{} mcp",
            shell_words::quote(program)
        )),
        _ => Deed::Nothing("passed over: it knows no such servers".into()),
    }
}

impl Step {
    fn changes(&self) -> bool {
        matches!(self.deed, Deed::Write(..) | Deed::Run(..))
    }

    /// What is done, as it is told before: the entry itself, or the command.
    fn told(&self, will: &str, program: &str) -> String {
        let text = match &self.deed {
            Deed::Nothing(why) => why.clone(),
            Deed::ByHand(how) => format!("to do: {how}"),
            Deed::Run(_, commands, _) => {
                let lines: Vec<_> = commands.iter().map(shell_words::join).collect();
                format!("{will} run\n{}", lines.join("\n"))
            }
            Deed::Write(settings, _, new) => {
                let file = settings.file.display();
                match registration::found(settings.dialect, new) {
                    Ok(Entry::Ours(_)) => {
                        let entry = registration::added(settings.dialect, "", program);
                        let entry = entry.unwrap_or_default();
                        format!("{will} write into {file}\n{}", entry.trim_end())
                    }
                    _ => format!("{will} take it out of {file}"),
                }
            }
        };
        row(self.agent, &text)
    }

    fn act(self) -> Result<()> {
        match self.deed {
            Deed::Nothing(_) | Deed::ByHand(_) => Ok(()),
            Deed::Write(settings, old, new) => {
                if settings.read()? != old {
                    let file = settings.file.display();
                    bail!("`{file}` has changed meanwhile\nhint: buildq mcp install");
                }
                settings.write(&new)
            }
            Deed::Run(settings, commands, after) => {
                commands.iter().try_for_each(|words| registrations::run(words))?;
                let now = registration::found(settings.dialect, &settings.read()?);
                if now.as_ref() == Ok(&after) {
                    return Ok(());
                }
                let last = commands.last().map(shell_words::join).unwrap_or_default();
                Err(anyhow!(
                    "`{last}` ended well, but `{}` does not show it\nhint: run it by hand",
                    settings.file.display()
                ))
            }
        }
    }
}
