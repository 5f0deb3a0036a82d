//! Every environment variable that buildq reads or sets.

use std::ffi::{OsStr, OsString};
use std::sync::{PoisonError, RwLock};

/// The id of the task that is being built.
pub const TASK: &str = "BUILDQ_TASK";
/// The number of the attempt, from 1.
pub const ATTEMPT: &str = "BUILDQ_ATTEMPT";
/// The branch that the builder commits to.
pub const BRANCH: &str = "BUILDQ_BRANCH";
/// The file that holds the prompt.
pub const PROMPT: &str = "BUILDQ_PROMPT";
/// The commit that the branch starts from.
pub const BASE: &str = "BUILDQ_BASE";
/// The name of one attempt, by which its processes are found again. No secret and no key:
/// whoever carries it is ended with that attempt, that is all.
pub const TOKEN: &str = "BUILDQ_TOKEN";
/// The workspace folder; its presence tells that a command runs inside one.
pub const WORKSPACE: &str = "BUILDQ_WORKSPACE";
/// Set where a person tries a build out: nothing that is said there leaves it.
pub const TRY: &str = "BUILDQ_TRY";
/// The file that holds the task's text as it is being built.
pub const SPEC: &str = "BUILDQ_SPEC";
/// The task file's path inside the workspace.
pub const QUEUE_FILE: &str = "BUILDQ_QUEUE_FILE";
/// For tests only: an RFC 3339 time, or the absolute path of a file that holds one. Time
/// then stands still at it. A number of seconds behind it says for how long the machine has been
/// awake, so that setting the clock can be told from letting time pass.
pub const TEST_CLOCK: &str = "BUILDQ_TEST_CLOCK";
/// Git tells a hook which index the commit is made from: `git commit -a` and partial commits
/// have one of their own.
pub const INDEX_FILE: &str = "GIT_INDEX_FILE";
/// What says which letters a terminal shows, the first that is set: `setlocale(3)`.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];
/// A file of certificates (PEM) to believe in, instead of those that are built in.
pub const CERTIFICATES: &str = "SSL_CERT_FILE";
/// What pages what git shows, before everything else.
pub const GIT_PAGER: &str = "GIT_PAGER";
/// What pages whatever is shown.
pub const PAGER: &str = "PAGER";
/// Where an agent keeps its settings, for people who moved them: Claude Code, Codex, and those that go
/// by the XDG base directories.
#[cfg(feature = "mcp")]
pub const CLAUDE_HOME: &str = "CLAUDE_CONFIG_DIR";
/// See [`CLAUDE_HOME`].
#[cfg(feature = "mcp")]
pub const CODEX_HOME: &str = "CODEX_HOME";
/// See [`CLAUDE_HOME`].
#[cfg(feature = "mcp")]
pub const CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The person's own shell.
pub const SHELL: &str = "SHELL";
/// The search path of commands.
pub const PATH: &str = "PATH";

/// What commands of a build are handed, where it is set. A trailing `*` stands for any ending. No `GIT_*`: a hook's `GIT_DIR` would send a builder's git elsewhere. No
/// credentials: a builder that needs one names it in `buildq.yaml`.
pub const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TZDIR",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "VIRTUAL_ENV",
    "NIX_PATH",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    TEST_CLOCK,
];

/// What buildq's own processes are handed besides: by these they reach the person's session, to
/// show a notice, keep the machine awake and look after timers. No command of a build gets them.
pub const SESSION: &[&str] =
    &["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"];

/// Where one of these is set, a person sits at a desktop.
pub const DISPLAYS: &[&str] = &["DISPLAY", "WAYLAND_DISPLAY"];

/// Of the allowed ones, those that lead into the home directory.
pub const HOMES: &[&str] =
    &["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "CARGO_HOME"];

/// What this clone's settings add to the environment of everything that buildq starts.
#[derive(Debug, Default)]
pub struct Kept {
    /// The PATH of the person who ran `buildq init`: a hook started by a program with
    /// windows, or a timer, has a poorer one.
    pub path: Option<OsString>,
    /// Further variables to hand on, because a builder names them.
    pub names: Vec<String>,
}

static KEPT: RwLock<Kept> = RwLock::new(Kept { path: None, names: Vec::new() });

/// Tells what [`scrubbed`] keeps besides [`ALLOWED`]. The last call counts: the policy may change
/// while a process sleeps.
pub fn keep(kept: Kept) {
    *KEPT.write().unwrap_or_else(PoisonError::into_inner) = kept;
}

/// Names of variables that are set here and are handed on because the policy names them.
pub fn handed_on() -> Vec<String> {
    let kept = KEPT.read().unwrap_or_else(PoisonError::into_inner);
    let set = |name: &&String| std::env::var_os(name).is_some();
    kept.names.iter().filter(set).cloned().collect()
}

/// Names of variables of this process that are neither [`ALLOWED`] nor of the [`SESSION`]: in a
/// process of buildq's own, those that were handed on to it.
pub fn received() -> Vec<String> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let more = names.filter(|name| !is_allowed(name) && !is_session(name));
    more.filter_map(|name| name.into_string().ok()).collect()
}

/// What commands of a build are handed: those of `vars` that are [`ALLOWED`].
pub fn for_builders(
    vars: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    vars.into_iter().filter(|(name, _)| is_allowed(name)).collect()
}

/// The environment for a process of buildq itself: those of `vars` that are [`ALLOWED`], of
/// the person's [`SESSION`], or were named to [`keep`], sorted; PATH led by the recorded one.
pub fn scrubbed(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    scrubbed_but(vars, &KEPT.read().unwrap_or_else(PoisonError::into_inner))
}

fn scrubbed_but(
    vars: impl IntoIterator<Item = (OsString, OsString)>,
    kept: &Kept,
) -> Vec<(OsString, OsString)> {
    let named = |name: &OsStr| kept.names.iter().any(|kept| name == kept.as_str());
    let vars =
        vars.into_iter().filter(|(name, _)| is_allowed(name) || is_session(name) || named(name));
    let mut vars: Vec<_> = vars.collect();
    if let Some(recorded) = &kept.path {
        match vars.iter_mut().find(|(name, _)| name == PATH) {
            Some((_, path)) => *path = joined(recorded, path),
            None => vars.push((PATH.into(), recorded.clone())),
        }
    }
    vars.sort();
    vars
}

/// Whether the locale says that terminals here show Unicode.
pub fn knows_unicode() -> bool {
    is_unicode(|name| std::env::var(name).ok())
}

fn is_unicode(var: impl Fn(&str) -> Option<String>) -> bool {
    let set = LOCALE.iter().find_map(|name| var(name).filter(|value| !value.is_empty()));
    let charset = set.unwrap_or_default().to_lowercase().replace('-', "");
    charset.contains("utf8")
}

fn is_session(name: &OsStr) -> bool {
    SESSION.iter().any(|known| name == *known)
}

/// Whether [`ALLOWED`] names this variable.
pub fn is_allowed(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    ALLOWED.iter().any(|allowed| match allowed.strip_suffix('*') {
        Some(head) => name.starts_with(head),
        None => name == *allowed,
    })
}

/// `first`, then the folders of `second` that it lacks.
fn joined(first: &OsStr, second: &OsStr) -> OsString {
    let mut folders: Vec<_> = std::env::split_paths(first).collect();
    for folder in std::env::split_paths(second) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    std::env::join_paths(folders).unwrap_or_else(|_| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(vars: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        vars.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn the_first_word_on_the_locale_counts() {
        for (set, unicode) in [
            (&[("LANG", "en_US.UTF-8")][..], true),
            (&[("LANG", "C.utf8"), ("LC_ALL", "")], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "UTF-8")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], false),
            (&[], false),
        ] {
            let value = |name: &str| set.iter().find(|(of, _)| *of == name);
            assert_eq!(
                is_unicode(|name| value(name).map(|it| it.1.to_owned())),
                unicode,
                "{set:?}"
            );
        }
    }

    #[test]
    fn a_hooks_environment_is_left_behind() {
        let hook = vars(&[
            ("GIT_DIR", ".git"),
            ("PATH", "/usr/bin:/bin"),
            ("GIT_INDEX_FILE", ".git/index"),
            ("LC_ALL", "C"),
            ("SECRET", "x"),
            ("API_KEY", "y"),
            ("XDG_DATA_HOME", "/d"),
            ("PATHOLOGY", "z"),
        ]);
        assert_eq!(
            scrubbed_but(hook.clone(), &Kept::default()),
            vars(&[("LC_ALL", "C"), ("PATH", "/usr/bin:/bin"), ("XDG_DATA_HOME", "/d")])
        );
        let kept = Kept {
            path: Some("/home/me/bin:/usr/bin".into()),
            names: vec!["API_KEY".into(), "UNSET".into()],
        };
        assert_eq!(
            scrubbed_but(hook, &kept),
            vars(&[
                ("API_KEY", "y"),
                ("LC_ALL", "C"),
                ("PATH", "/home/me/bin:/usr/bin:/bin"),
                ("XDG_DATA_HOME", "/d")
            ])
        );
        assert_eq!(scrubbed_but(vars(&[]), &kept), vars(&[("PATH", "/home/me/bin:/usr/bin")]));
    }
}
