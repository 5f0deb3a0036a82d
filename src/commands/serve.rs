//! `buildq serve`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use super::dashboard::{Printed, gather};
use super::status::{self, Look};
use super::{Exit, Scene, mouth, print};
use crate::domain::id::Oid;
use crate::effects::clock;
use crate::effects::http::{Answer, Server};
use crate::effects::repo::Repo;
use crate::render::dashboard::{self as page, Place};

/// Show the dashboard in a browser, and renew it whenever something changes
///
/// It can only be read, and only from this machine, unless --listen says otherwise; who can reach
/// it can read it all. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port; 0 is any that is free
    #[arg(long, value_name = "N", default_value_t = 7357)]
    port: u16,
    /// The address at which it is reached, e.g. 0.0.0.0
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
}

/// Answers until it is interrupted.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // What is wrong with the repository is told here, and not to the browser.
    scene.look_around()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let server = Server::at(SocketAddr::new(args.listen, args.port))?;
    print(&format!("http://{}/", server.address));
    if !args.listen.is_loopback() {
        mouth::complain("whoever reaches this address can read all of it");
    }
    let dir = scene.dir.as_path();
    server.run(&stop, &|path: &str| match path {
        "/" => {
            written(dir).unwrap_or_else(|error| Answer::Failed(crate::render::error::show(&error)))
        }
        "/events" => {
            let mut before = state(dir);
            Answer::Events(Box::new(move || {
                let now = state(dir);
                std::mem::replace(&mut before, now) != before
            }))
        }
        _ => Answer::Nothing,
    });
    Ok(Exit::Done)
}

fn written(dir: &Path) -> Result<Answer<'static>> {
    let scene = Scene { dir: dir.to_owned(), now: clock::now() };
    let world = scene.look()?;
    let view = gather(&world, status::overview(&world, Look::Whole), Printed::Ends);
    let text = page::page(&view, world.masks(), Place::Live)?;
    Ok(Answer::Page { text, policy: page::policy(Place::Live) })
}

/// Every ref: whatever is decided, committed or built moves one.
fn state(dir: &Path) -> Vec<(String, Oid)> {
    Repo::discover(dir).and_then(|repo| repo.references("refs/")).unwrap_or_default()
}
