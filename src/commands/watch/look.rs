//! Looking at the world beside the screen, so that a key never waits for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use anyhow::{Context as _, Result};

use super::News;
use crate::commands::gather::World;
use crate::commands::{Scene, review, show, status, why};
use crate::core::ledger::Build;
use crate::domain::id::{Oid, TaskId};
use crate::effects::{clock, output};
use crate::render::text::Tamer;
use crate::render::watch::{Asked, Changed, Facts, Topic};
use crate::render::{self, why::Reader};

/// What is wanted of the one who looks.
pub enum Ask {
    /// A look at everything.
    Look,
    /// A page about one task, of what the last look has found.
    Tell(Asked),
}

/// Lines of output that are shown.
const LINES: usize = 2_000;

/// One look after the other, and what the last has found.
pub struct Looker {
    dir: PathBuf,
    world: Option<World>,
    /// Between two commits: what does not change is not counted again.
    changes: BTreeMap<(Oid, Oid), Changed>,
}

impl Looker {
    /// Begins to wait for questions; the answers come as news.
    pub fn start(dir: PathBuf, to: Sender<News>) -> Result<Sender<Ask>> {
        let (asks, asked) = mpsc::channel();
        thread::Builder::new().spawn(move || {
            let looker = Self { dir, world: None, changes: BTreeMap::new() };
            looker.live(&asked, &to);
        })?;
        Ok(asks)
    }

    fn live(mut self, asked: &Receiver<Ask>, to: &Sender<News>) {
        while let Ok(first) = asked.recv() {
            // Of many questions about entries that were passed by, the last counts.
            let mut all: Vec<_> = std::iter::once(first).chain(asked.try_iter()).collect();
            let last = all.iter().rposition(|ask| matches!(ask, Ask::Tell(_)));
            let mut at = 0;
            all.retain(|ask| {
                at += 1;
                matches!(ask, Ask::Look) || last == Some(at - 1)
            });
            for ask in all {
                let news = match ask {
                    Ask::Look => self.look(),
                    Ask::Tell(asked) => {
                        let text =
                            self.tell(&asked).unwrap_or_else(|error| render::error::show(&error));
                        News::Told(asked, text)
                    }
                };
                if to.send(news).is_err() {
                    return;
                }
            }
        }
    }

    fn look(&mut self) -> News {
        let scene = Scene { dir: self.dir.clone(), now: clock::now() };
        match scene.look() {
            Ok(world) => {
                let view = status::overview(&world, status::Look::Whole);
                let changes = self.changes_of(&world);
                self.world = Some(world);
                News::Looked(Box::new(Facts { view, changes }))
            }
            Err(error) => News::Failed(format!("{error:#}")),
        }
    }

    /// How much every build in review changes.
    fn changes_of(&mut self, world: &World) -> BTreeMap<TaskId, Changed> {
        let pairs: Vec<_> = review::spans(world).collect();
        self.changes.retain(|pair, _| pairs.iter().any(|(_, other)| other == pair));
        let mut found = BTreeMap::new();
        for (task, (from, tip)) in pairs {
            let known = self.changes.get(&(from, tip)).copied();
            let changed = known.or_else(|| {
                let changes = world.repo.changes(from, tip).ok()?;
                Some(changes.iter().fold(Changed::default(), |sum, one| Changed {
                    files: sum.files + 1,
                    added: sum.added + one.added,
                    removed: sum.removed + one.removed,
                }))
            });
            if let Some(changed) = changed {
                self.changes.insert((from, tip), changed);
                found.insert(task, changed);
            }
        }
        found
    }

    fn tell(&self, Asked { task, topic, columns }: &Asked) -> Result<String> {
        let Some(world) = &self.world else { return Ok(String::new()) };
        let reader = Reader { now: clock::now(), zone: world.config.timezone, width: *columns };
        match topic {
            Topic::Output => printed(world, task),
            Topic::Why => Ok(render::why::page(&why::reasons(world, task.as_str())?, reader)),
            Topic::Review => Ok(render::review::one(&review::detail(world, task)?, reader.now)),
            Topic::Show => {
                let detail = show::detail(world, task, why::reasons(world, task.as_str())?);
                Ok(render::show::page(&detail, reader))
            }
        }
    }
}

/// The end of what the newest attempt printed, without what nobody is to read.
fn printed(world: &World, task: &TaskId) -> Result<String> {
    let last = world.ledger.builds.get(task).and_then(Build::last);
    let run = last.with_context(|| format!("`{task}` has not been started yet"))?;
    let text = output::tail_lines(&world.paths.output(task, run.number()), LINES);
    let mut tamer = Tamer::default();
    let shown = tamer.tame(world.masks().mask(&text).as_bytes()) + &tamer.finish();
    Ok(if shown.is_empty() { "nothing was printed yet\n".into() } else { shown })
}
