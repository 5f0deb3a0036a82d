//! A throwaway repository: that of the demo, and of `doctor --live`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::commands::print;
use crate::effects::git::Git;
use crate::effects::trust::CONFIG;
use crate::effects::{detach, foreground};
use crate::render::text;

/// The files of the project, before any task.
const PROJECT: [(&str, &str); 4] = [
    ("README.md", "# Greeter\n\nA very small program that greets.\n"),
    ("greet.sh", "#!/bin/sh\necho \"Hello\"\n"),
    (
        "check.sh",
        "#!/bin/sh\n# Runs every test; each fails at its first line that is not true.\nset -e\n\
         for test in tests/*.sh; do\n  sh -e \"$test\"\n  echo \"ok $test\"\ndone\n",
    ),
    ("tests/files.sh", "[ -s README.md ]\n[ -s greet.sh ]\n"),
];

const POLICY: &str = include_str!("../../../templates/demo/buildq.yaml");

const TASKS: [(&str, &str); 4] = [
    ("greet-by-name", include_str!("../../../templates/demo/greet-by-name.md")),
    ("usage-section", include_str!("../../../templates/demo/usage-section.md")),
    ("languages", include_str!("../../../templates/demo/languages.md")),
    ("go-live", include_str!("../../../templates/demo/go-live.md")),
];

/// Settings of its own, whatever the person's say: its hooks run, nothing asks for a key.
const SETTINGS: [(&str, &str); 5] = [
    ("commit.gpgSign", "false"),
    ("core.autocrlf", "false"),
    ("core.fsmonitor", "false"),
    ("core.excludesFile", "/dev/null"),
    ("advice.detachedHead", "false"),
];

/// The repository, and the program that plays in it.
pub struct Stage {
    dir: PathBuf,
    exe: PathBuf,
}

impl Stage {
    /// A new folder, or an empty one that was named.
    pub fn new(keep: Option<PathBuf>) -> Result<Self> {
        let exe = detach::this_program()?;
        let dir = match keep {
            None => tempfile::Builder::new().prefix("buildq-demo-").tempdir()?.keep(),
            Some(dir) => {
                fs::create_dir_all(&dir).with_context(|| format!("`{}`", dir.display()))?;
                if fs::read_dir(&dir)?.next().is_some() {
                    bail!("`{}` is not empty\nhint: name a new folder", dir.display());
                }
                dir
            }
        };
        Ok(Self { dir: dir.canonicalize()?, exe })
    }

    /// In this very folder, which is made.
    pub fn in_folder(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        Self::there(dir)
    }

    /// One that is there already.
    pub fn there(dir: &Path) -> Result<Self> {
        let dir = dir.canonicalize().with_context(|| format!("`{}`", dir.display()))?;
        Ok(Self { dir, exe: detach::this_program()? })
    }

    /// Its git directory.
    pub fn git_dir(&self) -> PathBuf {
        self.dir.join(".git")
    }

    /// Its folder, as it is printed.
    pub fn shown(&self) -> String {
        text::safe(&self.dir.to_string_lossy())
    }

    /// Git as a person would run it here, hooks and all.
    pub fn git(&self) -> Git {
        let hooks = self.git_dir().join("hooks");
        let git = Git::at(&self.dir).set(format!("core.hooksPath={}", hooks.display()));
        // Its hooks look on PATH first: there may be another buildq.
        let mut folders: Vec<PathBuf> = self.exe.parent().map(Path::to_owned).into_iter().collect();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        match std::env::join_paths(folders) {
            Ok(path) => git.with("PATH", path),
            Err(_) => git,
        }
    }

    /// Makes the demo's repository and its first commit.
    pub fn project(&self) -> Result<()> {
        let zone = iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".into());
        let zone = crate::domain::yaml::write::scalar(&zone);
        let policy = format!("{POLICY}timezone: {zone}\n");
        let files = PROJECT.into_iter().chain([(CONFIG, policy.as_str())]);
        let owned = files.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec()));
        self.make(&owned.collect::<Vec<_>>())
    }

    /// Makes the repository, with these files in its first commit.
    pub fn make(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        // Whatever the person's own configuration or templates would add stays out.
        let git =
            self.git().set("init.defaultRefFormat=files").set("init.defaultObjectFormat=sha1");
        git.run(["init", "-q", "--template=", "-b", "main"])?;
        let hooks = self.git_dir().join("hooks");
        fs::create_dir_all(&hooks)?;
        let hooks = hooks.to_string_lossy().into_owned();
        for (key, value) in SETTINGS.into_iter().chain([("core.hooksPath", hooks.as_str())]) {
            git.run(["config", key, value])?;
        }
        for (key, value) in [("user.name", "You"), ("user.email", "you@localhost")] {
            if git.try_run(["config", key])?.0 != 0 {
                git.run(["config", key, value])?;
            }
        }
        for (path, content) in files {
            self.write(path, content)?;
        }
        git.run(["add", "."])?;
        git.run(["commit", "-qm", "A very small program"])?;
        Ok(())
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let full = self.dir.join(path);
        let write = || {
            fs::create_dir_all(full.parent().unwrap_or(&self.dir))?;
            fs::write(&full, &content)?;
            // A script that a command names is run as it stands.
            let mode = if content.as_ref().starts_with(b"#!") { 0o755 } else { 0o644 };
            fs::set_permissions(&full, fs::Permissions::from_mode(mode))
        };
        write().with_context(|| format!("cannot write `{}`", full.display()))
    }

    /// `buildq init`, and the look at the configuration that it asks for.
    pub fn set_up(&self) -> Result<()> {
        print("$ buildq init");
        let said = self.quietly(&["init", "--yes", "--no-heartbeat"])?;
        let first = said.split("\n\n").next().unwrap_or_default();
        print(&indented(first));
        print("$ buildq trust --yes");
        let said = self.quietly(&["trust", "--yes"])?;
        print(&indented(said.lines().find(|line| *line == "trusted").unwrap_or_default()));
        Ok(())
    }

    /// Writes tasks and commits them with plain git; the hook says what becomes of them.
    pub fn commit(&self, ids: &[&str], message: &str) -> Result<()> {
        let mut paths = Vec::new();
        for (id, content) in TASKS.iter().filter(|(id, _)| ids.contains(id)) {
            let path = format!("queue/{id}.md");
            self.write(&path, content)?;
            paths.push(path);
        }
        print(&format!("$ git add {} && git commit -m \"{message}\"", paths.join(" ")));
        let git = self.git();
        git.run(["add", "--"].into_iter().chain(paths.iter().map(String::as_str)))?;
        let (code, _, said) = git.try_run(["commit", "-q", "-m", message])?;
        print(&indented(&said));
        if code != 0 {
            bail!("`git commit` ended with {code}");
        }
        Ok(())
    }

    /// Commits one file with an ordinary `git commit`.
    pub fn commit_file(&self, path: &str, content: &str, message: &str) -> Result<()> {
        self.write(path, content)?;
        let git = self.git();
        git.run(["add", "-f", "--", path])?;
        git.run(["commit", "-q", "-m", message]).map(drop)
    }

    /// Runs a command of buildq and takes what it says.
    pub fn quietly(&self, words: &[&str]) -> Result<String> {
        let output = foreground::buildq(&self.dir, words)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`buildq {}` failed\n{}", words.join(" "), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Shows a command and what it says.
    pub fn show(&self, words: &[&str]) -> Result<()> {
        let output = foreground::buildq(&self.dir, words)?;
        print(&format!("\n$ buildq {}", words.join(" ")));
        print(&indented(&String::from_utf8_lossy(&output.stdout)));
        print(&indented(&String::from_utf8_lossy(&output.stderr)));
        Ok(())
    }

    /// The whole history of what happened.
    pub fn show_ledger(&self) -> Result<()> {
        print("\n$ git log buildq --oneline");
        let lines = self.git().run(["log", "buildq", "--oneline", "--no-decorate"])?;
        print(&indented(&text::safe_lines(&lines)));
        Ok(())
    }

    /// Ends all that runs here, for good.
    pub fn leave(&self) -> Result<()> {
        if self.git_dir().join("buildq").exists() {
            self.quietly(&["uninstall", "--yes"])?;
        }
        Ok(())
    }

    /// Where everything is, what to try, and how to be rid of it.
    pub fn farewell(&self, built: &str, held: &str) -> String {
        let dir = shell_words::quote(&self.shown()).into_owned();
        let me = self.me();
        format!(
            "\nThe repository stays; nothing runs in it now. Look around:\n\n  \
               cd {dir}\n  \
               {me} review {built}     what was built, and its checks\n  \
               {me} accept {built}     merge it\n  \
               {me} approve {held}          let the held task start after all\n  \
               git log --oneline --graph --all\n\n\
             And away with it:\n\n  \
               {me} -C {dir} uninstall --yes && rm -rf {dir}\n\n\
             In a repository of your own: {me} init\n"
        )
    }

    /// This program as it would be typed.
    fn me(&self) -> String {
        let found = which::which("buildq").ok().and_then(|found| found.canonicalize().ok());
        match self.exe.canonicalize() {
            Ok(own) if found.as_ref() == Some(&own) => "buildq".into(),
            _ => shell_words::quote(&self.exe.to_string_lossy()).into_owned(),
        }
    }
}

fn indented(text: &str) -> String {
    let lines = text.trim_end().lines();
    lines.map(|line| if line.is_empty() { "\n".into() } else { format!("  {line}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::judged::hear;
    use crate::domain::config;
    use crate::domain::id::TaskId;
    use crate::domain::task;

    #[test]
    fn its_files_are_sound() {
        assert!(config::parse(CONFIG, format!("{POLICY}timezone: UTC\n").as_bytes()).is_ok());
        for (id, content) in TASKS {
            let id = TaskId::new(id).unwrap();
            let parsed = task::parse("queue/x.md", &id, content.as_bytes());
            assert_eq!(parsed.diagnostics, [], "{id}");
            let task = parsed.task.unwrap();
            let heard = hear(&task);
            assert_eq!(heard.unclear, None, "{id}");
            assert_eq!(heard.risks.is_empty(), id.as_str() != "go-live", "{id}");
            assert!(!task.steps.is_empty() && !task.criteria.is_empty(), "{id}");
        }
    }
}
