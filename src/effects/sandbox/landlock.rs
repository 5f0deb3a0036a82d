//! Landlock: a process confines itself, and all that it will ever start, by the kernel's own
//! rules, without any privilege. A second layer inside bubblewrap, the only one where that
//! does not work.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// Older versions refuse every rename from one folder to another, which git and most build
/// tools rely on.
const OLDEST: u32 = 2;
/// Versions from this one on can refuse TCP.
pub const TCP: u32 = 4;

/// What a process may do from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Files and folders that it may read and run.
    pub read: Vec<PathBuf>,
    /// Files and folders in which it may do everything.
    pub write: Vec<PathBuf>,
    /// It may not use TCP.
    pub no_network: bool,
}

/// The version of Landlock in this kernel, as far as it is of use; 0 where it is not.
pub fn abi() -> u32 {
    let version = super::super::sys::landlock_version();
    if version >= OLDEST { version } else { 0 }
}

/// Confines this process for good. What is not there is passed over; anything less than the
/// rules in force is an error.
#[cfg(target_os = "linux")]
pub fn confine(rules: &Rules) -> Result<()> {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetStatus, Scope,
    };
    if abi() == 0 {
        bail!("this kernel has no Landlock");
    }
    // The newest known: what this kernel lacks is left out.
    let newest = ABI::V9;
    let mut set = Ruleset::default().handle_access(AccessFs::from_all(newest))?;
    set = set.scope(Scope::from_all(newest))?;
    if rules.no_network {
        set = set.handle_access(AccessNet::from_all(ABI::V10))?;
    }
    let mut set = set.create().context("cannot make a set of rules")?;
    for (paths, access) in
        [(&rules.read, AccessFs::from_read(newest)), (&rules.write, AccessFs::from_all(newest))]
    {
        for path in paths {
            let Ok(opened) = PathFd::new(path) else { continue };
            let about = std::fs::metadata(path);
            let folder = about.is_ok_and(|about| about.is_dir());
            let access = if folder { access } else { access & AccessFs::from_file(newest) };
            let named = || format!("no rule can be made for `{}`", path.display());
            set = set.add_rule(PathBeneath::new(opened, access)).with_context(named)?;
        }
    }
    drop_privileges();
    let status = set.restrict_self().context("cannot be confined")?;
    match status.ruleset {
        RulesetStatus::NotEnforced => bail!("the kernel does not enforce the rules"),
        RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => Ok(()),
    }
}

/// Root keeps nothing that other users lack: with its privileges it could read the environment
/// of processes outside. Others have none to lose, and are refused.
#[cfg(target_os = "linux")]
fn drop_privileges() {
    use rustix::thread::{self, CapabilitySet, CapabilitySets};
    for capability in CapabilitySet::all().iter() {
        let _ = thread::remove_capability_from_bounding_set(capability);
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    let _ = thread::set_capabilities(None, sets);
}

/// There is none elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn confine(_: &Rules) -> Result<()> {
    bail!("this system has no Landlock")
}
