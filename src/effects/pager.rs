//! A person's own pager, by git's own rules: `GIT_PAGER`, `pager.<command>`, `core.pager`, `PAGER`, and
//! else `less`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::env;
use super::repo::Repo;

/// The pager of those who name none.
const USUAL: &str = "less";
/// As git sets them where they are not set: what fits is printed, and stays.
const DEFAULTS: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];
/// What a shell ends with that finds no such program, or may not run it.
const NOT_RUN: [i32; 2] = [126, 127];

/// Where a person's wishes may stand, the first that says something first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wishes {
    own: Option<String>,
    command: Option<String>,
    setting: Option<String>,
    usual: Option<String>,
}

/// What pages the output of `git diff`, as a line for a shell; `None` where nothing is to.
pub fn of_diff(repo: &Repo) -> Option<String> {
    let var = |name| std::env::var(name).ok();
    choose(Wishes {
        own: var(env::GIT_PAGER),
        command: repo.setting("pager.diff"),
        setting: repo.setting("core.pager"),
        usual: var(env::PAGER),
    })
}

fn choose(wishes: Wishes) -> Option<String> {
    // `pager.diff` says yes, no, or which.
    let (off, which) = match wishes.command.as_deref().map(str::to_lowercase).as_deref() {
        Some("false" | "no" | "off" | "0" | "") => (true, None),
        Some("true" | "yes" | "on" | "1") | None => (false, None),
        Some(_) => (false, wishes.command),
    };
    let named = [wishes.own, which, wishes.setting, wishes.usual].into_iter().flatten().next();
    let pager = named.unwrap_or_else(|| USUAL.to_owned());
    (!off && !matches!(pager.trim(), "" | "cat")).then_some(pager)
}

/// Shows a text in it; whether it could be run at all.
pub fn show(pager: &str, text: &str) -> Result<bool> {
    let failed = || format!("cannot run the pager `{pager}`");
    let mut command = Command::new("sh");
    command.arg("-c").arg(pager).stdin(Stdio::piped());
    let unset = DEFAULTS.iter().filter(|(name, _)| std::env::var_os(name).is_none());
    command.envs(unset.copied());
    let mut child = command.spawn().with_context(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // Who has read enough leaves before the end.
        let _ = input.write_all(text.as_bytes());
    }
    let code = child.wait().with_context(failed)?.code();
    Ok(!code.is_some_and(|code| NOT_RUN.contains(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_counts_as_it_does_for_git() {
        let word = |text: &str| Some(text.to_owned()).filter(|text| text != "-");
        for (said, pager) in [
            ("- - - -", Some("less")),
            ("- - - more", Some("more")),
            ("- - delta more", Some("delta")),
            ("- bat delta more", Some("bat")),
            ("- true delta more", Some("delta")),
            ("mine bat delta more", Some("mine")),
            ("- false delta more", None),
            ("mine No delta more", None),
            ("cat - delta more", None),
            ("- - cat more", None),
        ] {
            let words: Vec<_> = said.split(' ').map(word).collect();
            let [own, command, setting, usual] = words.try_into().unwrap();
            let chosen = choose(Wishes { own, command, setting, usual });
            assert_eq!(chosen.as_deref(), pager, "{said}");
        }
    }

    #[test]
    fn one_that_cannot_be_run_is_told_from_one_that_was_left() {
        assert!(show("head -1 >/dev/null", &"line\n".repeat(100_000)).unwrap());
        assert!(show("exit 3", "text").unwrap());
        assert!(!show("no-such-pager-at-all 2>/dev/null", "text").unwrap());
    }
}
