//! The text of a new `buildq.yaml`.

use super::choice::Choice;
use crate::domain::config::PromptBy;
use crate::domain::yaml::write::{flow, scalar};
use crate::effects::agents::Preset;

const CONFIG: &str = include_str!("../../../templates/buildq.yaml");
const README: &str = include_str!("../../../templates/queue-readme.md");

/// What the new configuration says beside the defaults.
pub struct Seed<'a> {
    /// Who builds.
    pub choice: &'a Choice,
    /// The project's own checks, as one would type them.
    pub verify: &'a [String],
    /// What makes a fresh copy ready, likewise.
    pub setup: &'a [String],
    /// IANA name, e.g. from `iana_time_zone::get_timezone`.
    pub timezone: &'a str,
    /// The queue's folder.
    pub queue: &'a str,
    /// Whether there is a desktop to show notices on.
    pub desktop: bool,
}

/// The text of a new `buildq.yaml`.
pub fn config_text(seed: &Seed<'_>) -> String {
    let builders = match &seed.choice.preset {
        Some(preset) => builder_text(&seed.choice.name, preset),
        None => EXAMPLE.to_owned(),
    };
    CONFIG
        .replace("@BUILDER@", &scalar(&seed.choice.name))
        .replace("@BUILDERS@", builders.trim_end())
        .replace(" @VERIFY@", &list(seed.verify, 2))
        .replace(" @SETUP@", &list(seed.setup, 4))
        .replace("@TIMEZONE@", &scalar(seed.timezone))
        .replace("@QUEUE@", &scalar(seed.queue))
        .replace("@NOTIFY@", if seed.desktop { DESKTOP } else { "# notify:" })
}

/// What tells a person who sits here.
const DESKTOP: &str = "\
# This one shows a notice on the desktop when a build waits for you: take it out, and it is gone.
notify:
  desk:
    desktop: true
    on: [review, needs-you]";

const EXAMPLE: &str = "\
# builders:
#   mine:
#     command: [my-agent, \"--batch\"]
#     # How it is told what to do: stdin, file (its path as the last argument) or arg.
#     prompt: stdin
#     # Variables it gets beside PATH, HOME and their like, where they are set.
#     env: []
#     timeout: 8h
";

fn builder_text(name: &str, preset: &Preset) -> String {
    let prompt = match preset.prompt {
        PromptBy::Stdin => "stdin",
        PromptBy::File => "file",
        PromptBy::Arg => "arg",
    };
    let (name, command, env) = (scalar(name), list(&preset.command, 6), flow(&preset.env));
    format!(
        "builders:\n  {name}:\n    command:{command}\n    # How it is told what to do: stdin, file \
         (its path as the last argument) or arg.\n    prompt: {prompt}\n    # Variables it gets \
         beside PATH, HOME and their like, where they are set.\n    env: {env}\n    \
         # timeout: 8h\n",
    )
}

/// What stands after the key of a list: a short one on the line, a long one below it.
fn list(items: &[String], indent: usize) -> String {
    let short = flow(items);
    if short.len() <= 70 {
        return format!(" {short}");
    }
    let line = |item: &String| format!("\n{:indent$}- {}", "", scalar(item));
    items.iter().map(line).collect()
}

/// The word on how tasks are written.
pub fn readme_text(queue: &str) -> String {
    README.replace("queue/", &format!("{queue}/"))
}

#[cfg(test)]
mod tests {
    use super::super::choice::choose;
    use super::*;
    use crate::domain::config::{Config, STEPS, parse};
    use crate::effects::agents::{Agent, KNOWN};

    fn steps() -> Choice {
        Choice { name: STEPS.into(), preset: None, passed: Vec::new() }
    }

    fn understood(text: &str) -> Config {
        let (config, warnings) = parse("buildq.yaml", text.as_bytes())
            .unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
        assert_eq!(warnings, []);
        config
    }

    #[test]
    fn the_configuration_says_what_was_meant() {
        for name in KNOWN {
            let agent = Agent { name, exe: format!("/bin/{name}").into() };
            let choice = choose(&[agent], Some(name), false).unwrap();
            let preset = choice.preset.clone().unwrap();
            let verify = ["cargo test --workspace".into(), "sh -c 'echo \"a: #b\"'".into()];
            let timezone = "Europe/Berlin";
            let seed = Seed {
                choice: &choice,
                verify: &verify,
                setup: &[],
                timezone,
                queue: "queue",
                desktop: true,
            };
            let text = config_text(&seed);
            assert!(!text.contains('@') && !text.contains(" \n"), "{text}");
            let config = understood(&text);
            assert_eq!(config.builder, name);
            assert_eq!(config.builders[name].command, preset.command);
            assert_eq!(config.builders[name].env, preset.env);
            assert_eq!(config.builders[name].prompt, preset.prompt);
            assert_eq!(config.verify[0].argv, ["cargo", "test", "--workspace"]);
            assert_eq!(config.verify[1].argv, ["sh", "-c", "echo \"a: #b\""]);
            assert_eq!(config.workspace_setup, []);
            assert_eq!(config.timezone, chrono_tz::Europe::Berlin);
            assert_eq!(config.notify.keys().collect::<Vec<_>>(), ["desk"]);
        }
    }

    /// `# key: …` with any indentation, but not `# Prose`.
    fn uncommented(text: &str) -> String {
        let is_key = |line: &str| {
            let rest = line.trim_start().strip_prefix("# ").unwrap_or_default().trim_start();
            let (key, after) = rest.split_once(':').unwrap_or_default();
            let word = |c: char| c.is_ascii_lowercase() || c == '_';
            !key.is_empty() && key.chars().all(word) && (after.is_empty() || after.starts_with(' '))
        };
        let open = |line: &str| if is_key(line) { line.replacen("# ", "", 1) } else { line.into() };
        text.lines().map(|line| open(line) + "\n").collect()
    }

    #[test]
    fn what_is_commented_out_is_the_default() {
        let choice = steps();
        let seed = Seed {
            choice: &choice,
            verify: &[],
            setup: &[],
            timezone: "UTC",
            queue: "queue",
            desktop: false,
        };
        let text = config_text(&seed);
        assert_eq!(understood(&text), Config::default());
        let open = uncommented(&text);
        let mut all = understood(&open);
        assert_eq!(all.builders.len(), 1, "the example");
        all.builders.clear();
        assert_eq!(all, Config::default());
        // Those of notifiers are told by examples above `notify`.
        let keys = crate::domain::config::KEYS.iter();
        for key in keys.filter(|key| !key.starts_with("notify.")) {
            let mut found = 0;
            for part in key.split('.').filter(|part| *part != "NAME") {
                let at = open[found..].find(&format!("{part}:"));
                found += at.unwrap_or_else(|| panic!("`{key}` is not there:\n{open}"));
            }
        }
    }

    #[test]
    fn long_lists_stand_below_their_key() {
        let choice = steps();
        let setup: Vec<String> = (0..9).map(|n| format!("npm run prepare-{n}")).collect();
        let seed = Seed {
            choice: &choice,
            verify: &[],
            setup: &setup,
            timezone: "UTC",
            queue: "queue",
            desktop: false,
        };
        let config = understood(&config_text(&seed));
        assert_eq!(config.workspace_setup[8].argv, ["npm", "run", "prepare-8"]);
    }

    #[test]
    fn the_readme_names_the_folder() {
        assert!(readme_text("jobs").contains("`jobs/greet-by-name.md`"));
    }
}
