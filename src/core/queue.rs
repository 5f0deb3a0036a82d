//! The queue: every task file at the tip of the queue branch.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

use super::circles;
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::{self, Task};

/// The largest task file that is read, in bytes.
pub const MAX_FILE: u64 = 1024 * 1024;

/// In a larger knot of dependencies not every task gets a circle of its own.
const LARGE_KNOT: usize = 64;

/// One file below the queue directory, as the tree holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// From the top of the repository.
    pub path: String,
    /// Its object.
    pub blob: Oid,
    /// What can be read of it.
    pub content: Content,
}

/// What a tree entry is, and its bytes where they may be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A regular file of at most [`MAX_FILE`] bytes.
    Bytes(Vec<u8>),
    /// One that was read before, under this very path, and found to be without fault.
    Known(Box<Task>),
    /// A regular file of this many bytes: too large.
    TooLarge(u64),
    /// Not a regular file: `a symbolic link`, `a submodule`.
    Irregular(&'static str),
    /// Not in this clone, which is a partial one.
    Absent(Oid),
}

/// One task of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its id; after an exact rename the id of the build that goes on under it.
    pub id: TaskId,
    /// From the top of the repository.
    pub path: String,
    /// The exact text.
    pub blob: Oid,
    /// `None` when the file has an error.
    pub task: Option<Task>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl Item {
    /// The first error, if there is one.
    pub fn error(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|d| d.severity == Severity::Error)
    }
}

/// All of them, at one commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    /// Tip of the queue branch; `None` while it has no commit.
    pub tip: Option<Oid>,
    /// By id.
    pub items: BTreeMap<TaskId, Item>,
    /// Files that cannot be tasks, because of their names.
    pub nameless: Vec<Diagnostic>,
    /// Ids with a file in `done/`, and its blob.
    pub done: BTreeMap<TaskId, Oid>,
    /// Circles of dependencies, once somebody has asked.
    circles: OnceLock<BTreeMap<TaskId, Vec<TaskId>>>,
}

/// Where in the queue directory a path lies.
#[derive(Debug, PartialEq)]
enum Room<'a> {
    Task(&'a str),
    Done(&'a str),
    None,
}

fn room<'a>(dir: &str, path: &'a str) -> Room<'a> {
    let Some(inside) = path.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/')) else {
        return Room::None;
    };
    let name = inside.rsplit('/').next().unwrap_or(inside);
    let stem = [".md", ".yaml", ".yml"].iter().find_map(|end| name.strip_suffix(end));
    let Some(stem) = stem else { return Room::None };
    if name == "README.md" || name.starts_with('_') || inside.starts_with("templates/") {
        Room::None
    } else if inside.starts_with("done/") {
        Room::Done(stem)
    } else {
        Room::Task(stem)
    }
}

/// Whether a path is that of a task file, well named or not.
pub fn is_task(dir: &str, path: &str) -> bool {
    matches!(room(dir, path), Room::Task(_))
}

/// Where a finished task's file goes: `done/<id>.md`, or `done/<id>-<n>.md` if that is taken.
pub fn done_path(dir: &str, path: &str, id: &TaskId, taken: &dyn Fn(&str) -> bool) -> String {
    let end = path.rsplit_once('.').map_or("md", |(_, end)| end);
    let numbered = (2..).map(|n| format!("{dir}/done/{id}-{n}.{end}"));
    let first = std::iter::once(format!("{dir}/done/{id}.{end}"));
    first.chain(numbered).find(|path| !taken(path)).unwrap_or_default()
}

/// Reads every file; a broken one is an item with an error and holds nobody else.
pub fn read(tip: Option<Oid>, dir: &str, files: Vec<File>) -> Queue {
    let mut queue = Queue { tip, ..Queue::default() };
    let twins = twins(dir, &files);
    for file in files {
        match room(dir, &file.path) {
            Room::None => {}
            Room::Done(_) => {
                queue.done.extend(finished(dir, &file.path).map(|id| (id, file.blob)));
            }
            Room::Task(stem) => match TaskId::new(stem) {
                Ok(id) => {
                    let twins = twins.get(lower(stem).as_ref());
                    let twins = twins.map(Vec::as_slice).unwrap_or_default();
                    queue.add(item(id, file, twins));
                }
                Err(_) => queue.nameless.push(bad_name(&file.path, stem)),
            },
        }
    }
    queue
}

/// Ids that several files have, in lower case, and those files.
fn twins(dir: &str, files: &[File]) -> BTreeMap<String, Vec<String>> {
    let stem = |file: &'_ File| match room(dir, &file.path) {
        Room::Task(stem) => Some(lower(stem).into_owned()),
        _ => None,
    };
    let (mut seen, mut twins) = (HashSet::new(), BTreeMap::new());
    let again = files.iter().filter_map(stem).filter(|stem| !seen.insert(stem.clone()));
    for stem in again.collect::<Vec<_>>() {
        twins.insert(stem, Vec::new());
    }
    if !twins.is_empty() {
        for file in files {
            if let Some(paths) = stem(file).and_then(|stem| twins.get_mut(&stem)) {
                paths.push(file.path.clone());
            }
        }
    }
    twins
}

fn lower(stem: &str) -> Cow<'_, str> {
    match TaskId::new(stem) {
        Ok(_) => stem.into(),
        Err(_) => stem.to_lowercase().into(),
    }
}

fn item(id: TaskId, file: File, twins: &[String]) -> Item {
    let File { path, blob, content } = file;
    let mut others = twins.iter().filter(|twin| **twin != path);
    let content = match content {
        Content::Known(task) if twins.is_empty() => {
            return Item { id, path, blob, task: Some(*task), diagnostics: Vec::new() };
        }
        other => other,
    };
    let (task, diagnostics) = understand(&id, &path, &content, &mut others);
    Item { id, path, blob, task, diagnostics }
}

/// What a task file says, and what is wrong with it; `others` are files with the same id.
pub fn understand<'a>(
    id: &TaskId,
    path: &str,
    content: &Content,
    mut others: impl Iterator<Item = &'a String>,
) -> (Option<Task>, Vec<Diagnostic>) {
    let refuse = |message: String| Diagnostic::error(path, message);
    let (task, mut diagnostics) = match content {
        Content::Bytes(bytes) => {
            let parsed = task::parse(path, id, bytes);
            (parsed.task, parsed.diagnostics)
        }
        Content::Known(task) => (Some((**task).clone()), Vec::new()),
        Content::TooLarge(size) => {
            let shown = size / 1024;
            let error = refuse(format!("a task file of {shown} KiB; at most 1024 KiB are read"));
            (None, vec![error.hint("keep the task short and put material in files beside it")])
        }
        Content::Irregular(what) => {
            let error = refuse(format!("{what}; only regular files are tasks"));
            (None, vec![error.hint("put the text itself here")])
        }
        Content::Absent(blob) => {
            let error = refuse("its content is not in this partial clone".into());
            (None, vec![error.hint(format!("git cat-file -e {blob}"))])
        }
    };
    if let Some(other) = others.next() {
        let twin = Diagnostic::error(path, format!("the task `{id}` is also in `{other}`"));
        let hint = format!("rename or remove one of them: git mv {path} …");
        diagnostics.insert(0, twin.code("duplicate-id").hint(hint));
    }
    let broken = diagnostics.iter().any(|d| d.severity == Severity::Error);
    (task.filter(|_| !broken), diagnostics)
}

/// The id that a task file's name gives, or what is wrong with the name.
pub fn named(dir: &str, path: &str) -> Option<Result<TaskId, Diagnostic>> {
    match room(dir, path) {
        Room::Task(stem) => Some(TaskId::new(stem).map_err(|_| bad_name(path, stem))),
        _ => None,
    }
}

/// The id of a finished task's file below `done/`.
pub fn finished(dir: &str, path: &str) -> Option<TaskId> {
    match room(dir, path) {
        Room::Done(stem) => TaskId::new(stem).or_else(|_| TaskId::new(&stem.to_lowercase())).ok(),
        _ => None,
    }
}

fn bad_name(path: &str, stem: &str) -> Diagnostic {
    let shown: String = path.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let end = path.rsplit_once('.').map_or("md", |(_, end)| end);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let better = TaskId::suggest(stem).map_or("a-better-name".to_owned(), String::from);
    let quoted = path.replace('\'', r"'\''");
    let message = "its name is no task id: use 1 to 64 of a-z, 0-9 and `-`";
    let error = Diagnostic::error(&shown, message).code("bad-name");
    error.hint(format!("git mv -- '{quoted}' {folder}/{better}.{end}"))
}

impl Queue {
    /// Adds a task, or replaces the one of its id.
    pub fn add(&mut self, item: Item) {
        self.circles = OnceLock::new();
        self.items.insert(item.id.clone(), item);
    }

    /// The way from a task back to itself through `depends_on`, if there is one. In a knot of
    /// very many tasks it is the way of one of them.
    pub fn circle(&self, task: &TaskId) -> Option<&[TaskId]> {
        let all = self.circles.get_or_init(|| self.all_circles());
        all.get(task).map(Vec::as_slice)
    }

    fn all_circles(&self) -> BTreeMap<TaskId, Vec<TaskId>> {
        let mut found = BTreeMap::new();
        for knot in circles::knots(self.items.keys(), |id| self.needs(id)) {
            let shared = knot.first().filter(|_| knot.len() > LARGE_KNOT);
            let shared = shared.map(|first| self.round(first, &knot));
            for id in &knot {
                let circle = shared.clone().unwrap_or_else(|| self.round(id, &knot));
                found.insert((*id).clone(), circle);
            }
        }
        found
    }

    fn needs(&self, id: &TaskId) -> std::slice::Iter<'_, TaskId> {
        let task = self.items.get(id).and_then(|item| item.task.as_ref());
        task.map(|task| task.depends_on.iter()).unwrap_or_default()
    }

    /// From a task of a knot back to itself.
    fn round<'a>(&'a self, start: &'a TaskId, knot: &BTreeSet<&'a TaskId>) -> Vec<TaskId> {
        let way = circles::shortest(start, knot, |id| self.needs(id));
        way.into_iter().chain([start]).cloned().collect()
    }

    /// Lets builds keep their ids when their files were renamed without an edit: a new id
    /// with the very text of exactly one unfinished build whose own file is gone.
    pub fn follow_renames(&mut self, builds: &BTreeMap<TaskId, Oid>) {
        let gone = |id: &TaskId| !self.items.contains_key(id);
        let lost: Vec<_> = builds.iter().filter(|(id, _)| gone(id)).collect();
        let mut renames = Vec::new();
        for (old, source) in lost {
            let same = |item: &&Item| item.blob == *source && !builds.contains_key(&item.id);
            let mut found = self.items.values().filter(same);
            if let (Some(item), None) = (found.next(), found.next()) {
                renames.push((item.id.clone(), old.clone()));
            }
        }
        let targets: BTreeSet<_> = renames.iter().map(|(new, _)| new.clone()).collect();
        if targets.len() < renames.len() {
            return;
        }
        for (new, old) in renames {
            if let Some(item) = self.items.remove(&new) {
                self.add(Item { id: old, ..item });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, n: u8) -> File {
        let text = b"Write hello.txt with a greeting.\n\n- [ ] it is there\n".to_vec();
        File { path: path.into(), blob: Oid([n; 20]), content: Content::Bytes(text) }
    }

    fn ids(queue: &Queue) -> Vec<&str> {
        queue.items.keys().map(TaskId::as_str).collect()
    }

    #[test]
    fn only_task_files_are_tasks() {
        let paths = [
            "queue/a.md",
            "queue/sub/b.yaml",
            "queue/README.md",
            "queue/_draft.md",
            "queue/templates/task.md",
            "queue/done/c.md",
            "queue/notes.txt",
            "other/d.md",
            "queues/e.md",
        ];
        let queue = read(None, "queue", paths.iter().map(|path| file(path, 1)).collect());
        assert_eq!(ids(&queue), ["a", "b"]);
        assert_eq!(queue.done.keys().map(TaskId::as_str).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn bad_names_get_the_line_that_mends_them() {
        for (path, hint) in [
            ("queue/My Task.md", "git mv -- 'queue/My Task.md' queue/my-task.md"),
            ("queue/--x.md", "git mv -- 'queue/--x.md' queue/x.md"),
            ("queue/it's.md", r"git mv -- 'queue/it'\''s.md' queue/it-s.md"),
            ("queue/….yml", "git mv -- 'queue/….yml' queue/a-better-name.yml"),
        ] {
            let queue = read(None, "queue", vec![file(path, 1), file("queue/good.md", 2)]);
            assert_eq!(queue.nameless[0].hint.as_deref(), Some(hint));
            assert_eq!(ids(&queue), ["good"]);
        }
    }

    #[test]
    fn twins_are_errors_of_both() {
        let queue = read(None, "queue", vec![file("queue/a.md", 1), file("queue/x/a.yaml", 2)]);
        let error = queue.items.values().next().and_then(Item::error).unwrap();
        assert!(error.message.contains("the task `a` is also in"), "{}", error.message);
        let queue = read(None, "queue", vec![file("queue/a.md", 1), file("queue/A.md", 2)]);
        assert!(queue.items[&TaskId::new("a").unwrap()].error().is_some());
        assert_eq!(queue.nameless.len(), 1);
    }

    #[test]
    fn an_exact_rename_keeps_the_build() {
        let mut queue = read(None, "queue", vec![file("queue/new.md", 1), file("queue/b.md", 2)]);
        let old = TaskId::new("old").unwrap();
        queue.follow_renames(&BTreeMap::from([(old.clone(), Oid([1; 20]))]));
        assert_eq!(ids(&queue), ["b", "old"]);
        assert_eq!(queue.items[&old].path, "queue/new.md");
    }

    #[test]
    fn what_cannot_be_read_holds_itself_alone() {
        let odd = |path: &str, content| File { path: path.into(), blob: Oid([3; 20]), content };
        let queue = read(
            None,
            "queue",
            vec![
                odd("queue/big.md", Content::TooLarge(5 << 20)),
                odd("queue/link.md", Content::Irregular("a symbolic link")),
                file("queue/good.md", 1),
            ],
        );
        let broken: Vec<_> = queue.items.values().filter_map(Item::error).collect();
        assert_eq!(broken[0].message, "a task file of 5120 KiB; at most 1024 KiB are read");
        assert_eq!(broken[1].message, "a symbolic link; only regular files are tasks");
    }
}
