//! The commented `buildq.yaml` that `init` writes.

use std::fmt::Write;

use super::super::span_of_time;
use super::argv::double_quoted;
use super::{BUILDER_TIMEOUT, Builder, Filled, PromptBy, STEPS};

/// A configuration with what is known filled in, and every other key as a comment that holds
/// its default: a line `#key: …` is a key, `# Text` is prose.
pub fn commented(filled: &Filled) -> String {
    let mut text = String::from(HEAD);
    let base = filled.base.as_ref().map(|base| format!("base: {}\n", scalar(base)));
    text += &base.unwrap_or_else(|| "#base:\n".into());
    text += QUEUE;
    builders(&mut text, filled);
    text += "\n# Checks after every build; each must exit with 0. No shell: \"pytest -q\" is split,\n\
             # and {run: …, timeout: 10m} sets a limit (default 1h).\n";
    list(&mut text, "", "verify", &filled.verify);
    text += RULES;
    let _ = writeln!(text, "timezone: {}", filled.timezone.name());
    text += DEPENDS;
    text += "workspace:\n  # Ignored files that each workspace gets a copy of, e.g. [\".env\"].\n#  copy: []\n  \
             # What makes a fresh workspace ready, e.g. [\"npm ci\"].\n";
    list(&mut text, "  ", "setup", &filled.setup);
    text += TAIL;
    text
}

fn builders(text: &mut String, filled: &Filled) {
    if filled.builders.is_empty() {
        text.push_str("#builders: {}\n");
    } else {
        text.push_str("builders:\n");
        for (name, builder) in &filled.builders {
            one_builder(text, name, builder);
        }
    }
    let _ = writeln!(
        text,
        "\n# The builder of tasks that name none. `{STEPS}` is built in: it runs the `sh` blocks\n\
         # of the task file itself.\nbuilder: {}",
        scalar(&filled.builder)
    );
}

fn one_builder(text: &mut String, name: &str, builder: &Builder) {
    let words: Vec<String> = builder.command.iter().map(|word| double_quoted(word)).collect();
    let env: Vec<String> = builder.env.iter().map(|name| scalar(name)).collect();
    let prompt = match builder.prompt {
        PromptBy::Stdin => "stdin",
        PromptBy::File => "file",
        PromptBy::Arg => "arg",
    };
    let mark = |default: bool| if default { "#" } else { "" };
    let _ = write!(
        text,
        "  {}:\n    command: [{}]\n{}    prompt: {prompt}\n{}    env: [{}]\n{}    timeout: {}\n",
        scalar(name),
        words.join(", "),
        mark(builder.prompt == PromptBy::default()),
        mark(env.is_empty()),
        env.join(", "),
        mark(builder.timeout == BUILDER_TIMEOUT),
        span_of_time::show(builder.timeout),
    );
}

fn list(text: &mut String, indent: &str, key: &str, commands: &[String]) {
    if commands.is_empty() {
        let _ = writeln!(text, "{indent}{key}: []");
        return;
    }
    let _ = writeln!(text, "{indent}{key}:");
    for command in commands {
        let _ = writeln!(text, "{indent}  - {}", double_quoted(command));
    }
}

fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    let reserved = matches!(text.to_lowercase().as_str(), "null" | "true" | "false");
    if word && !reserved { text.to_owned() } else { double_quoted(text) }
}

const HEAD: &str = "\
# buildq: how this repository's task files become branches. Every key may be left out; what is
# commented out shows its default. After an edit: `buildq trust` shows what changed and accepts it.

# Branch that builds start from and are merged into. Default: the branch that holds the queue.
";

const QUEUE: &str = "
# Where the task files are, from the top of the repository.
#queue:
#  dir: queue

# How many builds may run at once.
#max_parallel: 1

# Commands that do the work. Each has a `command` (a list: program and arguments), and may have
# `prompt` (stdin, file or arg: how it is told what to do), `env` (names of variables it gets)
# and `timeout` (then it is ended, default 8h).
";

const RULES: &str = "
# Whether work that a builder left uncommitted is committed for it.
#commit_leftovers: true

# After a failure: how many more attempts, how long after, and from where (base: afresh; branch:
# from the work so far).
#retry:
#  max: 3
#  delay: 5m
#  from: base

# No sign of life for this long is a stall; for twice as long, the end of the attempt.
#stall:
#  after: 4h

# When a priority may start by itself: always, never (only after `buildq approve`), or spans of
# the clock such as \"22:00-06:00\" or [\"12:00-13:00\", \"22:00-06:00\"].
#windows:
#  high: always
#  medium: \"22:00-06:00\"
#  low: never

# Of every time of day here and in task files.
";

const DEPENDS: &str = "
# What a dependency must have reached: review (its checks have passed) or merged.
#depends: review

# What every build gets beside the committed files.
";

const TAIL: &str = "
# Where one day's report ends and the next begins.
#report:
#  at: \"23:00\"

# What the branches of builds begin with.
#branch:
#  prefix: build/

# Whether the git hooks print nothing.
#hooks:
#  quiet: false
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Config, parse};
    use super::*;

    fn nothing() -> Filled {
        Filled {
            base: None,
            timezone: chrono_tz::UTC,
            builders: BTreeMap::new(),
            builder: STEPS.into(),
            verify: Vec::new(),
            setup: Vec::new(),
        }
    }

    /// `#key: …` with any indentation, but not `# Prose`.
    fn uncomment(text: &str) -> String {
        let is_key = |line: &str| {
            let Some(rest) = line.strip_prefix('#') else { return false };
            let key = rest.trim_start_matches("  ");
            let head = key.split(':').next().unwrap_or_default();
            key.contains(':') && head.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let line = |line: &str| if is_key(line) { line[1..].to_owned() } else { line.to_owned() };
        text.lines().map(|l| line(l) + "\n").collect()
    }

    #[test]
    fn the_comments_are_the_defaults() {
        let text = commented(&nothing());
        assert_eq!(parse("f", text.as_bytes()).unwrap(), (Config::default(), vec![]));
        let all = uncomment(&text);
        assert!(all.contains("\nretry:\n  max: 3\n") && all.contains("\n  copy: []\n"), "{all}");
        assert_eq!(parse("f", all.as_bytes()).unwrap(), (Config::default(), vec![]));
        for key in super::super::read::ALL {
            let last = key.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("{last}:")) || key.contains("NAME"), "{key}");
        }
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let claude = Builder {
            command: vec!["claude".into(), "-p".into(), "a \"b\"".into()],
            prompt: PromptBy::Arg,
            env: vec!["ANTHROPIC_API_KEY".into()],
            timeout: BUILDER_TIMEOUT,
        };
        let filled = Filled {
            base: Some("main".into()),
            timezone: chrono_tz::Europe::Berlin,
            builders: BTreeMap::from([("claude".to_owned(), claude.clone())]),
            builder: "claude".into(),
            verify: vec!["cargo test --locked".into()],
            setup: vec!["npm ci".into(), "sh -c 'a: b'".into()],
        };
        let text = commented(&filled);
        let (config, warnings) = parse("f", text.as_bytes()).unwrap();
        assert_eq!(warnings, vec![]);
        assert_eq!(config.base.as_deref(), Some("main"));
        assert_eq!(config.timezone, chrono_tz::Europe::Berlin);
        assert_eq!((&config.builders["claude"], config.builder.as_str()), (&claude, "claude"));
        assert_eq!(config.verify[0].argv, ["cargo", "test", "--locked"]);
        assert_eq!(config.workspace_setup[1].argv, ["sh", "-c", "a: b"]);
        assert_eq!(parse("f", uncomment(&text).as_bytes()).unwrap().0, config);
    }
}
