//! The one mouth: whatever this program says, it says here, and nothing that a terminal would obey
//! comes out. What is said is put together with care elsewhere ([`text::safe`]); this door does not
//! rely on it.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Result;

use crate::render::text::{self, Tamer};

/// Says something on standard output; a reader that has gone away is no fault.
pub fn print(page: &str) {
    say(&mut io::stdout().lock(), page);
}

/// Says something on standard error.
pub fn complain(page: &str) {
    say(&mut io::stderr().lock(), page);
}

fn say(out: &mut impl Write, page: &str) {
    let page = text::safe_page(page);
    let _ = out.write_all(page.as_bytes());
    if !page.is_empty() && !page.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Whether somebody reads what is printed, as it is printed.
pub fn is_read() -> bool {
    io::stdout().is_terminal()
}

/// Whether somebody is there to answer.
pub fn is_answered() -> bool {
    io::stdin().is_terminal()
}

/// Asks on a terminal; an empty answer is yes.
pub fn confirm(question: &str) -> Result<bool> {
    let answer = ask(&format!("{question} [Y/n] "), &mut io::stdin().lock(), &mut io::stdout())?;
    Ok(matches!(answer.as_str(), "" | "y" | "yes"))
}

/// The same, where an empty answer is no.
pub fn agreed(question: &str) -> Result<bool> {
    let answer = ask(&format!("{question} [y/N] "), &mut io::stdin().lock(), &mut io::stdout())?;
    Ok(matches!(answer.as_str(), "y" | "yes"))
}

/// What is typed, in lower case; the end of the input is a no.
fn ask(question: &str, input: &mut impl BufRead, out: &mut impl Write) -> Result<String> {
    write!(out, "{}", text::safe_page(question))?;
    out.flush()?;
    let mut answer = String::new();
    if input.read_line(&mut answer)? == 0 {
        writeln!(out)?;
        return Ok("no".into());
    }
    Ok(answer.trim().to_lowercase())
}

/// Bytes that came from elsewhere, such as a file or an output: whole into a pipe or a file, tamed
/// where a terminal shows them.
pub struct Pour {
    tamer: Option<Tamer>,
}

impl Pour {
    /// To standard output; `raw` where a person wants them on a terminal as they are.
    pub fn new(raw: bool) -> Self {
        Self { tamer: (is_read() && !raw).then(Tamer::default) }
    }

    /// The next of them; an error means that nobody reads any more.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match &mut self.tamer {
            Some(tamer) => out.write_all(tamer.tame(bytes).as_bytes())?,
            None => out.write_all(bytes)?,
        }
        out.flush()
    }

    /// What was held back, since more could have come.
    pub fn finish(mut self) {
        let rest = self.tamer.as_mut().map(Tamer::finish).unwrap_or_default();
        let mut out = io::stdout().lock();
        let _ = out.write_all(rest.as_bytes()).and_then(|()| out.flush());
    }
}

/// What a command line cannot mean, or what was asked about it; the exit code.
pub fn usage(error: &clap::Error) -> u8 {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    match error.kind() {
        // Our own words alone, in colours where that is wanted.
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion => {
            let _ = error.print();
        }
        // It repeats what was typed.
        _ => complain(&error.render().to_string()),
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_would_obey_comes_out() {
        let mut out = Vec::new();
        say(&mut out, "a\u{1b}[31mb\u{202e}c\n\td");
        assert_eq!(out, "a\u{fffd}[31mb\u{fffd}c\n\td\n".as_bytes());
        out.clear();
        say(&mut out, "");
        assert!(out.is_empty());
    }

    #[test]
    fn the_end_of_the_input_is_no_answer() {
        for (typed, answer) in
            [("\n", ""), ("y\n", "y"), ("YES\n", "yes"), ("no!\n", "no!"), ("", "no")]
        {
            let mut out = Vec::new();
            assert_eq!(ask("go? \u{9b}", &mut typed.as_bytes(), &mut out).unwrap(), answer);
            assert!(out.starts_with("go? \u{fffd}".as_bytes()));
        }
    }
}
