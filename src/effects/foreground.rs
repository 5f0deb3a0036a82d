//! Programs that a person waits for: their editor, and buildq itself in the demo.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use super::detach;

/// Opens a file in an editor on this terminal. As git itself has it, the setting is a line for
/// a shell, and the file is its last word.
pub fn edit(editor: &str, file: &Path) -> Result<()> {
    let script = format!("{editor} \"$@\"");
    let mut command = Command::new("sh");
    let status = command.arg("-c").arg(script).arg(editor).arg(file).status();
    let status = status.with_context(|| format!("cannot run the editor `{editor}`"))?;
    if !status.success() {
        bail!("the editor `{editor}` ended with {status}");
    }
    Ok(())
}

/// Runs this very buildq in a folder and takes what it says.
pub fn buildq(folder: &Path, words: &[&str]) -> Result<Output> {
    let mut command = this_buildq(folder, words)?;
    command.output().with_context(|| format!("cannot run `buildq {}`", words.join(" ")))
}

/// The same on this terminal: what it says is seen as it is said; whether it did its work.
pub fn hand_over(folder: &Path, words: &[&str]) -> Result<bool> {
    let status = this_buildq(folder, words)?.status();
    Ok(status.with_context(|| format!("cannot run `buildq {}`", words.join(" ")))?.success())
}

/// The same, with the keyboard as well; how it ended is the person's affair.
pub fn lend(folder: &Path, words: &[&str]) -> Result<()> {
    let status = this_buildq(folder, words)?.stdin(Stdio::inherit()).status();
    status.with_context(|| format!("cannot run `buildq {}`", words.join(" "))).map(drop)
}

fn this_buildq(folder: &Path, words: &[&str]) -> Result<Command> {
    let mut command = Command::new(detach::this_program()?);
    command.args(words).current_dir(folder).stdin(Stdio::null());
    // A demo inside a hook of another repository is still about its own.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_a_line_for_a_shell() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("it's.md");
        std::fs::write(&file, "a\n").unwrap();
        edit("sed -i 's/a/b c/'", &file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "b c\n");
        assert!(edit("exit 3;", &file).is_err());
    }
}
