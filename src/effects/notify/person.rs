//! A notice for whoever sits at this machine.

use super::Until;
use super::errand::{self, Files};
use crate::core::notices::payload::Message;

/// The first that is there says it.
const VOICES: [&[&str]; 3] = [&["spd-say", "--wait", "--"], &["espeak-ng", "--"], &["say", "--"]];

/// The program that shows notices here, if there is one.
pub fn desktop_program() -> Option<&'static str> {
    let names: &[&str] = if cfg!(target_os = "macos") { &["osascript"] } else { &["notify-send"] };
    names.iter().find(|name| which::which(name).is_ok()).copied()
}

/// Shows it on the desktop.
pub(super) fn show(message: &Message, until: Until) -> Result<(), String> {
    let none = "there is no `notify-send` here: install libnotify (Debian: libnotify-bin)";
    let program = desktop_program().ok_or(none)?;
    let (title, text) = (message.title.clone(), message.text.clone());
    let words = if program == "osascript" {
        // Both as arguments of the script: no text of a stranger becomes a part of it.
        let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
        vec![program.to_owned(), "-e".into(), script.into(), title, text]
    } else {
        let urgency = if message.urgent { "critical" } else { "normal" };
        let mut words: Vec<String> =
            [program, "--app-name=buildq", "--urgency", urgency, "--"].map(str::to_owned).to_vec();
        // Its second text may hold markup.
        words.extend([title, text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")]);
        words
    };
    errand::run(&words, &Files::default(), None, until).map(|_| ())
}

/// Says the title.
pub(super) fn say(message: &Message, until: Until) -> Result<(), String> {
    let voice =
        VOICES.iter().find(|words| words.first().is_some_and(|name| which::which(name).is_ok()));
    let voice = voice.ok_or("there is none of `spd-say`, `espeak-ng` and `say` here")?;
    let words = voice.iter().map(|word| (*word).to_owned()).chain([message.title.clone()]);
    errand::run(&words.collect::<Vec<_>>(), &Files::default(), None, until).map(|_| ())
}
