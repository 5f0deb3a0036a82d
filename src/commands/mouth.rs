//! The one mouth: whatever this program says, it says here, and nothing that a terminal would obey
//! comes out. What is said is put together with care elsewhere ([`text::safe`]); this door does not
//! rely on it.

#[cfg(feature = "mcp")]
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
#[cfg(feature = "mcp")]
use std::os::fd::AsFd;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Result;

use crate::effects::{env, machine};
use crate::render::ink::{Ink, Line, Signs, Span};
use crate::render::text::{self, Tamer};

/// Says something on standard output; a reader that has gone away is no fault.
pub fn print(page: &str) {
    say(&mut io::stdout().lock(), page);
}

/// Says something on standard error.
pub fn complain(page: &str) {
    say(&mut io::stderr().lock(), page);
}

/// Sets standard input and output aside for whoever speaks a protocol by them: from here on what is
/// said goes to standard error, and no process that is started finds the other two.
#[cfg(feature = "mcp")]
pub fn set_aside() -> Result<(File, File)> {
    let taken = (
        File::from(io::stdin().as_fd().try_clone_to_owned()?),
        File::from(io::stdout().as_fd().try_clone_to_owned()?),
    );
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(taken)
}

fn say(out: &mut impl Write, page: &str) {
    let page = text::safe_page(page);
    let _ = out.write_all(page.as_bytes());
    if !page.is_empty() && !page.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// When colours are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal that has them, unless NO_COLOR is set
    #[default]
    Auto,
    /// Also into a pipe or a file
    Always,
    /// Nowhere, and no links either
    Never,
}

/// What is known of the terminal that reads us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Its columns.
    pub width: usize,
    /// Its letters.
    pub signs: Signs,
    /// It shows colours.
    pub colours: bool,
    /// It follows links (OSC 8).
    pub links: bool,
}

/// The terminal that reads us; `None` where nobody reads it as it is printed, unless colours are
/// wanted there all the same.
pub fn terminal(colour: Colour) -> Option<Terminal> {
    let read = is_read();
    if !read && colour != Colour::Always {
        return None;
    }
    let colours = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    };
    let links = supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    Some(Terminal {
        width: machine::width(),
        signs: if env::knows_unicode() { Signs::Unicode } else { Signs::Ascii },
        colours,
        links: links && colour != Colour::Never,
    })
}

/// Says lines that know what they are, in the colours of a terminal.
pub fn show(lines: &[Line], terminal: Terminal) {
    let page: String = lines.iter().map(|line| painted(line, terminal)).collect();
    let mut out = io::stdout().lock();
    let _ = out.write_all(page.as_bytes()).and_then(|()| out.flush());
}

/// The one place where what a terminal obeys is made: around letters that were tamed.
fn painted(line: &Line, terminal: Terminal) -> String {
    let spans = line.0.iter().map(|span| paint(span, terminal));
    spans.collect::<String>().trim_end().to_owned() + "\n"
}

fn paint(span: &Span, terminal: Terminal) -> String {
    let letters = text::safe_page(&span.text).replace(['\n', '\t'], " ");
    let style = style(span.ink);
    let letters = match terminal.colours && !letters.trim().is_empty() {
        true => format!("{style}{letters}{style:#}"),
        false => letters,
    };
    match span.link.as_deref().filter(|url| terminal.links && is_url(url)) {
        Some(url) => format!("\u{1b}]8;;{url}\u{1b}\\{letters}\u{1b}]8;;\u{1b}\\"),
        None => letters,
    }
}

/// Letters of a URL alone: nothing that would end the sequence it stands in.
fn is_url(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// Of the sixteen colours, so that they fit a light terminal and a dark one.
fn style(ink: Ink) -> Style {
    let of = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match ink {
        Ink::Plain => Style::new(),
        Ink::Heading => Style::new().bold(),
        Ink::Name => of(AnsiColor::Cyan).bold(),
        Ink::Good => of(AnsiColor::Green),
        Ink::Warning => of(AnsiColor::Yellow),
        Ink::Bad => of(AnsiColor::Red).bold(),
        Ink::Faint => Style::new().dimmed(),
        Ink::Command => of(AnsiColor::Cyan),
        Ink::Chosen => Style::new().invert(),
    }
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

/// Asks for a single key; the answer stands behind the question.
pub fn ask_for_key(question: &str) {
    let mut out = io::stdout().lock();
    let asked = out.write_all(text::safe_page(question).as_bytes());
    let _ = asked.and_then(|()| out.flush());
}

/// Asks for a line of words; `None` when there are none.
pub fn words(question: &str) -> Result<Option<String>> {
    ask_for_key(question);
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    let typed = typed.trim();
    Ok((!typed.is_empty()).then(|| typed.to_owned()))
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
    errors: bool,
}

impl Pour {
    /// To standard output; `raw` where a person wants them on a terminal as they are.
    pub fn new(raw: bool) -> Self {
        Self { tamer: (is_read() && !raw).then(Tamer::default), errors: false }
    }

    /// To standard error.
    pub fn of_errors() -> Self {
        let tamer = io::stderr().is_terminal().then(Tamer::default);
        Self { tamer, errors: true }
    }

    fn out(&self) -> Box<dyn Write> {
        if self.errors { Box::new(io::stderr().lock()) } else { Box::new(io::stdout().lock()) }
    }

    /// The next of them; an error means that nobody reads any more.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.out();
        match &mut self.tamer {
            Some(tamer) => out.write_all(tamer.tame(bytes).as_bytes())?,
            None => out.write_all(bytes)?,
        }
        out.flush()
    }

    /// What was held back, since more could have come.
    pub fn finish(mut self) {
        let rest = self.tamer.as_mut().map(Tamer::finish).unwrap_or_default();
        let mut out = self.out();
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
    fn colours_and_links_stand_around_letters_that_were_tamed() {
        let dull = Terminal { width: 80, signs: Signs::Unicode, colours: false, links: false };
        let (colours, links) =
            (Terminal { colours: true, ..dull }, Terminal { links: true, ..dull });
        let line = |link: &str| {
            let name = Span { link: Some(link.into()), ..Span::new(Ink::Good, "a\u{1b}[31m\nb") };
            Line(vec![name, Span::new(Ink::Faint, "  ")])
        };
        let tamed = "a\u{fffd}[31m b";
        let good = "file://here/a%20b";
        assert_eq!(painted(&line(good), dull), format!("{tamed}\n"));
        assert_eq!(painted(&line(good), colours), format!("\u{1b}[32m{tamed}\u{1b}[0m\n"));
        let linked = format!("\u{1b}]8;;{good}\u{1b}\\{tamed}\u{1b}]8;;\u{1b}\\\n");
        assert_eq!(painted(&line(good), links), linked);
        for bad in ["file://a\u{1b}\\", "file://a b", "file://\u{7}", "file://\u{9c}"] {
            assert_eq!(painted(&line(bad), links), format!("{tamed}\n"), "{bad:?}");
        }
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
