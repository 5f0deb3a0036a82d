//! The walls of this clone: what is wanted, what works, and what they are built around.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::World;
use crate::effects::limits::Bounds;
use crate::effects::own_settings;
use crate::effects::sandbox::inside::Inside;
use crate::effects::sandbox::{self, Level, Setting};

/// The setting that says which walls are wanted.
const SANDBOX: &str = "buildq.sandbox";
/// The setting, once for each path, that says what may be read besides.
const READ: &str = "buildq.sandboxRead";

impl World {
    /// What walls there are for what runs.
    pub fn sandbox(&self) -> Level {
        if self.sandbox_setting().is_ok_and(|setting| setting == Setting::Off) {
            return Level::None { why: format!("turned off by `{SANDBOX}`") };
        }
        sandbox::probe(&self.paths.local.join("cache").join("sandbox"))
    }

    /// Why nothing may run here for want of walls, if so.
    pub(super) fn no_sandbox(&self) -> Option<String> {
        let let_read = self.let_read().err();
        match (self.sandbox_setting(), let_read) {
            (Err(error), _) | (_, Some(error)) => Some(format!("{error:#}")),
            (Ok(Setting::Require), None) => self.sandbox().shortfall().map(str::to_owned),
            (Ok(Setting::Auto | Setting::Off), None) => None,
        }
    }

    fn sandbox_setting(&self) -> Result<Setting> {
        let values = own_settings::values(&self.repo, &self.paths.common, SANDBOX)?;
        values.last().map_or(Ok(Setting::Auto), |value| value.parse())
    }

    fn let_read(&self) -> Result<Vec<PathBuf>> {
        let values = own_settings::values(&self.repo, &self.paths.common, READ)?;
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let path = |value: String| match (value.strip_prefix("~/"), &home) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(value),
        };
        Ok(values.into_iter().map(path).collect())
    }

    /// Everything around the commands of one workspace: the one place from which setup, builder,
    /// judge, leftovers, checks and trials of merges are run.
    pub fn inside<'a>(&self, folder: &Path, env: Vec<(OsString, OsString)>) -> Inside<'a> {
        let limits = &self.config.limits;
        let mut inside = Inside::new(self.sandbox(), folder, env);
        inside.read_only.push(self.paths.common.join("objects"));
        inside.hidden.push(self.paths.common.clone());
        inside.hidden.extend(self.repo.main_work_dir());
        inside.let_read = self.let_read().unwrap_or_default();
        inside.network = self.config.sandbox_network;
        inside.bounds = Bounds {
            memory: limits.memory,
            processes: limits.processes,
            // What runs may use half of the room that had to be there before it started.
            disk: limits.free_disk.map(|least| (folder.to_owned(), least / 2)),
        };
        inside
    }
}
