//! Which files of the repository a command line may name: the words of it that could be paths,
//! and what well-known programs run without being told by name.

use std::collections::BTreeSet;

/// What only a shell gives a meaning: a word that holds one of these is a script of its own.
const SHELL: &[char] =
    &[' ', '\t', '\n', ';', '|', '&', '<', '>', '(', ')', '{', '}', '$', '`', '"', '\'', '\\', ','];

/// No path of git's is longer.
const LONGEST: usize = 4096;

/// Files that a program runs by itself. They are looked at for builders alone, which are given
/// keys; a check or a setup that runs them does so inside the walls, and people edit them daily.
const IMPLICIT: &[(&str, &[&str])] = &[
    ("make", &["GNUmakefile", "makefile", "Makefile"]),
    ("gmake", &["GNUmakefile", "makefile", "Makefile"]),
    ("just", &["justfile", "Justfile", ".justfile"]),
    ("npm", &["package.json"]),
    ("npx", &["package.json"]),
    ("pnpm", &["package.json"]),
    ("yarn", &["package.json"]),
    ("bun", &["package.json"]),
    ("deno", &["deno.json", "deno.jsonc"]),
    ("cargo", &[".cargo/config.toml", ".cargo/config"]),
    ("tox", &["tox.ini"]),
    ("nox", &["noxfile.py"]),
    ("invoke", &["tasks.py"]),
    ("inv", &["tasks.py"]),
    ("rake", &["Rakefile"]),
    ("task", &["Taskfile.yml", "Taskfile.yaml"]),
];

/// Paths, from the top of the repository, that a command line may name. Most of them are words
/// that name nothing; whoever has the tree tells.
pub fn mentions(argv: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let words: Vec<&str> = argv.iter().flat_map(|word| parts(word)).collect();
    for (at, word) in words.iter().enumerate() {
        found.extend(readings(word).filter_map(plain));
        let python = |word: &&str| program(word).starts_with("py");
        if *word == "-m" && words[..at].iter().any(python) {
            found.extend(words.get(at + 1).into_iter().flat_map(|module| of_module(module)));
        }
    }
    let runs = |name: &str| words.iter().any(|word| program(word).starts_with(name));
    let inside = |folder: &String, name: &str| plain(&format!("{folder}/{name}"));
    if runs("py") {
        let main: Vec<_> = found.iter().filter_map(|f| inside(f, "__main__.py")).collect();
        found.extend(main);
    }
    if runs("node") {
        let main: Vec<_> = found.iter().filter_map(|f| inside(f, "index.js")).collect();
        found.extend(main);
    }
    found
}

/// Files that the programs of a command line run without being told by name.
pub fn implicit(argv: &[String]) -> BTreeSet<String> {
    let words = argv.iter().flat_map(|word| parts(word));
    let of = |word: &str| IMPLICIT.iter().find(|(name, _)| *name == program(word));
    let files = words.filter_map(of).flat_map(|(_, files)| files.iter());
    files.map(|file| (*file).to_owned()).collect()
}

/// A word, and the words of the script that it may be.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = vec![word];
    if word.contains(SHELL) {
        parts.extend(word.split(SHELL).filter(|part| !part.is_empty()));
    }
    parts
}

/// What a word may mean: itself, `--flag=path`, `-fpath`, `@path`, `path:line`, `path::test`.
fn readings(word: &str) -> impl Iterator<Item = &str> {
    let value = word.split_once('=').map(|(_, value)| value);
    let glued = word.strip_prefix('-').and_then(|rest| rest.get(1..));
    let listed = word.strip_prefix('@').or_else(|| value?.strip_prefix('@'));
    let place = word.split_once(':').map(|(path, _)| path);
    [Some(word), value, glued, listed, place].into_iter().flatten()
}

/// The path without `.`, `..` and doubled slashes; `None` for what leaves the repository or
/// names nothing in it.
pub fn plain(path: &str) -> Option<String> {
    if path.starts_with('/') || path.len() > LONGEST || path.contains('\0') {
        return None;
    }
    let mut kept = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(kept.pop()?),
            part => kept.push(part),
        }
    }
    (!kept.is_empty()).then(|| kept.join("/"))
}

fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// `python -m a.b`
fn of_module(module: &str) -> Vec<String> {
    let path = module.replace('.', "/");
    [format!("{path}.py"), format!("{path}/__main__.py")].iter().filter_map(|p| plain(p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn a_path_is_found_however_it_is_named() {
        for (line, path) in [
            ("tools/run", "tools/run"),
            ("./tools/run", "tools/run"),
            ("tools/../check.sh", "check.sh"),
            ("tools//./run", "tools/run"),
            ("sh check.sh --fast", "check.sh"),
            ("pytest --config=conf/a.ini", "conf/a.ini"),
            ("gcc @args.txt", "args.txt"),
            ("curl --data=@body.json", "body.json"),
            ("make -fbuild.mk", "build.mk"),
            ("pytest tests/test_a.py::test_b", "tests/test_a.py"),
            ("less a.rs:12", "a.rs"),
            ("env CONF=conf/a.ini run", "conf/a.ini"),
            ("sh -c 'cd x && ./check.sh | tee log'", "check.sh"),
            ("sh -c '\"./check.sh\";true'", "check.sh"),
            ("sh -c 'test -f a||./b.sh>out'", "b.sh"),
            ("bash -c '$(./deep.sh)'", "deep.sh"),
            ("python -m pkg.mod", "pkg/mod.py"),
            ("python3.12 -m pkg", "pkg/__main__.py"),
            ("python tools/agent", "tools/agent/__main__.py"),
            ("node tools/agent", "tools/agent/index.js"),
            ("sh -c 'python -m pkg.mod'", "pkg/mod.py"),
            ("run 'a name with spaces.sh'", "a name with spaces.sh"),
        ] {
            let found = mentions(&argv(line));
            assert!(found.contains(path), "{line}: {found:?}");
        }
    }

    #[test]
    fn what_leaves_the_repository_is_no_path_in_it() {
        for path in ["/etc/passwd", "../x", "a/../../x", ".", "", "./.", "a\0b"] {
            assert_eq!(plain(path), None, "{path}");
        }
        assert!(
            mentions(&argv("/usr/bin/sh ../x.sh"))
                .is_disjoint(&BTreeSet::from(["usr/bin/sh".to_owned(), "x.sh".to_owned()]))
        );
    }

    #[test]
    fn what_runs_unnamed_is_known_of_the_usual_programs() {
        for (line, file) in [
            ("make agent", "Makefile"),
            ("/usr/bin/make agent", "Makefile"),
            ("sh -c 'npm run agent'", "package.json"),
            ("just agent", "justfile"),
            ("cargo xtask agent", ".cargo/config.toml"),
            ("tox -e agent", "tox.ini"),
        ] {
            assert!(implicit(&argv(line)).contains(file), "{line}");
        }
        assert!(implicit(&argv("claude -p")).is_empty());
    }
}
