//! Whether the machine sleeps by itself: the settings of systemd, of GNOME and of macOS, as far as
//! they can be read without asking anybody.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::awake;
use super::ask;
use crate::core::doctor::Sleep;

/// Where logind's settings stand, the stronger last (`logind.conf(5)`).
const LOGIND: [&str; 5] = [
    "/usr/lib/systemd/logind.conf",
    "/usr/lib/systemd/logind.conf.d",
    "/run/systemd/logind.conf.d",
    "/etc/systemd/logind.conf",
    "/etc/systemd/logind.conf.d",
];
const GNOME: &str = "org.gnome.settings-daemon.plugins.power";

/// Looks.
pub fn look() -> Sleep {
    if cfg!(target_os = "macos") { macos() } else { linux() }
}

fn macos() -> Sleep {
    let settings = ask(&["pmset", "-g"]);
    let battery = ask(&["pmset", "-g", "batt"]).is_some_and(|said| said.contains("Battery Power"));
    Sleep {
        inhibits: awake::tool().is_some(),
        after: settings.as_deref().and_then(pmset),
        battery,
        known: settings.is_some(),
    }
}

/// The line ` sleep   10 (…)` of `pmset -g`: minutes, 0 is never.
fn pmset(said: &str) -> Option<String> {
    let line = said.lines().find_map(|line| line.trim_start().strip_prefix("sleep "))?;
    let minutes: u32 = line.split_whitespace().next()?.parse().ok()?;
    (minutes > 0).then(|| format!("{minutes}m without input (`pmset`)"))
}

fn linux() -> Sleep {
    let texts: Vec<_> = LOGIND.iter().flat_map(|path| confs(Path::new(path))).collect();
    let texts: Vec<_> = texts.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let battery = on_battery(Path::new("/sys/class/power_supply"));
    let kind = if battery { "battery" } else { "ac" };
    let get =
        |key: &str| ask(&["gsettings", "get", GNOME, &format!("sleep-inactive-{kind}-{key}")]);
    let desktop = std::env::var_os("XDG_CURRENT_DESKTOP").is_some();
    let gnome = desktop.then(|| Some((get("type")?, get("timeout")?))).flatten();
    Sleep {
        inhibits: awake::tool().is_some(),
        after: logind(&texts.concat())
            .or_else(|| gnome.as_ref().and_then(|(kind, timeout)| gsettings(kind, timeout))),
        battery,
        known: !texts.is_empty() || gnome.is_some(),
    }
}

/// A file, or those of a folder in their order.
fn confs(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "conf")).collect();
    files.sort();
    files
}

/// `IdleAction` and `IdleActionSec`, the last of each; the default is never.
fn logind(text: &str) -> Option<String> {
    let last = |key: &str| {
        let value = |line: &str| {
            let value = line.trim().strip_prefix(key)?.trim_start().strip_prefix('=')?;
            Some(value.trim().to_owned())
        };
        text.lines().rev().find_map(value)
    };
    let action = last("IdleAction").filter(|action| {
        matches!(
            action.as_str(),
            "suspend"
                | "hibernate"
                | "hybrid-sleep"
                | "suspend-then-hibernate"
                | "sleep"
                | "poweroff"
                | "halt"
        )
    })?;
    let after = last("IdleActionSec").unwrap_or_else(|| "30min".into());
    Some(format!("{after} without input (`IdleAction={action}` of logind)"))
}

/// `'suspend'` and seconds, 0 is never.
fn gsettings(kind: &str, timeout: &str) -> Option<String> {
    let sleeps = matches!(kind.trim().trim_matches('\''), "suspend" | "hibernate");
    let seconds: u64 = timeout.split_whitespace().last()?.parse().ok()?;
    (sleeps && seconds > 0)
        .then(|| format!("{}m without input (GNOME's power settings)", seconds / 60))
}

fn on_battery(folder: &Path) -> bool {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let supplies = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (mut battery, mut mains) = (false, false);
    for supply in supplies {
        let system = read(supply.join("scope")).trim() != "Device";
        match read(supply.join("type")).trim() {
            "Battery" if system => battery |= read(supply.join("status")).trim() == "Discharging",
            "Mains" | "USB" => mains |= read(supply.join("online")).trim() == "1",
            _ => {}
        }
    }
    battery && !mains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        let none = "[Login]\n#IdleAction=suspend\nHandleLidSwitch=suspend\n";
        assert_eq!(logind(none), None);
        assert_eq!(logind("IdleAction=ignore\n"), None);
        let some = "[Login]\nIdleAction=lock\n[Login]\nIdleAction = suspend\nIdleActionSec=10min\n";
        assert_eq!(
            logind(some).as_deref(),
            Some("10min without input (`IdleAction=suspend` of logind)")
        );
        assert_eq!(gsettings("'nothing'\n", "1200\n"), None);
        assert_eq!(gsettings("'suspend'\n", "uint32 0\n"), None);
        assert_eq!(
            gsettings("'suspend'\n", "1200\n").as_deref(),
            Some("20m without input (GNOME's power settings)")
        );
        assert_eq!(
            pmset("System-wide power settings:\n displaysleep  2\n sleep                10 (sleep prevented by x)\n").as_deref(),
            Some("10m without input (`pmset`)")
        );
        assert_eq!(pmset(" sleep 0\n"), None);
    }

    #[test]
    fn a_battery_counts_while_no_mains_does() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(!on_battery(dir.path()));
        put("BAT0/type", "Battery\n");
        put("BAT0/status", "Discharging\n");
        assert!(on_battery(dir.path()));
        put("AC/type", "Mains\n");
        put("AC/online", "1\n");
        assert!(!on_battery(dir.path()));
        // That of a mouse is no matter.
        put("AC/online", "0\n");
        put("BAT0/scope", "Device\n");
        assert!(!on_battery(dir.path()));
    }
}
