//! The sources keep to their layers: domain ← core ← {effects, render} ← commands ← main.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use self::code::Code;
use crate::support::files_below;

mod calls;
mod code;

/// Where a rule may be broken, and why that is honest.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("git_buildq.rs", "print", "a program of its own that says one thing before it gives up"),
    ("commands/steps.rs", "process", "runs a task's `sh` blocks inside the workspace"),
    ("commands/workspace.rs", "print", "a pack for the buildq outside goes into a pipe"),
    ("effects/detach.rs", "print", "one line for the process that started this one, in a pipe"),
    ("effects/machine.rs", "print", "asks how wide the terminal is"),
];

/// Rooms and what they may use of the others.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("core", &["domain", "core"]),
    ("effects", &["domain", "core", "effects"]),
    ("render", &["domain", "core", "render"]),
    ("commands", &["domain", "core", "effects", "render", "commands"]),
];

/// Files where a rule has its home.
const HOMES: &[(&str, &[&str])] = &[
    ("git2", &["effects/repo/"]),
    ("git", &["effects/git.rs"]),
    ("clock", &["effects/clock.rs"]),
    ("unsafe", &["effects/sys.rs"]),
    ("environment", &["effects/", "commands/"]),
    ("process", &["effects/", "git_buildq.rs"]),
    ("print", &["commands/mouth.rs"]),
    ("json", &["render/text.rs"]),
];

/// What the pure rooms must not touch.
const WORLD: &[&str] = &["fs", "process", "net", "env", "os", "thread", "io"];

#[test]
fn no_layer_is_crossed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for file in files_below(&root) {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_test = name.ends_with("/tests.rs") || name.ends_with("_tests.rs");
        if !name.ends_with(".rs") || is_test {
            continue;
        }
        for (rule, words) in violations(&name, &fs::read_to_string(&file).unwrap()) {
            let excused = EXCEPTIONS.iter().find(|(file, of, _)| *file == name && *of == rule);
            match excused {
                Some(exception) => {
                    used.insert(*exception);
                }
                None => found.push(format!("src/{name}: {rule}: {words}")),
            }
        }
    }
    assert!(found.is_empty(), "layers are crossed:\n{}", found.join("\n"));
    let stale: Vec<_> = EXCEPTIONS.iter().filter(|exception| !used.contains(exception)).collect();
    assert!(stale.is_empty(), "exceptions that nothing needs: {stale:?}");
}

#[test]
fn what_is_planted_is_found() {
    let cases = [
        ("core/plan.rs", "use crate::effects::clock;", "layer"),
        ("core/plan.rs", "use crate::{domain::id::Oid, render::text};", "layer"),
        ("core/plan.rs", "fn f() { super::super::effects::clock::now(); }", "layer"),
        ("domain/config/read.rs", "use super::super::super::core::plan;", "layer"),
        ("domain/task.rs", "use crate::core::plan;", "layer"),
        ("effects/git.rs", "use crate::render::text::safe;", "layer"),
        ("render/text.rs", "fn f() -> crate::effects::paths::Paths { todo!() }", "layer"),
        ("effects/paths.rs", "use crate::commands::Exit;", "layer"),
        ("core/plan.rs", "use std::fs;", "world"),
        ("core/plan.rs", "use std::{collections::BTreeMap, process::Command};", "world"),
        ("domain/id.rs", "fn f() { std::env::var(\"HOME\").ok(); }", "world"),
        ("render/text.rs", "use std::net::TcpStream;", "world"),
        ("core/plan.rs", "use rustix::fs::flock;", "world"),
        ("core/plan.rs", "use std::time::{Duration, Instant};", "clock"),
        ("core/plan.rs", "let now = Utc::now();", "clock"),
        ("effects/waker.rs", "let now = chrono::Utc::now();", "clock"),
        ("commands/sync.rs", "let now = std::time::SystemTime::now();", "clock"),
        ("commands/sync.rs", "let now = Instant :: now();", "clock"),
        ("commands/sync.rs", "use git2::Repository;", "git2"),
        ("effects/ledger.rs", "fn f(oid: git2::Oid) {}", "git2"),
        ("effects/repo/mod.rs", "Command::new(\"git\")", "git"),
        ("commands/add.rs", "Command::new(\n  r\"/usr/bin/git\")", "git"),
        ("commands/add.rs", "use std::process::Command;", "process"),
        ("effects/locks.rs", "unsafe { libc::flock(1, 2) };", "unsafe"),
        ("effects/git.rs", "fn f() { println!(\"{}\", 1) }", "print"),
        ("commands/status.rs", "println!(\"fragile\")", "print"),
        ("commands/status.rs", "std::eprint!(\"fragile\")", "print"),
        ("effects/git.rs", "anstream::println!(\"hello\")", "print"),
        ("commands/status.rs", "anstream::println!(\"hello\")", "print"),
        ("main.rs", "anstream::eprintln!(\"hello\")", "print"),
        ("commands/status.rs", "let mut out = std::io::stdout().lock();", "print"),
        ("commands/status.rs", "use std::io; fn f() { io::stderr(); }", "print"),
        ("render/show.rs", "use anstream::stdout;", "print"),
        ("effects/output.rs", "rustix::io::write(rustix::stdio::stdout(), bytes)", "print"),
        ("commands/why.rs", "print(&serde_json::to_string_pretty(&why)?);", "json"),
        ("core/plan.rs", "dbg!(1)", "print"),
        ("main.rs", "let home = std::env::var_os(\"HOME\");", "environment"),
        ("core/plan.rs", "use elsewhere as env; fn f() { env::vars(); }", "environment"),
    ];
    for (name, source, rule) in cases {
        let found = violations(name, source);
        assert!(found.iter().any(|(of, _)| *of == rule), "{name}: `{source}`: {found:?}");
    }
}

#[test]
fn what_only_looks_like_it_passes() {
    let cases = [
        ("core/plan.rs", "// use crate::effects::clock;\n/* git2::Oid */ /// println!(\"a\")"),
        ("core/plan.rs", "let words = \"unsafe std::fs::read println!()\"; let c = '\"';"),
        ("core/plan.rs", "let words = r#\"crate::effects \"quoted\" git2::Oid\"#;"),
        ("core/plan.rs", "#[cfg(test)]\nmod tests { use std::fs; fn f() { println!(\"a\"); } }"),
        ("core/plan.rs", "#[cfg(all(test, unix))]\nuse std::fs;\nfn f<'a>(text: &'a str) {}"),
        ("core/plan.rs", "use super::ledger::Build; use crate::domain::id::Oid;"),
        ("core/plan.rs", "fn f(process: &str, env: u8) { let fs = 1; self.unsafe_words(fs); }"),
        ("effects/repo/mod.rs", "use git2::Repository;"),
        ("effects/git.rs", "Command::new(\"git\")"),
        ("effects/agents.rs", "Command::new(\"gitea\")"),
        ("effects/clock.rs", "Utc::now()"),
        ("commands/mouth.rs", "let out = std::io::stdout(); let path = std::env::current_dir();"),
        ("commands/sync.rs", "serde_json::to_vec(&seen)"),
    ];
    for (name, source) in cases {
        let found = violations(name, source);
        assert!(found.is_empty(), "{name}: `{source}`: {found:?}");
    }
}

/// Every rule that a file breaks, with the words that break it.
fn violations(name: &str, source: &str) -> Vec<(&'static str, String)> {
    let code = Code::read(source);
    let at_home = |rule: &str| {
        let homes = HOMES.iter().find(|(of, _)| *of == rule).map(|(_, homes)| *homes);
        homes.unwrap_or_default().iter().any(|home| name.starts_with(home))
    };
    let mut found = Vec::new();
    for path in code.paths() {
        let words = path.join("::");
        found.extend(of_path(name, &path).into_iter().map(|rule| (rule, words.clone())));
    }
    if code.has_word("unsafe") {
        found.push(("unsafe", "unsafe".into()));
    }
    for (said, whole) in code.prints() {
        found.push(("print", format!("{whole}{said}!")));
    }
    for program in code.programs() {
        if program.rsplit('/').next() == Some("git") {
            found.push(("git", format!("Command::new(\"{program}\")")));
        }
    }
    found.retain(|(rule, _)| !at_home(rule));
    found
}

/// The rules that one path breaks, homes left aside.
fn of_path(name: &str, path: &[String]) -> Vec<&'static str> {
    let room = name.split_once('/').map_or("main", |(room, _)| room);
    let pure = matches!(room, "domain" | "core" | "render");
    let has = |parts: &[&str]| path.windows(parts.len()).any(|window| window == parts);
    let any = |pairs: &[[&str; 2]]| pairs.iter().any(|pair| has(pair));
    let mut rules = Vec::new();
    let allowed = ROOMS.iter().find(|(of, _)| *of == room).map(|(_, allowed)| *allowed);
    if let (Some(allowed), Some(other)) = (allowed, other_room(name, path)) {
        let is_room = ROOMS.iter().any(|(of, _)| *of == other);
        if is_room && !allowed.contains(&other.as_str()) {
            rules.push("layer");
        }
    }
    let system = matches!(path[0].as_str(), "std" | "rustix" | "libc");
    if pure && system && WORLD.contains(&path[1].as_str()) {
        rules.push("world");
    }
    if path[0] == "git2" {
        rules.push("git2");
    }
    let asks = any(&[["Utc", "now"], ["Local", "now"], ["SystemTime", "now"], ["Instant", "now"]]);
    if asks || pure && any(&[["time", "Instant"], ["time", "SystemTime"]]) {
        rules.push("clock");
    }
    // `clap::Command` starts nothing.
    if any(&[["process", "Command"], ["Command", "new"]]) && path[0] != "clap" {
        rules.push("process");
    }
    // What is said goes through one door, which lets nothing through that a terminal would obey.
    let streams = ["stdout", "stderr"];
    if streams.iter().any(|of| any(&[["io", of], ["stdio", of], ["anstream", of]])) {
        rules.push("print");
    }
    let said = matches!(room, "commands" | "render" | "main");
    if said && any(&[["serde_json", "to_string"], ["serde_json", "to_string_pretty"]]) {
        rules.push("json");
    }
    let variables = ["var", "var_os", "vars", "vars_os", "set_var", "remove_var"];
    if variables.iter().any(|ask| has(&["env", ask])) {
        rules.push("environment");
    }
    rules
}

/// The first module of the crate that a path leads to, if it leads there.
fn other_room(name: &str, path: &[String]) -> Option<String> {
    if path[0] == "crate" {
        return path.get(1).cloned();
    }
    let supers = path.iter().take_while(|part| *part == "super").count();
    let module = name.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = module.split('/').count();
    (supers > 0 && supers == depth).then(|| path.get(supers).cloned()).flatten()
}
