//! What a person should look at in the work of a build: its own difference, and what its commits
//! hold, judged by the policy of the base.

use std::collections::BTreeSet;

use anyhow::Result;

use super::gather::World;
use super::leaks;
use crate::core::inspect::{Extent, Finding, Inspector, Kind, LARGE, Protected};
use crate::core::ledger::Run;
use crate::core::situation::Trust;
use crate::domain::id::{Oid, TaskId};
use crate::domain::task::same_but_for_ticks;
use crate::effects::repo::{Merged, Stamp};

/// Everything, the gravest first.
pub fn findings(world: &World, task: &TaskId, run: &Run, tip: Oid) -> Result<Vec<Finding>> {
    let hidden = leaks::not_its_own(world, task);
    let base = own_base(world, run, &hidden, tip)?;
    let protected = protected(world);
    let own = own_paths(world, run);
    let mut inspector = Inspector::new(&protected, &own);
    world.repo.each_change(base, tip, &mut |change| inspector.see(change))?;
    past(world, (tip, base), &hidden, &mut inspector)?;
    let extent = match inspector.wants_extent() {
        true => world.repo.extent(base)?,
        false => Extent::default(),
    };
    let mut found = known_secrets(world, tip, &hidden)?;
    found.extend(inspector.finish(extent));
    found.extend(own_task(world, run));
    // What a quote shows may be a secret that no shape tells.
    found.iter_mut().for_each(|one| one.quote = world.masks().mask(&one.quote));
    Ok(found)
}

/// The policy at the tip of the queue branch, never the branch's own; what it takes out of the
/// default counts only once a person has trusted it here.
fn protected(world: &World) -> Protected {
    let hooks = world.repo.setting("core.hooksPath").and_then(|path| {
        let path = path.trim_end_matches('/').trim_start_matches("./");
        let top = world.repo.main_work_dir();
        let top = top.as_ref().and_then(|top| top.to_str()).map(|top| top.trim_end_matches('/'));
        let inner = match top {
            Some(top) => path.strip_prefix(top).map_or(path, |rest| rest.trim_start_matches('/')),
            None => path,
        };
        (!inner.is_empty() && !inner.starts_with(['/', '~'])).then(|| inner.to_owned())
    });
    let trusted = world.seen.trust == Trust::Trusted;
    let config = &world.config;
    Protected::new(&config.queue_dir, &config.protected, trusted, hooks.as_deref())
}

/// The task's own file, where it was and where it goes.
fn own_paths(world: &World, run: &Run) -> BTreeSet<String> {
    let (dir, task) = (&world.config.queue_dir, &run.started.task);
    let mut own = BTreeSet::from([format!("{dir}/{task}.md"), format!("{dir}/done/{task}.md")]);
    own.extend(run.started.path.clone());
    own.extend(world.done_file(run).map(|(path, _)| path));
    own
}

/// The commit whose tree the build's own work is told from: what it shares with the base branch and
/// with the builds below it, so that neither a base that moved nor a merge of it counts as its work.
fn own_base(world: &World, run: &Run, hidden: &[Oid], tip: Oid) -> Result<Oid> {
    let repo = &world.repo;
    let mut base: Option<Oid> = None;
    for shared in hidden.iter().filter_map(|other| repo.merge_base(*other, tip)) {
        base = match base {
            None => Some(shared),
            Some(known) if repo.is_ancestor(shared, known) => Some(known),
            Some(known) if repo.is_ancestor(known, shared) => Some(shared),
            Some(known) => match repo.merge(known, shared)? {
                Merged::Clean(tree) => {
                    let person = super::gather::builder_person();
                    let at = repo.commit(known)?.at.max(repo.commit(shared)?.at);
                    let stamp = Stamp { author: person.clone(), committer: person, at };
                    let message = "What a build stands upon, for its difference\n";
                    Some(repo.write_commit(tree, &[known, shared], &stamp, message)?)
                }
                // More is shown then, never less.
                Merged::Clash(_) => return Ok(run.started.base),
            },
        };
    }
    Ok(base.unwrap_or(run.started.base))
}

/// What earlier commits of the branch brought and later ones took back.
fn past(
    world: &World,
    (tip, base): (Oid, Oid),
    hidden: &[Oid],
    inspector: &mut Inspector,
) -> Result<()> {
    let repo = &world.repo;
    for one in repo.brought(tip, hidden)? {
        let gone = repo.entry(tip, &one.path) != Some(one.blob);
        if !gone || repo.size(one.blob).is_none_or(|size| size > LARGE) {
            continue;
        }
        let text = |bytes: Option<Vec<u8>>| {
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        // What is there still is told by the difference.
        let before = text(repo.file(base, &one.path)) + &text(repo.file(tip, &one.path));
        inspector.see_past(&one.commit.short(), &one.path, &text(repo.blob(one.blob)), &before);
    }
    Ok(())
}

/// Values of secrets of this very machine.
fn known_secrets(world: &World, tip: Oid, hidden: &[Oid]) -> Result<Vec<Finding>> {
    let found = leaks::look(world, tip, hidden)?;
    let finding = |leak: crate::core::leaks::Leak| Finding {
        kind: Kind::Leak,
        path: world.masks().mask(leak.path.as_deref().unwrap_or_default()),
        line: (leak.line > 0).then_some(leak.line),
        quote: String::new(),
        why: leak.sentence(world.masks()),
    };
    Ok(found.into_iter().map(finding).collect())
}

/// The builder's copy of its task says something else than what it was given.
fn own_task(world: &World, run: &Run) -> Option<Finding> {
    let (path, blob) = world.done_file(run)?;
    let (given, made) = (world.repo.blob(run.started.source)?, world.repo.blob(blob)?);
    (!same_but_for_ticks(&given, &made)).then(|| Finding {
        kind: Kind::OwnTask,
        path,
        line: None,
        quote: String::new(),
        why: "the builder changed the text of its own task, beyond ticks".into(),
    })
}
