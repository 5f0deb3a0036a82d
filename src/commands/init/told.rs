//! What `init` says at its end: what was written, what runs with which rights, undo, next.

use super::agents::Taught;
use crate::domain::config::STEPS;
use crate::effects::hooks::{How, Installed};
use crate::effects::timers::Found;
use crate::effects::trust::CONFIG;

/// One thing that `init` did, or found done.
#[derive(Clone, Debug)]
pub enum Step {
    /// A file that was not there.
    Wrote(String),
    /// A file that was there, and is as it was.
    Kept(String),
    /// The new files are committed.
    Committed {
        /// The commit's first digits.
        short: String,
        /// Where.
        branch: String,
        /// How many files.
        files: usize,
    },
    /// The new files wait to be committed by hand.
    Uncommitted(Vec<String>),
    /// The hooks.
    Hooks(Vec<Installed>),
    /// The hooks folder has another owner; the lines to add to it.
    Managed {
        /// In words.
        why: String,
        /// The line of each hook.
        snippet: String,
    },
    /// Local git settings that were not so before, key and value.
    Settings(Vec<(String, String)>),
    /// What became of the trust in the configuration.
    Trust(Trusting),
    /// Another clone runs this queue.
    Watches {
        /// Which.
        runner: String,
    },
    /// The new configuration shows notices on this desktop.
    Notices,
    /// What became of the section that tells coding agents of the queue.
    Agents(Taught),
    /// A timer.
    Heartbeat {
        /// Which.
        found: Found,
        /// Whether it was there before.
        kept: bool,
    },
}

/// Whether the configuration is trusted on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusting {
    /// Since now: this `init` wrote it.
    Now,
    /// It was before.
    Before,
    /// No: somebody else wrote or changed it.
    Not,
    /// It has an error.
    Broken(String),
}

impl Step {
    fn changed(&self) -> bool {
        match self {
            Self::Wrote(_) | Self::Committed { .. } => true,
            Self::Kept(_) | Self::Managed { .. } | Self::Uncommitted(_) => false,
            Self::Watches { .. } | Self::Notices => false,
            Self::Agents(taught) => matches!(taught, Taught::New(_) | Taught::Renewed(_)),
            Self::Hooks(hooks) => hooks.iter().any(|hook| hook.how != How::Unchanged),
            Self::Settings(settings) => !settings.is_empty(),
            Self::Trust(trust) => *trust == Trusting::Now,
            Self::Heartbeat { kept, .. } => !kept,
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Wrote(path) => row("wrote", path),
            Self::Kept(path) => row("kept", &format!("{path}, as it is")),
            Self::Committed { short, branch, files } => {
                let what = if *files == 1 { "this file" } else { "these files" };
                row("committed", &format!("{what} alone: {short} on {branch}"))
            }
            Self::Uncommitted(paths) => {
                let paths = shell_words::join(paths);
                let commit = format!("git add {paths} && git commit -m \"Set up buildq\" {paths}");
                row("to do", &format!("commit them: {commit}"))
            }
            Self::Hooks(hooks) => hook_rows(hooks),
            Self::Managed { why, snippet } => {
                let said = format!("not installed, since {why}; add its line to each hook there:");
                row("hooks", &format!("{said}\n{}", snippet.trim_end()))
            }
            Self::Settings(settings) if settings.is_empty() => String::new(),
            Self::Settings(settings) => {
                let pairs: Vec<String> =
                    settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                row("git config", &pairs.join("\n"))
            }
            Self::Trust(trust) => trust_row(trust),
            Self::Watches { runner } => row(
                "to do",
                &format!("buildq adopt: until then `{runner}` runs this queue, not this clone"),
            ),
            Self::Notices => row(
                "notices",
                &format!("on this desktop, when a build waits for you: `notify` in {CONFIG}"),
            ),
            Self::Agents(taught) => agents_row(taught),
            Self::Heartbeat { .. } => String::new(),
        }
    }
}

fn agents_row(taught: &Taught) -> String {
    let text = match taught {
        Taught::New(path) => format!("a section of {path} tells them how to queue work and report"),
        Taught::Renewed(path) => format!("the section of {path} that tells them is renewed"),
        Taught::Same(path) => format!("{path} tells them how to queue work and report"),
        Taught::Left(why) => return row("to do", why),
    };
    row("agents", &text)
}

fn trust_row(trust: &Trusting) -> String {
    match trust {
        Trusting::Now => row("trusted", &format!("{CONFIG} as it stands, on this machine")),
        Trusting::Before => row("trusted", &format!("{CONFIG}, since an earlier time")),
        Trusting::Not => row(
            "to do",
            &format!(
                "buildq trust: {CONFIG} was there before, and its commands run only\n\
                 once you have looked at them"
            ),
        ),
        Trusting::Broken(why) => row("to do", &format!("mend this first: {why}")),
    }
}

/// Hooks to which the same was done share a line.
fn hook_rows(hooks: &[Installed]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for hook in hooks {
        let words = hook_words(hook);
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(hook.hook),
            None => groups.push((words, vec![hook.hook])),
        }
    }
    groups
        .iter()
        .map(|(words, names)| row("hooks", &format!("{}: {words}", names.join(", "))))
        .collect()
}

fn hook_words(hook: &Installed) -> String {
    let how = match hook.how {
        How::New => "new",
        How::Block => "a marked block in the hook that was there",
        How::Chained => "calls the hook that was there, kept beside it as .before-buildq",
        How::Unchanged => "there already",
        How::Updated => "renewed",
        How::Removed => "removed",
        How::Kept => "left alone",
    };
    hook.note.map_or(how.to_owned(), |note| format!("{how}; note: {note}"))
}

/// A label and its text, whose further lines stand below the first.
pub fn row(label: &str, text: &str) -> String {
    format!("{label:<10} {}\n", text.replace('\n', "\n           "))
}

/// What will run here, and with which rights.
pub struct Summary<'a> {
    /// The branch whose task files count.
    pub branch: &'a str,
    /// The queue's folder.
    pub queue: String,
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
pub fn told(steps: &[Step], runs: &Summary<'_>) -> String {
    let mut text = String::new();
    if !steps.iter().any(Step::changed) {
        text += "buildq is set up here already; nothing was changed\n\n";
    }
    text.extend(steps.iter().map(Step::line));
    text.push('\n');
    text += &row("tasks", &format!("files in {}/, committed on {}", runs.queue, runs.branch));
    let command = if runs.command.is_empty() { "built in, no agent" } else { &runs.command };
    text += &row("builder", &format!("{}: {command}", runs.builder));
    text += &row("rights", &format!("it {}", runs.rights));
    text += &row("sandbox", &runs.sandbox);
    text += &row("setup", &commands(&runs.setup, "none"));
    text += &row("checks", &commands(&runs.verify, "none: only you check; see `verify`"));
    for remark in runs.remarks {
        text += &row("note", remark);
    }
    let timer = steps.iter().find_map(|step| match step {
        Step::Heartbeat { found, .. } => Some(super::super::heartbeat::describe(found)),
        _ => None,
    });
    let none = "none: after a reboot the next commit wakes it; or `buildq heartbeat install`";
    text += &row("timer", timer.as_deref().unwrap_or(none));
    text.push('\n');
    text += &row("undo", "buildq uninstall");
    let queue = &runs.queue;
    let write = format!("write {queue}/greet.md ({queue}/README.md shows how) and commit it");
    if runs.builder == STEPS {
        // What `buildq add` writes has no `sh` block that it could run.
        return text + &row("next", &write);
    }
    text += &row("next", "buildq add --name \"Greet by name\" --desc \"…\" --criterion \"…\"");
    text + &row("", &format!("or {write}"))
}

fn commands(commands: &[String], none: &str) -> String {
    if commands.is_empty() { none.to_owned() } else { commands.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary<'static> {
        Summary {
            branch: "main",
            queue: "jobs".into(),
            builder: "steps".into(),
            command: String::new(),
            rights: steps_rights(true),
            sandbox: "bubblewrap".into(),
            verify: vec!["cargo test".into()],
            setup: Vec::new(),
            remarks: &[],
        }
    }

    fn hook(hook: &'static str, how: How) -> Installed {
        Installed { hook, how, path: hook.into(), note: None }
    }

    #[test]
    fn first_what_was_written_then_what_runs() {
        let steps = [
            Step::Wrote("buildq.yaml".into()),
            Step::Kept("jobs/README.md".into()),
            Step::Committed { short: "4f1c2ab".into(), branch: "main".into(), files: 1 },
            Step::Hooks(vec![
                hook("post-commit", How::Block),
                hook("post-merge", How::New),
                hook("post-rewrite", How::New),
            ]),
            Step::Settings(vec![("buildq.queueBranch".into(), "main".into())]),
            Step::Trust(Trusting::Now),
        ];
        assert_eq!(
            told(&steps, &summary()),
            "wrote      buildq.yaml\n\
             kept       jobs/README.md, as it is\n\
             committed  this file alone: 4f1c2ab on main\n\
             hooks      post-commit: a marked block in the hook that was there\n\
             hooks      post-merge, post-rewrite: new\n\
             git config buildq.queueBranch = main\n\
             trusted    buildq.yaml as it stands, on this machine\n\
             \n\
             tasks      files in jobs/, committed on main\n\
             builder    steps: built in, no agent\n\
             rights     it runs the `sh` blocks of a task, which can write to its workspace alone\n\
             sandbox    bubblewrap\n\
             setup      none\n\
             checks     cargo test\n\
             timer      none: after a reboot the next commit wakes it; or `buildq heartbeat install`\n\
             \n\
             undo       buildq uninstall\n\
             next       write jobs/greet.md (jobs/README.md shows how) and commit it\n"
        );
        let agent = told(&steps, &Summary { builder: "opus".into(), ..summary() });
        assert!(agent.ends_with(
            "next       buildq add --name \"Greet by name\" --desc \"…\" --criterion \"…\"\n           \
             or write jobs/greet.md (jobs/README.md shows how) and commit it\n"
        ));
    }

    #[test]
    fn a_second_run_says_that_it_changed_nothing() {
        let steps = [
            Step::Kept("buildq.yaml".into()),
            Step::Hooks(vec![hook("post-commit", How::Unchanged)]),
            Step::Settings(Vec::new()),
            Step::Trust(Trusting::Before),
        ];
        let text = told(&steps, &summary());
        assert!(text.starts_with("buildq is set up here already; nothing was changed\n\nkept "));
        assert!(!text.contains("git config"), "{text}");
    }

    #[test]
    fn what_is_left_to_do_is_said() {
        for (step, line) in [
            (Step::Trust(Trusting::Not), "to do      buildq trust: "),
            (Step::Trust(Trusting::Broken("x:1".into())), "to do      mend this first: x:1"),
            (Step::Watches { runner: "mini/4f1c".into() }, "to do      buildq adopt: "),
            (
                Step::Uncommitted(vec!["buildq.yaml".into(), "my queue/README.md".into()]),
                "to do      commit them: git add buildq.yaml 'my queue/README.md' && git commit",
            ),
            (
                Step::Managed { why: "x".into(), snippet: "a: 1\nb: 2\n".into() },
                "hooks      not installed, since x; add its line to each hook there:\n           a: 1\n           b: 2\n",
            ),
        ] {
            let text = told(&[step], &summary());
            assert!(text.contains(line), "{text}");
        }
    }
}
