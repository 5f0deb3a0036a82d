//! The process that carries out what waits in the outbox. One per clone; it may be killed at any
//! moment: what was not noted as taken is sent again, under its old id.

use std::thread;

use anyhow::Result;

use crate::commands::gather::World;
use crate::commands::{Exit, Scene, mouth, sync, tell};
use crate::core::notices::Answer;
use crate::core::situation::Trust;
use crate::domain::masks::Masks;
use crate::effects::locks::Lock;
use crate::effects::notify::Post;
use crate::effects::paths::Paths;
use crate::effects::{clock, detach, outbox};
use crate::render::notice::Templates;

/// Carries out until nothing is due.
pub fn run(scene: &Scene) -> Result<Exit> {
    detach::become_detached();
    loop {
        let around = scene.look_around()?;
        let world = around.world();
        let Some(turn) = Lock::try_take(&outbox::carrier(&world.paths))? else {
            return Ok(Exit::Done);
        };
        if !tell::carries(world) {
            return Ok(Exit::Done);
        }
        world.hand_on_environment();
        carry(world)?;
        // Let go before the last look: whoever puts something in looks at the lock afterwards.
        drop(turn);
        let left = outbox::read(&world.paths).unwrap_or_default();
        let now = clock::now();
        if !left.due(now).is_empty() {
            continue;
        }
        if left.next(now).is_some() {
            // It leaves the waker the time of the next try.
            sync::in_background(&world.paths.common)?;
        }
        return Ok(Exit::Done);
    }
}

/// The repository's own templates, as far as they are trusted.
pub fn templates(world: &World) -> Templates {
    let trusted = world.seen.trust == Trust::Trusted;
    let tip = world.queue.tip.filter(|_| trusted);
    Templates::of(&|path| {
        let bytes = world.repo.file(tip?, &format!("{}/{path}", world.config.queue_dir))?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Each notifier in a thread of its own: one that stalls keeps no other waiting.
fn carry(world: &World) -> Result<()> {
    let outbox = outbox::read(&world.paths).unwrap_or_default();
    let names: Vec<_> = outbox.due(clock::now()).iter().map(|it| it.notifier.clone()).collect();
    let templates = templates(world);
    let (paths, masks) = (&world.paths, world.masks());
    thread::scope(|scope| {
        let mut rounds = Vec::new();
        for name in names {
            let Some(notifier) = world.config.notify.get(&name) else { continue };
            let post = Post::new(&world.repo, world.queue.tip, notifier);
            let templates = &templates;
            let round = move || one(paths, &name, &post, (templates, masks));
            rounds.push(thread::Builder::new().spawn_scoped(scope, round)?);
        }
        rounds.into_iter().try_for_each(|round| match round.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// All that waits for one notifier, in its order, up to the first that does not get through.
fn one(paths: &Paths, name: &str, post: &Post, looks: (&Templates, &Masks)) -> Result<()> {
    let (templates, masks) = looks;
    loop {
        let outbox = outbox::read(paths).unwrap_or_default();
        let due = outbox.due(clock::now());
        let Some(letter) = due.into_iter().find(|letter| letter.notifier == name) else {
            return Ok(());
        };
        let answer = match templates.message(letter, masks) {
            Ok((message, troubles)) => {
                troubles.iter().for_each(|trouble| mouth::complain(&format!("{name}: {trouble}")));
                post.send(&message)
            }
            Err(error) => Answer::Refused(format!("{error:#}")),
        };
        if let Answer::Refused(why) | Answer::Unreached(why, _) = &answer {
            mouth::complain(&format!("{} {name}: {why}", clock::now().format("%F %T")));
        }
        let (taken, id) = (answer == Answer::Taken, letter.id.clone());
        outbox::change(paths, |outbox| {
            if let Some(outbox) = outbox {
                outbox.settle(&id, answer, clock::now());
            }
        })?;
        if !taken {
            return Ok(());
        }
    }
}
