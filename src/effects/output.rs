//! The bounded log of one attempt's output.
//!
//! A folder of files named by number, 1 MiB of output each. The first stays for good, and of
//! the later ones the last few do; so what lies on disk is bounded, and what is missing is
//! known to the byte.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use super::paths::make_private_dir;
use crate::domain::masks::{Masks, Stream};

/// The bytes of one file.
const SEGMENT: u64 = 1 << 20;
/// The most that [`tail_lines`] looks at.
const TAIL: u64 = 256 << 10;
/// The most that [`Cursor::next_chunk`] gives at a time.
const CHUNK: usize = 64 << 10;

/// The writing end. There is one at a time: the supervisor's.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    file: File,
    segment: u64,
    length: u64,
    at_line_start: bool,
    /// How many files are kept besides the first, the one being written among them.
    kept: u64,
    masks: Masks,
    stream: Stream,
}

impl Writer {
    /// Makes the log, or goes on where an earlier writer ended. At least `limit` bytes are kept
    /// of it, the first 1 MiB and the last of all, and at most 1 MiB more.
    pub fn create(dir: &Path, limit: u64) -> Result<Self> {
        make_private_dir(dir)?;
        let segment = segments(dir).last().copied().unwrap_or(0);
        let file = open(dir, segment)?;
        let length = file.metadata()?.len();
        let at_line_start = length == 0 || last_byte(&path(dir, segment)) == Some(b'\n');
        let kept = limit.div_ceil(SEGMENT).max(2);
        Ok(Self {
            dir: dir.to_owned(),
            file,
            segment,
            length,
            at_line_start,
            kept,
            masks: Masks::default(),
            stream: Stream::default(),
        })
    }

    /// From here on these values are not written down.
    pub fn hide(&mut self, masks: Masks) {
        self.masks = masks;
    }

    /// Takes what a command wrote. What may be the beginning of a value that is not to be seen
    /// is held back until more comes, or the end.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let shown = self.stream.feed(&self.masks, bytes);
        self.put(&shown)
    }

    /// Writes what was held back: the command has ended.
    pub fn finish(&mut self) -> Result<()> {
        let rest = self.stream.finish(&self.masks);
        self.put(&rest)
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<()> {
        while let Some(&last) = bytes.last() {
            if self.length >= SEGMENT {
                self.turn()?;
            }
            let room = usize::try_from(SEGMENT - self.length).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            let written = self.file.write(now);
            let written = written.with_context(|| format!("cannot write `{}`", self.name()))?;
            self.length += written as u64;
            bytes = if written == now.len() { later } else { &bytes[written..] };
            self.at_line_start = last == b'\n';
        }
        Ok(())
    }

    /// A line of buildq's own, set apart by `buildq: `.
    pub fn note(&mut self, text: &str) -> Result<()> {
        self.finish()?;
        if !self.at_line_start {
            self.put(b"\n")?;
        }
        let text = self.masks.mask(text);
        let lines: String = text.lines().map(|line| format!("buildq: {line}\n")).collect();
        self.put(lines.as_bytes())
    }

    /// Begins the next file and drops the one that is too old.
    fn turn(&mut self) -> Result<()> {
        self.file = open(&self.dir, self.segment + 1)?;
        self.segment += 1;
        self.length = self.file.metadata()?.len();
        for old in segments(&self.dir) {
            if old != 0 && old + self.kept <= self.segment {
                fs::remove_file(path(&self.dir, old))
                    .with_context(|| format!("cannot drop old output in `{}`", self.name()))?;
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        path(&self.dir, self.segment).display().to_string()
    }
}

/// The last `n` lines, of at most the last 256 KiB. Nothing when there is no output.
pub fn tail_lines(dir: &Path, n: usize) -> String {
    let mut bytes = Vec::new();
    let mut after = None;
    for segment in segments(dir).into_iter().rev() {
        let joins = after.is_none_or(|after| after == segment + 1);
        if !joins || bytes.len() as u64 >= TAIL {
            break;
        }
        let mut part = read_end(&path(dir, segment), TAIL - bytes.len() as u64);
        part.append(&mut bytes);
        (bytes, after) = (part, Some(segment));
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(n)..].join("\n")
}

/// When output last came; `None` when none ever did.
pub fn newest(dir: &Path) -> Option<SystemTime> {
    let times = segments(dir).into_iter().filter_map(|segment| {
        let file = fs::metadata(path(dir, segment)).ok()?;
        (file.len() > 0).then(|| file.modified().ok())?
    });
    times.max()
}

/// A place in the log that moves on with what is written, also across dropped files.
#[derive(Debug)]
pub struct Cursor {
    dir: PathBuf,
    segment: u64,
    offset: u64,
}

impl Cursor {
    /// At the beginning of what is kept.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), segment: 0, offset: 0 }
    }

    /// What comes next; `None` when nothing more is there *now*.
    pub fn next_chunk(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut chunk = Vec::new();
            if self.offset < SEGMENT {
                let from = read_from(&path(&self.dir, self.segment), self.offset, &mut chunk);
                if from.is_ok() && !chunk.is_empty() {
                    self.offset += chunk.len() as u64;
                    return Some(chunk);
                }
                if from.is_ok() {
                    return None;
                }
            }
            let next = segments(&self.dir).into_iter().find(|other| *other > self.segment)?;
            let left_out = (next - self.segment) * SEGMENT - self.offset;
            (self.segment, self.offset) = (next, 0);
            if left_out > 0 {
                return Some(format!("\n… {left_out} bytes left out …\n").into_bytes());
            }
        }
    }
}

fn path(dir: &Path, segment: u64) -> PathBuf {
    dir.join(format!("{segment:06}.log"))
}

fn open(dir: &Path, segment: u64) -> Result<File> {
    let path = path(dir, segment);
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open `{}`", path.display()))
}

/// The numbers of the files that are there, in order.
fn segments(dir: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut numbers: Vec<u64> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str()?.strip_suffix(".log")?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

fn read_from(path: &Path, offset: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.take(CHUNK as u64).read_to_end(into)?;
    Ok(())
}

/// The last bytes of a file, at most this many; of one that cannot be read, none.
fn read_end(path: &Path, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path)
        && let Ok(length) = file.metadata().map(|file| file.len())
        && file.seek(SeekFrom::Start(length.saturating_sub(most))).is_ok()
    {
        let _ = file.take(most).read_to_end(&mut bytes);
    }
    bytes
}

fn last_byte(path: &Path) -> Option<u8> {
    read_end(path, 1).pop()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn all(dir: &Path) -> String {
        let mut cursor = Cursor::new(dir);
        let mut bytes = Vec::new();
        while let Some(chunk) = cursor.next_chunk() {
            bytes.extend(chunk);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn notes_stand_on_lines_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("a/hello-1");
        assert_eq!((tail_lines(&log, 9), newest(&log)), (String::new(), None));
        let mut writer = Writer::create(&log, 10 << 20).unwrap();
        assert_eq!(newest(&log), None);
        writer.note("starts").unwrap();
        writer.write(b"no newline").unwrap();
        drop(writer);
        let mut writer = Writer::create(&log, 10 << 20).unwrap();
        writer.note("two\nlines").unwrap();
        writer.write(b"\xffend").unwrap();
        assert!(newest(&log).is_some());
        assert_eq!(
            all(&log),
            "buildq: starts\nno newline\nbuildq: two\nbuildq: lines\n\u{fffd}end"
        );
        assert_eq!(tail_lines(&log, 2), "buildq: lines\n\u{fffd}end");
        assert_eq!(tail_lines(&log, 99).lines().count(), 5);
        let mode = fs::metadata(path(&log, 0)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn values_that_are_not_to_be_seen_are_not_written_down() {
        use crate::domain::masks::Secret;
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 10 << 20).unwrap();
        writer.hide(Masks::new(&[Secret::given("API_KEY", "q8Zt-77aaxx")]));
        for piece in ["key q8Zt", "-77", "aaxx\n", "q8Zt-77"] {
            writer.write(piece.as_bytes()).unwrap();
        }
        assert_eq!(all(dir.path()), "key ***\n");
        writer.note("it said q8Zt-77aaxx").unwrap();
        assert_eq!(all(dir.path()), "key ***\nq8Zt-77\nbuildq: it said ***\n");
    }

    #[test]
    fn the_first_and_the_last_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 10 << 20).unwrap();
        let mut follower = Cursor::new(dir.path());
        let mut late = Cursor::new(dir.path());
        writer.write(b"first\n").unwrap();
        assert_eq!(late.next_chunk().unwrap(), b"first\n");
        assert_eq!(late.next_chunk(), None);
        let mut followed = 0;
        let line = [b'x'; 999].iter().chain(b"\n").copied().collect::<Vec<_>>();
        for _ in 0..20 * SEGMENT / 1000 {
            writer.write(&line).unwrap();
            while let Some(chunk) = follower.next_chunk() {
                assert!(!String::from_utf8_lossy(&chunk).contains("left out"));
                followed += chunk.len();
            }
        }
        writer.write(b"last\n").unwrap();
        let total = 11 + 20 * SEGMENT / 1000 * 1000;
        assert_eq!(followed as u64 + 5, total);

        let text = all(dir.path());
        assert!(text.starts_with("first\n") && text.ends_with("\nlast\n"));
        let gap = text.lines().find(|line| line.contains("left out")).unwrap();
        let left_out: u64 = gap.split(' ').nth(1).unwrap().parse().unwrap();
        let kept = (text.len() - gap.len() - 2) as u64;
        assert_eq!(kept + left_out, total);
        assert!((10 * SEGMENT..=11 * SEGMENT).contains(&kept), "{kept}");

        let mut rest = Vec::new();
        while let Some(chunk) = late.next_chunk() {
            rest.extend(chunk);
        }
        assert!(String::from_utf8_lossy(&rest).contains(gap));
        assert_eq!(rest.len(), text.len() - 6);
        assert_eq!(tail_lines(dir.path(), 1), "last");
        assert!(tail_lines(dir.path(), 9999).len() as u64 <= TAIL);
        let disk: u64 = segments(dir.path()).len() as u64 * SEGMENT;
        assert!(disk <= 11 * SEGMENT);
    }
}
