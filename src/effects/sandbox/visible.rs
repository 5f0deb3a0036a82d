//! What a sandbox shows of the machine: the system, and of the home directory toolchains alone.
//!
//! An allow-list: what is not named here is not there. So a new place for secrets needs no
//! new rule.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::super::env;
use super::sight::Sight;

/// Of the root directory and of `/run`, where services keep the sockets that they listen on.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/gnu",
    "/snap",
    "/sys",
    "/home/linuxbrew/.linuxbrew",
    "/var/lib",
    "/var/cache",
    "/var/opt",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
    "/run/current-system",
    "/run/booted-system",
    "/run/opengl-driver",
];

/// Below the home directory. Where a tool keeps credentials beside its programs, the folders
/// of the programs are named one by one.
const TOOLCHAINS: &[&str] = &[
    ".asdf",
    ".bun/bin",
    ".bun/install/global",
    ".cabal/bin",
    ".cargo/bin",
    ".composer/vendor",
    ".config/composer/vendor",
    ".deno/bin",
    ".dotnet/host",
    ".dotnet/sdk",
    ".dotnet/shared",
    ".dotnet/tools",
    ".elan",
    ".gem/ruby",
    ".ghcup",
    ".go",
    ".juliaup",
    ".krew/bin",
    ".local/go",
    ".local/opt",
    ".local/pipx",
    ".local/share/claude",
    ".local/share/cursor-agent",
    ".local/share/fnm",
    ".local/share/gem/ruby",
    ".local/share/mise",
    ".local/share/nvm",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/rtx",
    ".local/share/uv/python",
    ".local/share/uv/tools",
    ".local/share/virtualenvs",
    ".nix-profile",
    ".local/state/nix/profiles",
    ".nodenv",
    ".npm-global",
    ".nvm",
    ".opam",
    ".opencode/bin",
    ".pub-cache/bin",
    ".pub-cache/hosted",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rvm",
    ".sdkman",
    ".swiftly",
    ".volta",
    "anaconda3",
    "go/bin",
    "mambaforge",
    "miniconda3",
    "miniforge3",
];

/// Variables that name the folder of a toolchain.
const ROOTS: &[&str] =
    &["RUSTUP_HOME", "GOROOT", "JAVA_HOME", "NVM_DIR", "PYENV_ROOT", "RBENV_ROOT", "VIRTUAL_ENV"];

/// Below the home directory: what holds credentials. It stays hidden even below a folder that
/// is shown, unless a person names it itself.
pub const NEVER: &[&str] = &[
    ".aws",
    ".azure",
    ".bunfig.toml",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude",
    ".claude.json",
    ".codex",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".config/containers/auth.json",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/goose",
    ".config/hub",
    ".config/op",
    ".config/opencode",
    ".docker",
    ".gem/credentials",
    ".gemini",
    ".git-credentials",
    ".gitconfig",
    ".gnupg",
    ".kube",
    ".local/share/gem/credentials",
    ".local/share/keyrings",
    ".local/share/opencode",
    ".local/share/uv/credentials",
    ".m2/settings.xml",
    ".mozilla",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pub-cache/credentials.json",
    ".pypirc",
    ".ssh",
    ".terraform.d",
    ".vault-token",
];

/// The folders and files of the system that are there.
pub fn system(sight: &Sight) -> Vec<PathBuf> {
    let named = SYSTEM.iter().map(PathBuf::from).filter(|path| sight.is_there(path));
    // On some systems it leads into `/run` or `/mnt`.
    let resolver = sight.real(Path::new("/etc/resolv.conf"));
    named.chain(resolver).collect()
}

/// What of `/etc` root alone may read: a builder that root runs is still no administrator.
pub fn of_administrators() -> Vec<PathBuf> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let entries = fs::read_dir("/etc").into_iter().flatten().flatten();
    let secret = entries.filter(|entry| {
        let about = entry.metadata();
        about.is_ok_and(|about| !about.is_symlink() && about.permissions().mode() & 0o004 == 0)
    });
    secret.map(|entry| entry.path()).collect()
}

/// What commands with this environment need to see beside the system.
pub fn toolchains(
    sight: &Sight,
    home: Option<&Path>,
    environment: &[(OsString, OsString)],
) -> Vec<PathBuf> {
    let value = |name: &str| {
        environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let mut shown: Vec<PathBuf> = Vec::new();
    if let Some(home) = home {
        shown.extend(TOOLCHAINS.iter().map(|below| home.join(below)));
    }
    shown.extend(ROOTS.iter().filter_map(|name| value(name)).map(PathBuf::from));
    let path = value(env::PATH).unwrap_or_default();
    for folder in std::env::split_paths(&path) {
        shown.extend(around_bin(sight, &folder, home));
    }
    shown.retain(|path| sight.is_there(path) && is_narrow(sight, path, home));
    shown
}

/// A program by itself: its file, and where that is a link, what it leads to.
pub fn program(sight: &Sight, path: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let shown = [Some(path.to_owned()), sight.real(path)].into_iter().flatten();
    shown.filter(|path| path.is_file() && is_narrow(sight, path, home)).collect()
}

/// A folder of programs, and what those lean on: `lib` beside `bin`, a whole virtual
/// environment, and the files that links lead to.
fn around_bin(sight: &Sight, folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let mut shown = vec![folder.to_owned()];
    let Some(real) = sight.real(folder) else { return Vec::new() };
    if SYSTEM.iter().any(|system| real.starts_with(system)) {
        return Vec::new();
    }
    let parent = real.parent().filter(|_| real.file_name().is_some_and(|name| name == "bin"));
    if let Some(parent) = parent.filter(|parent| Some(*parent) != home) {
        let marks = ["pyvenv.cfg", "conda-meta"];
        match marks.iter().any(|mark| sight.is_there(&parent.join(mark))) {
            true => shown.push(parent.to_owned()),
            false => shown.extend(["lib", "libexec"].map(|beside| parent.join(beside))),
        }
    }
    let entries = fs::read_dir(&real).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    // Many of them may lead to one program, which acts by the name that it is called by.
    let targets: BTreeSet<_> = links.filter_map(|link| sight.real(&link.path())).collect();
    shown.extend(targets.into_iter().filter(|to| to.is_file()));
    shown
}

/// Whether to show a path shows less than the home directory and less than the whole system.
pub fn is_narrow(sight: &Sight, path: &Path, home: Option<&Path>) -> bool {
    let real = sight.real_or_same(path);
    let holds = |inner: &Path| inner.starts_with(&real);
    path.is_absolute()
        && !home.is_some_and(|home| holds(home) || holds(&sight.real_or_same(home)))
        && !SYSTEM.iter().any(|system| real != Path::new(system) && holds(Path::new(system)))
}

/// What stays hidden although it lies below something shown.
pub fn never(sight: &Sight, home: Option<&Path>, shown: &[PathBuf]) -> Vec<PathBuf> {
    let Some(home) = home else { return Vec::new() };
    let secrets = NEVER.iter().map(|below| home.join(below)).filter(|path| sight.is_there(path));
    let covered = |path: &PathBuf| {
        let named = shown.iter().any(|shown| shown.starts_with(path));
        !named && shown.iter().any(|shown| path.starts_with(shown))
    };
    secrets.filter(covered).collect()
}

/// A path; or where something hidden lies below it, what else does. What lies below something
/// hidden was named by itself, and stays.
pub fn without(path: PathBuf, hidden: &[PathBuf]) -> Vec<PathBuf> {
    if hidden.contains(&path) {
        return Vec::new();
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(&path)) {
        return vec![path];
    }
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    let plain = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
    plain.flat_map(|entry| without(entry.path(), hidden)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap().join("me");
        for folder in [
            ".cargo/bin",
            ".ssh",
            ".rustup",
            "bin",
            "lib",
            "venv/bin",
            "tool/bin",
            "tool/lib",
            "work",
            ".local/bin",
            ".local/lib",
        ] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        fs::write(home.join("venv/pyvenv.cfg"), "").unwrap();
        fs::write(home.join("work/tool.sh"), "").unwrap();
        std::os::unix::fs::symlink("../work/tool.sh", home.join("bin/tool")).unwrap();
        (dir, home)
    }

    #[test]
    fn of_the_home_directory_tools_alone_are_shown() {
        let (_dir, home) = home();
        let path = ["bin", "venv/bin", "tool/bin", "../me", ".local/bin", "gone/bin"]
            .map(|folder| home.join(folder));
        let path = std::env::join_paths(path.iter().chain([&"/usr/bin".into()])).unwrap();
        let environment = [
            (env::PATH.into(), path),
            ("JAVA_HOME".into(), "/usr/lib/jvm".into()),
            ("GOROOT".into(), home.clone().into()),
        ];
        let mut shown = toolchains(&Sight::default(), Some(&home), &environment);
        shown.sort();
        shown.dedup();
        let below: Vec<_> = shown.iter().filter_map(|path| path.strip_prefix(&home).ok()).collect();
        let expected = [
            ".cargo/bin",
            ".local/bin",
            ".local/lib",
            ".rustup",
            "bin",
            "tool/bin",
            "tool/lib",
            "venv",
            "venv/bin",
            "work/tool.sh",
        ];
        assert_eq!(below, expected.map(Path::new));
    }

    #[test]
    fn credentials_stay_hidden_unless_a_person_names_them() {
        let (_dir, home) = home();
        fs::write(home.join(".cargo/credentials.toml"), "").unwrap();
        let never = |shown: &[&str]| -> Vec<PathBuf> {
            let shown: Vec<_> = shown.iter().map(|below| home.join(below)).collect();
            super::never(&Sight::default(), Some(&home), &shown)
        };
        assert_eq!(never(&[".cargo", ".ssh"]), [home.join(".cargo/credentials.toml")]);
        assert!(never(&[".ssh/config", "bin"]).is_empty());
        assert!(super::never(&Sight::default(), None, &[]).is_empty());
    }

    #[test]
    fn nobody_shows_everything() {
        let (_dir, home) = home();
        for (path, narrow) in [
            (home.as_path(), false),
            (home.parent().unwrap(), false),
            (Path::new("/"), false),
            (Path::new("/var"), false),
            (Path::new("bin"), false),
            (&home.join("bin"), true),
            (Path::new("/usr"), true),
        ] {
            assert_eq!(
                is_narrow(&Sight::default(), path, Some(&home)),
                narrow,
                "{}",
                path.display()
            );
        }
    }
}
