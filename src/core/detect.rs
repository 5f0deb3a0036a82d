//! From what lies at the top of a repository to the commands that check it.

use std::collections::BTreeSet;

/// What `init` proposes; command lines without a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Checks after every build.
    pub verify: Vec<String>,
    /// What makes a fresh workspace ready.
    pub setup: Vec<String>,
    /// The files that this was concluded from.
    pub found: Vec<String>,
}

impl Proposal {
    fn add(&mut self, file: &str, setup: &str, verify: &str) {
        self.found.push(file.to_owned());
        self.setup.extend((!setup.is_empty()).then(|| setup.to_owned()));
        self.verify.extend((!verify.is_empty()).then(|| verify.to_owned()));
    }
}

/// The texts that are looked into, of those that are there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'a> {
    /// `package.json`
    pub package_json: Option<&'a str>,
    /// `Makefile`, `makefile` or `GNUmakefile`
    pub makefile: Option<&'a str>,
    /// `pyproject.toml`
    pub pyproject: Option<&'a str>,
}

/// Proposes checks and setup from the names at the top of the tree and some of their texts.
pub fn propose(files: &BTreeSet<String>, texts: Texts) -> Proposal {
    let mut proposal = Proposal::default();
    let has = |name: &str| files.contains(name);
    if has("Cargo.toml") {
        let locked = has("Cargo.lock");
        proposal.add("Cargo.toml", "", if locked { "cargo test --locked" } else { "cargo test" });
    }
    if has("package.json") {
        node(files, texts.package_json, &mut proposal);
    }
    python(files, texts.pyproject, &mut proposal);
    if has("go.mod") {
        proposal.add("go.mod", "", "go test ./...");
    }
    if proposal.verify.is_empty()
        && let Some(name) = ["GNUmakefile", "makefile", "Makefile"].into_iter().find(|n| has(n))
    {
        let target = |name: &&str| texts.makefile.is_some_and(|text| has_target(text, name));
        if let Some(target) = ["test", "check"].into_iter().find(|name| target(name)) {
            proposal.add(name, "", &format!("make {target}"));
        }
    }
    proposal
}

fn node(files: &BTreeSet<String>, package_json: Option<&str>, proposal: &mut Proposal) {
    let managers = [
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm test"),
        ("yarn.lock", "yarn install --frozen-lockfile", "yarn test"),
        ("bun.lock", "bun install --frozen-lockfile", "bun run test"),
        ("bun.lockb", "bun install --frozen-lockfile", "bun run test"),
        ("package-lock.json", "npm ci", "npm test"),
        ("npm-shrinkwrap.json", "npm ci", "npm test"),
    ];
    let locked = managers.into_iter().find(|(lock, ..)| files.contains(*lock));
    let package: serde_json::Value =
        package_json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let needs = ["dependencies", "devDependencies"]
        .iter()
        .any(|key| package[key].as_object().is_some_and(|needs| !needs.is_empty()));
    let bare = if needs { "npm install" } else { "" };
    let (_, setup, test) = locked.unwrap_or(("", bare, "npm test"));
    // What `npm init` writes in its stead only ever fails.
    let tests = package["scripts"]["test"]
        .as_str()
        .is_some_and(|script| !script.trim().is_empty() && !script.contains("no test specified"));
    proposal.add("package.json", setup, if tests { test } else { "" });
}

fn python(files: &BTreeSet<String>, pyproject: Option<&str>, proposal: &mut Proposal) {
    let known = ["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini"];
    let Some(name) = known.into_iter().find(|name| files.contains(*name)) else { return };
    let tested = ["tests", "test", "pytest.ini", "tox.ini", "conftest.py"]
        .iter()
        .any(|name| files.contains(*name))
        || files.iter().any(|name| name.starts_with("test_") && name.ends_with(".py"))
        || pyproject.is_some_and(|text| text.contains("pytest"));
    let (setup, run) = if files.contains("uv.lock") {
        ("uv sync --locked", "uv run pytest -q")
    } else if files.contains("poetry.lock") {
        ("poetry install", "poetry run pytest -q")
    } else {
        ("", "python3 -m pytest -q")
    };
    proposal.add(name, setup, if tested { run } else { "" });
}

/// Whether a makefile has a rule for a target.
fn has_target(makefile: &str, name: &str) -> bool {
    makefile.lines().any(|line| {
        let targets = line.split_once(':').filter(|(_, rest)| !rest.starts_with('='));
        !line.starts_with(['\t', '#', ' '])
            && targets.is_some_and(|(names, _)| names.split_whitespace().any(|n| n == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &str, texts: Texts, setup: &str, verify: &str) {
        let names = files.split_whitespace().map(str::to_owned).collect();
        let proposal = propose(&names, texts);
        assert_eq!(proposal.setup.join("; "), setup, "{files}");
        assert_eq!(proposal.verify.join("; "), verify, "{files}");
    }

    #[test]
    fn commands_follow_from_files() {
        let none = Texts::default();
        check("README.md src", none, "", "");
        check("Cargo.toml", none, "", "cargo test");
        check("Cargo.toml Cargo.lock Makefile", none, "", "cargo test --locked");
        check("go.mod", none, "", "go test ./...");
        check("setup.py tests", none, "", "python3 -m pytest -q");
        check("setup.py", none, "", "");
        check("pyproject.toml uv.lock tests", none, "uv sync --locked", "uv run pytest -q");
        let pytest = Texts { pyproject: Some("[tool.pytest.ini_options]"), ..none };
        check("pyproject.toml", pytest, "", "python3 -m pytest -q");
    }

    #[test]
    fn a_package_is_tested_by_its_manager() {
        let package = |text| Texts { package_json: Some(text), ..Texts::default() };
        let tested = package(r#"{"scripts": {"test": "vitest run"}}"#);
        check("package.json package-lock.json", tested, "npm ci", "npm test");
        check("package.json", tested, "", "npm test");
        let lock = "pnpm install --frozen-lockfile";
        check("package.json pnpm-lock.yaml", tested, lock, "pnpm test");
        let needs = package(r#"{"devDependencies": {"a": "1"}}"#);
        check("package.json", needs, "npm install", "");
        let placeholder = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
        check("package.json package-lock.json", package(placeholder), "npm ci", "");
        check("package.json", package("{broken"), "", "");
    }

    #[test]
    fn a_makefile_helps_where_nothing_else_does() {
        let make = |text| Texts { makefile: Some(text), ..Texts::default() };
        check("Makefile", make("all: test\ncheck lint: all\n\tcc\n"), "", "make check");
        check("Makefile", make("test:\n\ttrue\ncheck:\n"), "", "make test");
        check("Makefile", make("test := 1\n# test: x\n"), "", "");
        check("go.mod Makefile", make("test:\n"), "", "go test ./...");
    }
}
