//! Whose signatures count in this clone, and signing: by git's own tools, with SSH keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::files;
use super::git::Git;
use super::paths::Paths;
use super::repo::{Repo, Stamp};
use crate::domain::id::Oid;

/// The setting that names the file.
pub const SETTING: &str = "buildq.allowedSigners";

/// The file of allowed signers (see ssh-keygen(1)), outside every work tree.
#[derive(Clone, Debug)]
pub struct Signers {
    file: PathBuf,
    /// Changes with whatever changes the answer.
    key: String,
}

impl Signers {
    /// As the settings of this clone name them; an error says why they count for nothing.
    pub fn of(repo: &Repo) -> Result<Option<Self>> {
        let Some(value) = repo.setting(SETTING) else { return Ok(None) };
        let file = match (value.strip_prefix("~/"), etcetera::home_dir()) {
            (Some(rest), Ok(home)) => home.join(rest),
            _ => PathBuf::from(&value),
        };
        if !file.is_absolute() {
            bail!("`{SETTING}` must be an absolute path");
        }
        let real = file.canonicalize().with_context(|| format!("`{SETTING}`: `{value}`"))?;
        let common = repo.common_dir()?;
        let tops = [repo.main_work_dir(), repo.work_dir().map(Path::to_owned)];
        let inside = |path: &Path| {
            let tops = tops.iter().flatten();
            let tops = tops.flat_map(|top| [Some(top.clone()), top.canonicalize().ok()]);
            let mut tops = tops.flatten();
            tops.any(|top| path.starts_with(top)) && !path.starts_with(&common)
        };
        if inside(&file) || inside(&real) {
            bail!("`{SETTING}` lies in the work tree, where a commit could add a key");
        }
        let mut hash = Sha256::new();
        hash.update(std::fs::read(&real).with_context(|| format!("`{SETTING}`: `{value}`"))?);
        if let Some(revoked) = repo.setting("gpg.ssh.revocationFile") {
            hash.update(std::fs::read(revoked).unwrap_or_default());
        }
        let key = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Self { file: real, key }))
    }

    /// Of these commits, those with a good signature of an allowed signer, at the commit's own
    /// date. Answers are remembered by commit and signers; what git cannot say is no yes.
    /// Nothing but what is remembered is said without `ask`.
    pub fn good(
        &self,
        (repo, paths): (&Repo, &Paths),
        commits: &[Oid],
        ask: bool,
    ) -> BTreeSet<Oid> {
        let cache = paths.local.join("cache").join("signatures.json");
        let known = std::fs::read(&cache).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let (key, mut known): (String, BTreeMap<Oid, bool>) = known.unwrap_or_default();
        if key != self.key {
            known.clear();
        }
        let asked: Vec<Oid> =
            commits.iter().filter(|oid| ask && !known.contains_key(oid)).copied().collect();
        let answers = if asked.is_empty() { None } else { self.ask(paths, &asked).ok() };
        if let Some(answers) = answers {
            known.extend(answers);
            if let Ok(bytes) = serde_json::to_vec(&(&self.key, &known)) {
                let _ = std::fs::create_dir_all(paths.local.join("cache"));
                let _ = files::replace_cache(&cache, &bytes);
            }
        }
        let yes = |oid: &&Oid| known.get(oid) == Some(&true) && repo.signature(**oid).is_some();
        commits.iter().filter(yes).copied().collect()
    }

    fn ask(&self, paths: &Paths, commits: &[Oid]) -> Result<Vec<(Oid, bool)>> {
        let mut allowed = std::ffi::OsString::from("gpg.ssh.allowedSignersFile=");
        allowed.push(&self.file);
        let mut git = Git::bare(&paths.common).set(allowed).with("GIT_NO_REPLACE_OBJECTS", "1");
        // Whatever program the settings name could say yes to anything.
        for setting in [
            "gpg.format=ssh",
            "gpg.ssh.program=ssh-keygen",
            "gpg.program=false",
            "gpg.openpgp.program=false",
            "gpg.x509.program=false",
            "gpg.minTrustLevel=fully",
            "log.showSignature=false",
        ] {
            git = git.set(setting);
        }
        let mut words: Vec<String> =
            ["log", "--no-walk=unsorted", "--no-color", "--format=%H %G?", "--end-of-options"]
                .map(Into::into)
                .into();
        words.extend(commits.iter().map(ToString::to_string));
        let said = git.run(words)?;
        let answer = |line: &str| {
            let (oid, word) = line.split_once(' ')?;
            Some((oid.parse().ok()?, word == "G"))
        };
        Ok(said.lines().filter_map(answer).collect())
    }
}

/// Whether this person's git signs commits with an SSH key.
pub fn signs(repo: &Repo) -> bool {
    let on = |value: String| matches!(value.as_str(), "true" | "yes" | "on" | "1");
    let wanted = repo.setting("commit.gpgsign").is_some_and(on);
    wanted && can_sign(repo)
}

/// Whether it could.
pub fn can_sign(repo: &Repo) -> bool {
    let key = repo.setting("user.signingkey").or_else(|| repo.setting("gpg.ssh.defaultKeyCommand"));
    repo.setting("gpg.format").as_deref() == Some("ssh") && key.is_some()
}

/// Writes a signed commit, as git itself does, with the person's own settings.
pub fn write_commit(
    paths: &Paths,
    (tree, parent): (Oid, Oid),
    stamp: &Stamp,
    message: &str,
) -> Result<Oid> {
    let date = format!("{} +0000", stamp.at.timestamp());
    let git = Git::bare(&paths.common)
        .set("i18n.commitEncoding=UTF-8")
        .set("core.fsync=committed")
        .with("GIT_AUTHOR_NAME", &stamp.author.name)
        .with("GIT_AUTHOR_EMAIL", &stamp.author.email)
        .with("GIT_COMMITTER_NAME", &stamp.committer.name)
        .with("GIT_COMMITTER_EMAIL", &stamp.committer.email)
        .with("GIT_AUTHOR_DATE", &date)
        .with("GIT_COMMITTER_DATE", &date);
    let (tree, parent) = (tree.to_string(), parent.to_string());
    let words = ["commit-tree", "-S", "-p", &parent, "-F", "-", "--end-of-options", &tree];
    let said = git.feed(words, message.as_bytes()).context("the approval cannot be signed")?;
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    said.parse().map_err(|_| anyhow::anyhow!("`git commit-tree` says `{said}`"))
}
