//! Where the values come from that nobody is to read: variables that builders are given, ignored
//! files that are copied into workspaces, and the logins of agents.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::domain::masks::{Secret, login_tokens, pairs};

/// A larger file holds no settings.
const LARGEST: u64 = 64 << 10;
/// This many files are looked at.
const MOST: usize = 200;

/// Where agents keep the tokens of their login, below the home directory.
const LOGINS: [&str; 6] = [
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".gemini/oauth_creds.json",
    ".local/share/opencode/auth.json",
    ".config/cursor/auth.json",
    ".config/goose/secrets.json",
];

/// The values of these variables, where they are set.
pub fn of_variables<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<Secret> {
    let value = |name: &String| std::env::var(name).ok().map(|value| Secret::given(name, &value));
    names.into_iter().filter_map(value).collect()
}

/// What stands in files of a work tree that workspaces get a copy of. Those named in a pattern are
/// known only where one was made.
pub fn of_files<'a>(work_tree: &Path, paths: impl IntoIterator<Item = &'a String>) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut left = MOST;
    for path in paths {
        let path = path.trim_start_matches("./").trim_start_matches("**/");
        look(work_tree, Path::new(path), &mut left, &mut found);
    }
    found
}

fn look(tree: &Path, path: &Path, left: &mut usize, found: &mut Vec<Secret>) {
    let full = tree.join(path);
    let Ok(about) = fs::metadata(&full) else { return };
    if about.is_dir() {
        let entries = fs::read_dir(&full).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| holds_settings(Path::new(&entry.file_name()))) {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                look(tree, &path.join(entry.file_name()), left, found);
            }
        }
    } else if about.is_file() && holds_settings(path) && *left > 0 {
        *left -= 1;
        found.extend(pairs(&path.to_string_lossy(), &text(&full)));
    }
}

/// By its name; what lies in `node_modules` is no setting of the person's.
fn holds_settings(path: &Path) -> bool {
    const ENDS: [&str; 11] = [
        "env",
        "ini",
        "cfg",
        "conf",
        "properties",
        "npmrc",
        "pypirc",
        "netrc",
        "yml",
        "yaml",
        "toml",
    ];
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let end = name.rsplit('.').next().unwrap_or_default();
    name.starts_with(".env")
        || name.contains("secret")
        || name.contains("credential")
        || ENDS.contains(&end)
}

/// The tokens of the agents that this person is logged in with.
pub fn of_logins(home: &Path) -> Vec<Secret> {
    let tokens = |path: &&str| login_tokens(&format!("~/{path}"), &text(&home.join(path)));
    LOGINS.iter().flat_map(tokens).collect()
}

fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    // A pipe or a device would never end.
    if fs::metadata(path).is_ok_and(|about| about.is_file())
        && let Ok(file) = fs::File::open(path)
    {
        let _ = file.take(LARGEST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_copied_give_their_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(".env", "API_KEY=q8Zt-77aaxx\n");
        write("config/local.ini", "password = p-91xkd02\n");
        write("config/deep/more.ini", "password = never-91xkd02\n");
        write("data.bin", "TOKEN=t-91xkd02x\n");
        let paths = ["**/.env", "config", "data.bin", "missing"].map(str::to_owned);
        let found: Vec<_> = of_files(dir.path(), &paths).into_iter().map(|one| one.name).collect();
        assert_eq!(found, [".env:API_KEY", "config/local.ini:password"]);
        write(".codex/auth.json", r#"{"tokens": {"access_token": "at-0123456789abcdef"}}"#);
        assert_eq!(of_logins(dir.path()).len(), 1);
    }
}
