//! What a workspace takes over from the user's git settings, and how it is written.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::effects::git::Git;

/// Exclude and attribute files are read up to here.
const MAX_FILE: u64 = 1 << 20;

/// Settings that decide which bytes a checkout writes and an add stores.
const TAKEN_OVER: [&str; 13] = [
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.symlinks",
    "core.ignorecase",
    "core.filemode",
    "core.precomposeunicode",
    "core.longpaths",
    "core.bigfilethreshold",
    "extensions.partialclone",
    "merge.conflictstyle",
    "lfs.fetchinclude",
    "lfs.fetchexclude",
];

/// The effective settings of a repository: system, user and its own, in this order.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<(String, Option<String>)>);

impl Settings {
    /// Asks git, which knows of includes and their conditions.
    pub fn read(git: &Git) -> Result<Self> {
        let listed = git.bytes(["config", "--list", "--includes", "-z"]);
        let listed = listed.context("cannot read the settings of git")?;
        Ok(Self::parse(&String::from_utf8_lossy(&listed)))
    }

    /// `key\nvalue\0…`; a key that stands alone means yes.
    pub fn parse(listed: &str) -> Self {
        let entry = |entry: &str| match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (entry.to_owned(), None),
        };
        Self(listed.split('\0').filter(|entry| !entry.is_empty()).map(entry).collect())
    }

    /// The value that counts: the last.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(name, _)| name == key)?;
        Some(value.as_deref().unwrap_or("true"))
    }

    /// Every entry, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or("true")))
    }

    /// Whether objects may be missing here because a server promises them.
    pub fn is_partial(&self) -> bool {
        self.get("extensions.partialclone").is_some()
            || self.iter().any(|(key, value)| key.ends_with(".promisor") && value == "true")
    }

    /// Writes all that a workspace takes over.
    pub fn copy_to(&self, config: &mut Config, notes: &mut Vec<String>) {
        let uses_lfs = self.iter().any(|(key, _)| key.starts_with("filter.lfs."));
        let without_lfs = uses_lfs && which::which("git-lfs").is_err();
        if without_lfs {
            notes.push("`git-lfs` is not on PATH: its files stay pointers".to_owned());
        }
        if uses_lfs && self.get("lfs.storage").is_some() {
            notes.push("`lfs.storage` is set: its files may stay pointers".to_owned());
        }
        for (key, value) in self.iter() {
            if self.takes_over(key) && !(without_lfs && key.starts_with("filter.lfs.")) {
                config.set(key, value);
            }
        }
    }

    fn takes_over(&self, key: &str) -> bool {
        let driver = |section: &str| key.strip_prefix(section).is_some_and(|k| k.contains('.'));
        let promisor = || {
            let (remote, name) = key.strip_prefix("remote.")?.rsplit_once('.')?;
            let asked = matches!(name, "url" | "promisor" | "partialclonefilter");
            Some(asked && self.get(&format!("remote.{remote}.promisor")) == Some("true"))
        };
        TAKEN_OVER.contains(&key)
            || driver("filter.")
            || driver("merge.")
            || promisor().unwrap_or(false)
    }

    /// The person's own ignore rules, which hold in every repository.
    pub fn excludes(&self) -> Option<Vec<u8>> {
        small_file(&self.own_file("core.excludesfile", "ignore")?)
    }

    /// The person's own attributes, which hold in every repository.
    pub fn attributes(&self) -> Option<Vec<u8>> {
        small_file(&self.own_file("core.attributesfile", "attributes")?)
    }

    fn own_file(&self, key: &str, default: &str) -> Option<PathBuf> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        if let Some(path) = self.get(key) {
            return match path.strip_prefix("~/") {
                Some(rest) => Some(home?.join(rest)),
                None => Some(PathBuf::from(OsStr::from_bytes(path.as_bytes()))),
            };
        }
        let folder = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
        let folder = folder.map(PathBuf::from).or_else(|| Some(home?.join(".config")))?;
        Some(folder.join("git").join(default))
    }
}

/// A regular file of at most 1 MiB, read; anything else counts as absent.
pub(super) fn small_file(path: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > MAX_FILE {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// git-lfs links the files it finds in the user's store into the workspace's. What a builder
/// writes into such a file would be in the user's too, so each becomes a copy.
pub(super) fn own_lfs_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, about) = (entry.path(), entry.metadata()?);
        if about.is_dir() {
            own_lfs_files(&path)?;
        } else if about.nlink() > 1 {
            let copy = path.with_extension("copy");
            let copied = fs::copy(&path, &copy).and_then(|_| fs::rename(&copy, &path));
            copied.with_context(|| format!("cannot copy `{}`", path.display()))?;
        }
    }
    Ok(())
}

/// A git configuration file in the making.
#[derive(Clone, Debug, Default)]
pub struct Config(String);

impl Config {
    /// Adds a setting; of several for one key the last counts.
    pub fn set(&mut self, key: &str, value: &str) {
        let Some((section, rest)) = key.split_once('.') else { return };
        let header = match rest.rsplit_once('.') {
            Some((sub, _)) if !sub.contains('\n') => format!("[{section} \"{}\"]", escape(sub)),
            Some(_) => return,
            None => format!("[{section}]"),
        };
        let name = rest.rsplit_once('.').map_or(rest, |(_, name)| name);
        let value = escape(value).replace('\n', "\\n").replace('\t', "\\t");
        self.0.push_str(&format!("{header}\n\t{name} = \"{value}\"\n"));
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_being_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let odd = [
            ("core.eol", "lf"),
            ("filter.a \"b\\.c.smudge", "sh -c 'echo \"x\" # %f\t;' \\ "),
            ("user.name", " Jo; O'Neill #1 "),
            ("x.empty", ""),
        ];
        let mut config = Config::default();
        odd.iter().for_each(|(key, value)| config.set(key, value));
        fs::write(&file, config.into_bytes()).unwrap();
        let args = [OsStr::new("config"), "--list".as_ref(), "-z".as_ref(), "-f".as_ref()];
        let listed = Git::at(dir.path()).bytes(args.into_iter().chain([file.as_os_str()]));
        let back = Settings::parse(&String::from_utf8(listed.unwrap()).unwrap());
        assert_eq!(back.iter().collect::<Vec<_>>(), odd);
    }

    #[test]
    fn only_what_decides_about_bytes_comes_along() {
        let listed = "core.autocrlf\ninput\0core.hookspath\n/x\0filter.x.clean\ntr a b\0\
            filter.x.required\0user.signingkey\nK\0remote.origin.url\nu\0merge.ours.driver\ntrue\0\
            core.fsmonitor\nevil\0credential.helper\nstore\0merge.tool\nvi\0";
        let mut config = Config::default();
        Settings::parse(listed).copy_to(&mut config, &mut Vec::new());
        let text = String::from_utf8(config.into_bytes()).unwrap();
        let expected = "[core]\n\tautocrlf = \"input\"\n\
            [filter \"x\"]\n\tclean = \"tr a b\"\n\
            [filter \"x\"]\n\trequired = \"true\"\n\
            [merge \"ours\"]\n\tdriver = \"true\"\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_partial_clone_keeps_its_promises() {
        let listed = "remote.origin.url\nhttps://x\0remote.origin.promisor\ntrue\0\
            remote.origin.fetch\n+x\0remote.other.url\ny\0extensions.partialclone\norigin\0";
        let settings = Settings::parse(listed);
        assert!(settings.is_partial());
        let mut config = Config::default();
        settings.copy_to(&mut config, &mut Vec::new());
        let text = String::from_utf8(config.into_bytes()).unwrap();
        assert!(text.contains("partialclone") && text.contains("https://x"));
        assert!(!text.contains("fetch") && !text.contains("other"));
    }
}
