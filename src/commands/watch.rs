//! `buildq watch`: looks whenever something has changed, draws, and hands keys on to the very commands
//! that could be typed. Nothing is decided here.

mod look;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use ratatui::crossterm::event::Event;
use signal_hook::consts::{SIGINT, SIGQUIT};

use self::look::{Ask, Looker};
use super::mouth::{self, Colour};
use super::{Exit, Misuse, Scene, gather, print};
use crate::effects::notice::{self, Change, Notices};
use crate::effects::screen::{self, Ears, Happening, Screen};
use crate::effects::{clock, foreground};
use crate::render::watch::{Asked, Facts, Model, Wish, draw};

/// Watch the queue on the whole screen, and decide with single keys
///
/// Building, review, queue and history, with the output of what runs. It is drawn anew when something
/// changes. `?` tells the keys; each does what the command of the same name does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When to show colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Colour,
}

/// Ages are told anew this often, and so is what no file tells: a lock that was let go.
const TICK: Duration = Duration::from_secs(30);
/// The same where the system cannot tell of changes.
const BLIND_TICK: Duration = Duration::from_secs(5);
/// Changes that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(120);
/// At least so long between two looks.
const APART: Duration = Duration::from_millis(500);

/// Whatever has come.
pub enum News {
    /// From the terminal.
    Happened(Happening),
    /// Something in the repository has changed.
    Changed(Change),
    /// A look has ended.
    Looked(Box<Facts>),
    /// A look has failed.
    Failed(String),
    /// What was asked about the chosen entry.
    Told(Asked, String),
    /// A command has ended, and said this.
    Done(String),
}

/// Watches until it is left.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let terminal = mouth::terminal(args.color).filter(|_| mouth::is_read() && mouth::is_answered());
    let Some(terminal) = terminal else {
        let hint = "hint: buildq status tells the same in a pipe";
        return Err(Misuse(format!("`buildq watch` needs a terminal\n{hint}")).into());
    };
    let (_, paths) = gather::open(&scene.dir)?;
    let (to, news) = mpsc::channel();
    let changed = to.clone();
    let tell = move |change| drop(changed.send(News::Changed(change)));
    let notices = notice::of(&paths.common, &paths.outputs(), tell).ok();
    let asks = Looker::start(scene.dir.clone(), to.clone())?;
    let size = screen::size();
    let model = Model::new(terminal.signs, size);
    let shown = Screen::take()?;
    let ears = screen::listen(&to, News::Happened)?;
    let mut watch = Watch {
        model,
        screen: Some(shown),
        ears,
        to_try: None,
        colours: terminal.colours,
        dir: scene.dir.clone(),
        to,
        asks,
        pace: Pace::new(notices.as_ref()),
        asked: None,
    };
    let end = watch.go_on(&news);
    watch.screen = None;
    match end? {
        End::Left => watch.wait_for_command(&news),
        End::Signal(signal) => {
            return Ok(Exit::Code(ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))));
        }
    }
    Ok(Exit::Done)
}

/// How it comes to an end.
enum End {
    /// By a key, or since the terminal has gone.
    Left,
    /// By a signal.
    Signal(i32),
}

struct Watch {
    model: Model,
    screen: Option<Screen>,
    ears: Ears,
    /// Somebody wants to try this task out.
    to_try: Option<String>,
    colours: bool,
    dir: PathBuf,
    to: Sender<News>,
    asks: Sender<Ask>,
    pace: Pace,
    /// The question that was handed on last.
    asked: Option<Asked>,
}

impl Watch {
    fn go_on(&mut self, news: &Receiver<News>) -> Result<End> {
        loop {
            if self.pace.is_due() {
                self.asks.send(Ask::Look)?;
            }
            self.ask_anew();
            let (model, colours) = (&self.model, self.colours);
            if let Some(screen) = &mut self.screen {
                screen.draw(|frame| draw(model, colours, frame))?;
            }
            let first = match news.recv_timeout(self.pace.left()) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(End::Left),
            };
            // All that has come meanwhile is drawn at once.
            for one in std::iter::once(first).chain(news.try_iter()) {
                if let Some(end) = self.hear(one)? {
                    return Ok(end);
                }
            }
            if let Some(task) = self.to_try.take()
                && let Some(end) = self.try_out(&task, news)?
            {
                return Ok(end);
            }
        }
    }

    /// Asks about the chosen entry when it has become another.
    fn ask_anew(&mut self) {
        let asks = self.model.asks();
        if asks != self.asked {
            self.asked = asks;
            self.ask();
        }
    }

    fn ask(&self) {
        if let Some(asked) = &self.asked {
            let _ = self.asks.send(Ask::Tell(asked.clone()));
        }
    }

    fn hear(&mut self, news: News) -> Result<Option<End>> {
        match news {
            News::Happened(Happening::Event(event)) => return Ok(self.at_terminal(event)),
            News::Happened(Happening::Signal(signal)) => return Ok(Some(End::Signal(signal))),
            News::Happened(Happening::Gone) => return Ok(Some(End::Left)),
            News::Changed(Change::Refs) => self.pace.changed(),
            News::Changed(Change::Output) => self.ask(),
            News::Looked(facts) => {
                self.pace.looked();
                self.model.learn(*facts);
                self.asked = self.model.asks();
                self.ask();
            }
            News::Failed(why) => {
                self.pace.looked();
                self.model.fail(&why);
            }
            News::Told(asked, text) => self.model.tell(&asked, &text),
            News::Done(said) => {
                self.model.end(&said);
                self.pace.changed();
            }
        }
        Ok(None)
    }

    fn at_terminal(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Key(key) => match self.model.press(key)? {
                Wish::Quit => return Some(End::Left),
                Wish::Verb(words) => self.carry_out(words),
                Wish::Try(task) => self.to_try = Some(task),
            },
            Event::Paste(text) => self.model.paste(&text),
            Event::Resize(columns, rows) => self.model.resize(columns, rows),
            _ => {}
        }
        None
    }

    /// Gives the terminal to `buildq try` and takes it back. Where that would be refused, the refusal
    /// is shown as that of any command.
    fn try_out(&mut self, task: &str, news: &Receiver<News>) -> Result<Option<End>> {
        let foreseen = foreground::buildq(&self.dir, &["try", "--dry-run", task])?;
        if !foreseen.status.success() {
            self.model.begin(&["try".into(), task.into()]);
            self.model.end(&String::from_utf8_lossy(&foreseen.stderr));
            return Ok(None);
        }
        self.ears.stop();
        self.screen = None;
        let mut end = None;
        let mut later = Vec::new();
        let mut is_over = || {
            for one in news.try_iter() {
                match one {
                    // Keys that mean to end what is tried are none of ours.
                    News::Happened(Happening::Signal(SIGINT | SIGQUIT)) => {}
                    News::Happened(Happening::Signal(signal)) => end = Some(End::Signal(signal)),
                    News::Happened(Happening::Gone) => end = Some(End::Left),
                    other => later.push(other),
                }
            }
            end.is_some()
        };
        let code = foreground::lend(&self.dir, &["try", task], &mut is_over)?;
        // What came in its last moment.
        is_over();
        if end.is_some() {
            return Ok(end);
        }
        if code != 0 {
            mouth::words(&format!("it ended with {code}; Enter goes back "))?;
        }
        self.screen = Some(Screen::take()?);
        self.ears.go_on();
        let (columns, rows) = screen::size();
        self.model.resize(columns, rows);
        self.pace.changed();
        later.into_iter().find_map(|one| self.hear(one).transpose()).transpose()
    }

    /// Runs a command as if it were typed, beside everything else.
    fn carry_out(&mut self, words: Vec<String>) {
        self.model.begin(&words);
        let (dir, to) = (self.dir.clone(), self.to.clone());
        let (sorry, work) = (to.clone(), move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let said = match foreground::buildq(&dir, &words) {
                Ok(output) => [output.stdout, output.stderr].concat(),
                Err(error) => format!("{error:#}").into_bytes(),
            };
            let _ = to.send(News::Done(String::from_utf8_lossy(&said).into_owned()));
        });
        if let Err(error) = thread::Builder::new().spawn(work) {
            let _ = sorry.send(News::Done(format!("no thread can be started: {error}")));
        }
    }

    /// What was begun is not left half-done, and not unsaid.
    fn wait_for_command(&self, news: &Receiver<News>) {
        let Some(line) = self.model.is_busy() else { return };
        print(&format!("waiting for `{line}`"));
        if let Some(said) = news.iter().find_map(|news| match news {
            News::Done(said) => Some(said),
            _ => None,
        }) {
            print(&said);
        }
    }
}

/// When the next look is due.
struct Pace {
    tick: Duration,
    due: Instant,
    /// One is under way.
    looking: bool,
    /// Something has changed since it began.
    changed: bool,
}

impl Pace {
    fn new(notices: Option<&Notices>) -> Self {
        let tick = if notices.is_some() { TICK } else { BLIND_TICK };
        Self { tick, due: clock::tick(), looking: false, changed: false }
    }

    /// Whether it is to begin now; then it has begun.
    fn is_due(&mut self) -> bool {
        let now = clock::tick();
        if self.looking || now < self.due {
            return false;
        }
        (self.looking, self.changed, self.due) = (true, false, now + self.tick);
        true
    }

    fn changed(&mut self) {
        self.changed = true;
        if !self.looking {
            self.due = self.due.min(clock::tick() + TOGETHER);
        }
    }

    fn looked(&mut self) {
        self.looking = false;
        if self.changed {
            self.due = self.due.min(clock::tick() + APART);
        }
    }

    fn left(&self) -> Duration {
        if self.looking { self.tick } else { self.due.saturating_duration_since(clock::tick()) }
    }
}
