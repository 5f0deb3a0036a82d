//! What the builder's agent is lent: for the builder alone, and no longer than it works.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

use super::super::begin::Begun;
use super::Site;
use crate::effects::agents::needs;
use crate::effects::sandbox::lent::{Exchanged, Lent};

impl Site<'_> {
    /// Carries renewed logins between the agent and the person.
    pub fn keep_logins(&self) {
        let exchanged = self.lent.borrow_mut().as_mut().map(Lent::exchange);
        self.tell_exchanged(exchanged.unwrap_or_default());
    }

    /// Lends the builder's agent what it needs. Without walls it has the person's own.
    pub(super) fn lend(&self) -> Result<()> {
        let Begun { world, start, .. } = self.begun;
        let builder = world.config.builders.get(&start.builder);
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let (Some(builder), Some(home), true) = (builder, home, self.inside.level.holds()) else {
            return Ok(());
        };
        let needs = needs::of(&start.builder, &builder.command);
        *self.lent.borrow_mut() = Some(Lent::lend(&self.inside.home(), &home, &needs)?);
        Ok(())
    }

    /// Takes back what was lent.
    pub(super) fn take_back(&self) {
        let lent = self.lent.borrow_mut().take();
        self.tell_exchanged(lent.map(Lent::take_back).unwrap_or_default());
    }

    fn tell_exchanged(&self, exchanged: Vec<Exchanged>) {
        for exchanged in exchanged {
            self.note(&match exchanged {
                Exchanged::Renewed(path) => format!("the login `{}` is renewed", path.display()),
                Exchanged::Refused(path) => {
                    format!("what became of the login `{}` is not taken over", path.display())
                }
            });
        }
    }
}

/// The variables that the attempt's builder names, with their values.
pub(super) fn keys(begun: &Begun) -> Vec<(OsString, OsString)> {
    let builder = begun.world.config.builders.get(&begun.start.builder);
    let names = builder.into_iter().flat_map(|builder| &builder.env);
    names.filter_map(|name| Some((name.into(), std::env::var_os(name)?))).collect()
}
