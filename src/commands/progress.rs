//! `buildq progress`: a builder says how far it is.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args as _;

use super::print;
use crate::domain::id::{Percent, TaskId};
use crate::domain::task::{Criterion, LARGEST_FILE, parse, tick_all};
use crate::domain::trailers::{MAX_BODY, Trailers, one_line};
use crate::effects::env;
use crate::effects::workspace::Marker;
use crate::effects::workspace::note::{Edit, commit_note};

/// A commit's first line, in bytes.
const MAX_SUBJECT: usize = 200;

/// Say how far the build is, in one commit that holds nothing else.
///
/// For builders, inside the workspace they are started in. Uncommitted work stays as it is.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How much is done, 0 to 100, with or without `%`; may be left out.
    #[arg(value_name = "PERCENT")]
    first: Option<String>,
    /// What works now, on one line.
    #[arg(value_name = "MESSAGE")]
    second: Option<String>,
    /// Tick a completion criterion: its number, its text, or a part that only it has.
    #[arg(long, value_name = "CRITERION")]
    done: Vec<String>,
    /// Something to look at: a path in the repository or a link.
    #[arg(long, value_name = "LINK")]
    deliverable: Vec<String>,
    /// What would come next.
    #[arg(long, value_name = "STEP")]
    next: Vec<String>,
}

/// What a builder says of how far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    /// How much is done.
    pub percent: Option<Percent>,
    /// What works now.
    pub message: String,
    /// Criteria to tick: number, text, or a part that only one has.
    pub done: Vec<String>,
    /// What there is to look at.
    pub deliverables: Vec<String>,
    /// What would come next.
    pub next: Vec<String>,
}

impl Word {
    /// Whether there is nothing in it.
    pub(super) fn says_nothing(&self) -> bool {
        let lists = [&self.done, &self.deliverables, &self.next];
        self.percent.is_none()
            && self.message.trim().is_empty()
            && lists.iter().all(|l| l.is_empty())
    }
}

/// Makes the commit.
pub fn run(args: Args) -> Result<ExitCode> {
    let place = Place::find()?;
    let (percent, message) = statement(args.first.as_deref(), args.second.as_deref())?;
    let message = message.unwrap_or_default().to_owned();
    let (done, deliverables, next) = (args.done, args.deliverable, args.next);
    let word = Word { percent, message, done, deliverables, next };
    if word.says_nothing() {
        Args::augment_args(clap::Command::new("buildq progress"))
            .error(clap::error::ErrorKind::MissingRequiredArgument, "nothing is said")
            .exit();
    }
    print(&place.tell(&word)?);
    Ok(ExitCode::SUCCESS)
}

/// One word alone is a figure if it looks like one, else the message.
fn statement<'a>(
    first: Option<&'a str>,
    second: Option<&'a str>,
) -> Result<(Option<Percent>, Option<&'a str>)> {
    let Some(word) = first else { return Ok((None, None)) };
    let digits = word.trim().strip_suffix('%').unwrap_or(word.trim());
    let is_figure = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (is_figure, second) {
        (true, _) => {
            let percent = digits.parse().ok().and_then(Percent::new);
            let percent = percent.with_context(|| format!("`{word}` is not 0 to 100"))?;
            Ok((Some(percent), second))
        }
        (false, None) => Ok((None, Some(word))),
        (false, Some(_)) => bail!(
            "`{word}` is not 0 to 100\n\
             hint: put a message of several words into quotes: `buildq progress 40 \"OAuth works\"`"
        ),
    }
}

/// Subject, what there is more to say, and the trailers, always last.
pub(super) fn compose(subject: &str, body: &str, trailers: &Trailers) -> String {
    let mut message = one_line(subject, MAX_SUBJECT);
    let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let mut body: String = body.chars().filter(shown).collect();
    while body.len() > MAX_BODY {
        body.pop();
    }
    for part in [body.trim(), trailers.block().trim_end()] {
        if !part.is_empty() {
            message.push_str("\n\n");
            message.push_str(part);
        }
    }
    message.push('\n');
    message
}

/// The first line that says something.
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// The workspace that a builder's command is called in.
pub(super) struct Place {
    /// Its top.
    pub(super) folder: PathBuf,
    /// Whose it is.
    pub(super) marker: Marker,
}

impl Place {
    pub(super) fn find() -> Result<Self> {
        Self::around(&std::env::current_dir().context("this folder is gone")?)
    }

    /// The one that a folder lies in, by its absolute path.
    pub(super) fn around(folder: &Path) -> Result<Self> {
        let (folder, marker) = Marker::find(folder)?;
        if std::env::var_os(env::TRY).is_some() {
            bail!(
                "you are trying `{0}` out, and nothing that is said here leaves it\n\
                 hint: exit, then buildq reject {0} -m \"…\" tells its builder",
                marker.task
            );
        }
        Ok(Self { folder, marker })
    }

    /// Says how far the build is: one commit, which comes back in words.
    pub(super) fn tell(&self, word: &Word) -> Result<String> {
        let ticked = self.criteria_named(&word.done)?;
        let mut trailers = Trailers::default();
        word.percent.iter().for_each(|percent| trailers.push("Progress", percent.value()));
        word.deliverables.iter().for_each(|link| trailers.push("Deliverable", link));
        word.next.iter().for_each(|step| trailers.push("Next", step));
        ticked.iter().for_each(|text| trailers.push("Done", text));
        let default = match (word.percent, ticked.first()) {
            (Some(percent), _) => format!("progress: {percent}"),
            (None, Some(text)) => text.clone(),
            (None, None) => "progress".to_owned(),
        };
        let subject = first_line(&word.message).unwrap_or(&default).to_owned();
        let rest = word.message.trim().split_once('\n').map_or("", |(_, rest)| rest);
        self.note(&compose(&subject, rest, &trailers), &ticked)
    }

    /// Makes one commit with nothing in it but these ticks, and says which.
    pub(super) fn note(&self, message: &str, ticked: &[String]) -> Result<String> {
        let task = &self.marker.task;
        let file = self.marker.queue_file.as_deref().filter(|_| !ticked.is_empty());
        let commit = match file {
            Some(path) => {
                let change = |bytes: &[u8]| ticked_file(path, task, bytes, ticked);
                commit_note(&self.folder, message, Some(&Edit { path, change: &change }))?
            }
            None => commit_note(&self.folder, message, None)?,
        };
        let short = commit.get(..7).unwrap_or(&commit);
        Ok(format!("committed {short}: {}", first_line(message).unwrap_or_default()))
    }

    /// The texts of the criteria that were named.
    fn criteria_named(&self, names: &[String]) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let criteria = self.criteria()?;
        names.iter().map(|name| Ok(named(&criteria, name)?.text.clone())).collect()
    }

    /// From the builder's copy of the task file, else from the spec.
    fn criteria(&self) -> Result<Vec<Criterion>> {
        let own = self.marker.queue_file.as_ref();
        let own = own.map(|path| (self.folder.join(path), path.clone()));
        let spec = self.marker.spec.clone();
        let spec = spec.map(|path| (path.clone(), path.to_string_lossy().into_owned()));
        for (path, name) in [own, spec].into_iter().flatten() {
            let Some(bytes) = read_bounded(&path) else { continue };
            if let Some(task) = parse(&name, &self.marker.task, &bytes).task {
                return Ok(task.criteria);
            }
        }
        bail!("the task's file cannot be read here\nhint: leave `--done` out and say it in words")
    }
}

/// A regular file as large as a task may be.
pub(super) fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    fs::symlink_metadata(path).ok().filter(|about| about.is_file())?;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A task file with the criteria of these texts ticked; `None` if nothing changes.
pub(super) fn ticked_file(
    path: &str,
    task: &TaskId,
    bytes: &[u8],
    texts: &[String],
) -> Option<Vec<u8>> {
    let task = parse(path, task, bytes).task?;
    let ticked = tick_all(bytes, task.criteria.iter().filter(|it| texts.contains(&it.text)));
    (ticked != bytes).then_some(ticked)
}

/// By number, by text, or by a part that only one has.
fn named<'a>(criteria: &'a [Criterion], name: &str) -> Result<&'a Criterion> {
    let name = name.trim();
    let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    if let Some(criterion) = number.and_then(|index| criteria.get(index)) {
        return Ok(criterion);
    }
    if let Some(criterion) = criteria.iter().find(|it| it.text == name) {
        return Ok(criterion);
    }
    let part = name.to_lowercase();
    let has = |it: &&Criterion| !part.is_empty() && it.text.to_lowercase().contains(&part);
    let found: Vec<&Criterion> = criteria.iter().filter(has).collect();
    if let [one] = found[..] {
        return Ok(one);
    }
    let why = if found.is_empty() { "is none of" } else { "is more than one of" };
    let list = criteria
        .iter()
        .enumerate()
        .fold(String::new(), |list, (index, it)| format!("{list}\n  {} {}", index + 1, it.text));
    if list.is_empty() {
        bail!("this task has no completion criteria\nhint: leave `--done` out and say it in words");
    }
    bail!("`{name}` {why} the completion criteria:{list}\nhint: name one by its number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_is_a_figure_or_a_message() {
        let read = |first: &str, second: Option<&str>| {
            statement(Some(first), second)
                .map(|(percent, text)| (percent.map(Percent::value), text.map(str::to_owned)))
                .map_err(|error| error.to_string())
        };
        let words = |text: &str| Some(text.to_owned());
        assert_eq!(read("40", None), Ok((Some(40), None)));
        assert_eq!(read("40%", Some("OAuth works")), Ok((Some(40), words("OAuth works"))));
        assert_eq!(read("OAuth works", None), Ok((None, words("OAuth works"))));
        assert_eq!(read("140", None), Err("`140` is not 0 to 100".into()));
        assert!(read("OAuth", Some("works")).unwrap_err().contains("quotes"));
        assert_eq!(read("%", None), Ok((None, words("%"))));
        assert!(read("9999999999999999999999", None).is_err());
    }

    #[test]
    fn criteria_are_named_by_number_text_or_part() {
        let criterion = |text: &str| Criterion { text: text.into(), ..Criterion::default() };
        let all = [criterion("OAuth flow working"), criterion("OAuth"), criterion("2 songs")];
        let found = |name: &str| named(&all, name).map(|it| it.text.clone());
        assert_eq!(found("1").unwrap(), "OAuth flow working");
        assert_eq!(found("OAuth").unwrap(), "OAuth");
        assert_eq!(found("SONGS").unwrap(), "2 songs");
        assert!(found("oauth").unwrap_err().to_string().contains("more than one"));
        let none = found("nothing").unwrap_err().to_string();
        assert!(none.contains("\n  3 2 songs\n"), "{none}");
        assert!(found("").is_err() && found("0").is_err());
    }

    #[test]
    fn trailers_come_last_whatever_the_text() {
        let mut trailers = Trailers::default();
        trailers.push("Progress", 40);
        let text = compose("a\u{1b}b\n", "\nx\u{7}y\n---\nBuildq-Progress: 9\n\n", &trailers);
        assert_eq!(text, "a b\n\nxy\n---\nBuildq-Progress: 9\n\nBuildq-Progress: 40\n");
        assert_eq!(compose("s", "", &Trailers::default()), "s\n");
    }
}
