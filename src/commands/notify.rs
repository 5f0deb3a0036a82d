//! `buildq notify`: who is told of what, and whether they can be reached.

mod carry;

use anyhow::{Result, bail};

use super::gather::World;
use super::{Exit, Scene, print, tell};
use crate::core::notices::{Answer, Letter, Notice, VERSION};
use crate::core::situation::Trust;
use crate::domain::config::notify::Topic;
use crate::effects::notify::Post;
use crate::effects::outbox;
use crate::render::{self, notify as page};

/// Tell who hears of what, and what waits to be told
///
/// `notify:` in `buildq.yaml` names them. The clone that runs the queue tells each notice at least
/// once, and tries again while nobody can be reached.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Send one notice now, to all or to this one, and say what became of it
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    test: Option<Option<String>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Carry out what is due (started by sync itself)
    #[arg(long, hide = true, conflicts_with_all = ["test", "json"])]
    deliver: bool,
}

/// What became of one test.
#[derive(serde::Serialize)]
struct Tried<'a> {
    name: &'a str,
    sent: bool,
    error: Option<&'a str>,
}

/// Lists them, or tries them.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    if args.deliver {
        return carry::run(scene);
    }
    let around = scene.look_around()?;
    let world = around.world();
    match &args.test {
        Some(name) => test(world, name.as_deref(), args.json),
        None => list(world, args.json),
    }
}

fn list(world: &World, json: bool) -> Result<Exit> {
    let outbox = outbox::read(&world.paths).unwrap_or_default();
    let mut all = Vec::new();
    for (name, notifier) in &world.config.notify {
        let waiting = outbox.letters.iter().filter(|letter| letter.notifier == *name).count();
        all.push(page::Told { name, notifier, waiting, failing: outbox.standing.get(name) });
    }
    print(&match json {
        true => render::text::json(&all)?,
        false => page::page(&all, world.now),
    });
    Ok(Exit::Done)
}

/// Sends one notice past the outbox, and waits for what becomes of it.
fn test(world: &World, only: Option<&str>, json: bool) -> Result<Exit> {
    if world.seen.trust != Trust::Trusted {
        bail!("`buildq.yaml` is not trusted here as it stands: nobody is told\nhint: buildq trust");
    }
    let all = &world.config.notify;
    if let Some(name) = only.filter(|name| !all.contains_key(*name)) {
        let known: Vec<_> = all.keys().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "there is none".into() } else { known.join(", ") };
        bail!("there is no notifier `{name}`\nhint: below `notify:` in `buildq.yaml`: {known}");
    }
    if all.is_empty() {
        bail!("nobody is named\nhint: name somebody below `notify:` in `buildq.yaml`");
    }
    world.hand_on_environment();
    let templates = carry::templates(world);
    let mut answers = Vec::new();
    for (name, notifier) in all.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let letter = letter(world, name);
        let (message, troubles) = templates.message(&letter, world.masks())?;
        if !json {
            troubles.iter().for_each(|trouble| print(&format!("warning: {trouble}")));
        }
        let answer = Post::new(&world.repo, world.queue.tip, notifier).send(&message);
        if !json {
            print(&page::tried(name, &answer));
        }
        answers.push((name, answer));
    }
    if json {
        let tried: Vec<_> = answers.iter().map(|(name, answer)| tried(name, answer)).collect();
        print(&render::text::json(&tried)?);
    }
    let all_sent = answers.iter().all(|(_, answer)| *answer == Answer::Taken);
    Ok(if all_sent { Exit::Done } else { Exit::No })
}

fn tried<'a>(name: &'a str, answer: &'a Answer) -> Tried<'a> {
    let error = match answer {
        Answer::Taken => None,
        Answer::Refused(why) | Answer::Unreached(why, _) => Some(why.as_str()),
    };
    Tried { name, sent: error.is_none(), error }
}

fn letter(world: &World, name: &str) -> Letter {
    let notice = Notice {
        version: VERSION,
        event: format!("test-{}", world.now.timestamp_millis()),
        on: Topic::Review,
        at: world.now,
        repository: tell::name(world),
        title: format!("A test of the notifier {name}"),
        text: "When you read this, notices of this queue reach you here.".into(),
        needs_you: false,
        task: None,
        task_title: None,
        attempt: None,
        percent: None,
        branch: None,
        command: Some("buildq notify".into()),
    };
    let (id, notifier) = (format!("{}-{name}", notice.event), name.to_owned());
    Letter { id, notifier, notice, since: world.now, refused: 0 }
}
