//! Why bubblewrap does not work, in words that say what to do.

use std::fs;

/// It is not there.
pub const NOT_INSTALLED: &str = "`bwrap` is not installed: install `bubblewrap`";

/// What forbids namespaces to users on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forbids {
    /// AppArmor, as on Ubuntu from 23.10 on.
    apparmor: bool,
    /// The switch that Debian has added to its kernels.
    switch: bool,
    /// None are allowed at all.
    most: bool,
}

impl Forbids {
    /// Looks.
    pub fn here() -> Self {
        let is = |path: &str, value: &str| {
            fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
        };
        Self {
            apparmor: is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
            switch: is("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            most: is("/proc/sys/user/max_user_namespaces", "0"),
        }
    }
}

/// What bubblewrap said, with its cause and remedy where they are known.
pub fn explain(said: &str, forbids: &Forbids) -> String {
    let said = said.trim().trim_start_matches("bwrap: ");
    let cause = if forbids.most {
        "user namespaces are turned off: sudo sysctl user.max_user_namespaces=15000"
    } else if forbids.switch {
        "user namespaces are turned off: sudo sysctl kernel.unprivileged_userns_clone=1"
    } else if forbids.apparmor {
        "AppArmor forbids user namespaces to `bwrap`: install the package `apparmor-profiles` and \
         run `sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`, or as a last resort \
         `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
    } else if said.contains("pivot_root") || said.contains("mount proc") {
        "a container around it forbids mounts: let it run with `--privileged`, or do without"
    } else {
        return format!("`bwrap` fails: {said}");
    };
    format!("`bwrap` fails ({said}): {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_is_known_is_named_with_its_remedy() {
        let (none, apparmor) =
            (Forbids::default(), Forbids { apparmor: true, ..Forbids::default() });
        let switch = Forbids { switch: true, ..Forbids::default() };
        let most = Forbids { most: true, ..Forbids::default() };
        for (said, forbids, part) in [
            ("bwrap: setting up uid map: Permission denied", apparmor, "AppArmor forbids"),
            ("bwrap: setting up uid map: Permission denied", none, "fails: setting up uid map"),
            ("bwrap: No permissions to create new namespace", switch, "userns_clone=1"),
            ("bwrap: No permissions to create new namespace", most, "max_user_namespaces=15000"),
            ("bwrap: Can't mount proc on /newroot/proc: no", none, "a container around it"),
        ] {
            let why = explain(said, &forbids);
            assert!(why.contains(part) && !why.contains("bwrap: "), "{why}");
        }
    }
}
