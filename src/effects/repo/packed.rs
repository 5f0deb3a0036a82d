//! Refs, looked up as git itself does it: a file of their own, else git's file of packed refs, by
//! halving. One name costs as much among ten refs as among a million; libgit2 reads and sorts the
//! whole file first. Whatever is not quite as expected is left to libgit2, which can say what is
//! wrong with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::domain::id::Oid;

/// Bytes that are read at once, and kept.
const BLOCK: u64 = 4096;
/// No line of packed refs is longer.
const LONGEST: u64 = 1 << 16;

/// What is there, or that libgit2 has to be asked.
pub enum Found<T> {
    /// This.
    Known(T),
    /// It is not as expected.
    Odd,
}

/// The files in which the refs of one repository stand. Of the packed ones it keeps what it has
/// read, as long as their file is the same: each question looks whether it is.
pub struct RefFiles {
    common: PathBuf,
    packed: RefCell<Option<Rc<Packed>>>,
}

impl RefFiles {
    /// Of the repository with this common git directory; nothing is read yet.
    pub fn of(common: &Path) -> Self {
        Self { common: common.to_owned(), packed: RefCell::default() }
    }

    /// Where a ref points.
    pub fn get(&self, name: &str) -> Found<Option<Oid>> {
        match loose(&self.common, name) {
            Ok(Loose::Oid(oid)) => return Found::Known(Some(oid)),
            Ok(Loose::None) => {}
            Ok(Loose::Symbolic) | Err(_) => return Found::Odd,
        }
        match self.packed().and_then(|packed| packed.map_or(Ok(None), |it| it.get(name))) {
            Ok(found) => Found::Known(found),
            Err(_) => Found::Odd,
        }
    }

    /// The refs below a prefix that ends with a slash, by name. Symbolic ones are left out.
    pub fn below(&self, prefix: &str) -> Found<BTreeMap<String, Oid>> {
        let mut found = BTreeMap::new();
        let done = all_loose(&self.common, prefix, &mut found).and_then(|()| {
            let Some(packed) = self.packed()? else { return Ok(()) };
            for (name, oid) in packed.below(prefix)? {
                // One that has a file of its own has moved on since.
                found.entry(name).or_insert(Some(oid));
            }
            Ok(())
        });
        let known = |(name, oid): (String, Option<Oid>)| Some((name, oid?));
        done.map_or(Found::Odd, |()| Found::Known(found.into_iter().filter_map(known).collect()))
    }

    /// The packed refs as they are at this moment.
    fn packed(&self) -> io::Result<Option<Rc<Packed>>> {
        let path = self.common.join("packed-refs");
        let mut kept = self.packed.borrow_mut();
        let there = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                *kept = None;
                return Ok(None);
            }
            there => identity(&there?),
        };
        // An open file keeps its number, so that no other can come under it meanwhile.
        if let Some(packed) = kept.as_ref().filter(|packed| packed.identity == there) {
            return Ok(Some(packed.clone()));
        }
        *kept = Packed::open(&path)?.map(Rc::new);
        Ok(kept.clone())
    }
}

enum Loose {
    Oid(Oid),
    Symbolic,
    None,
}

fn loose(common: &Path, name: &str) -> io::Result<Loose> {
    let text = match std::fs::read_to_string(common.join(name)) {
        Ok(text) => text,
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                return Ok(Loose::None);
            }
            _ => return Err(error),
        },
    };
    if text.starts_with("ref:") {
        return Ok(Loose::Symbolic);
    }
    text.trim_end().parse().map(Loose::Oid).map_err(|_| odd())
}

fn all_loose(
    common: &Path,
    prefix: &str,
    found: &mut BTreeMap<String, Option<Oid>>,
) -> io::Result<()> {
    let entries = match std::fs::read_dir(common.join(prefix)) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().into_string().map_err(|_| odd())?);
        if entry.file_type()?.is_dir() {
            all_loose(common, &format!("{name}/"), found)?;
        } else if !name.ends_with(".lock") {
            match loose(common, &name)? {
                Loose::Oid(oid) => _ = found.insert(name, Some(oid)),
                Loose::Symbolic => _ = found.insert(name, None),
                // Packed or removed at this very moment.
                Loose::None => {}
            }
        }
    }
    Ok(())
}

fn odd() -> io::Error {
    ErrorKind::InvalidData.into()
}

/// By what a file is known again, and that nobody has written to it.
type Identity = (u64, u64, u64, i64, i64);

fn identity(about: &fs::Metadata) -> Identity {
    (about.dev(), about.ino(), about.len(), about.mtime(), about.mtime_nsec())
}

/// Git's file of packed refs as it was when it was opened: git replaces it and never changes it.
struct Packed {
    file: File,
    identity: Identity,
    /// Where the refs begin, after the header.
    begin: u64,
    end: u64,
    /// What has been read, by its place in the file.
    blocks: RefCell<HashMap<u64, Rc<[u8]>>>,
}

/// One ref: its name, where it points, and where the next one begins.
type Line = (String, Oid, u64);

impl Packed {
    /// `None` where there is none; one that does not say of itself that it is sorted is odd.
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let identity = identity(&file.metadata()?);
        let (end, blocks) = (identity.2, RefCell::default());
        let mut packed = Self { file, identity, begin: 0, end, blocks };
        let head = packed.line(0)?;
        let is_sorted = head.split(' ').any(|word| word == "sorted");
        if !head.starts_with("# pack-refs with:") || !is_sorted {
            return Err(odd());
        }
        packed.begin = head.len() as u64 + 1;
        Ok(Some(packed))
    }

    fn get(&self, name: &str) -> io::Result<Option<Oid>> {
        let at = self.first_from(name)?;
        if at >= self.end {
            return Ok(None);
        }
        let (found, oid, _) = self.reference(at)?;
        Ok((found == name).then_some(oid))
    }

    fn below(&self, prefix: &str) -> io::Result<Vec<(String, Oid)>> {
        let (mut found, mut at) = (Vec::new(), self.first_from(prefix)?);
        while at < self.end {
            let (name, oid, next) = self.reference(at)?;
            if !name.starts_with(prefix) {
                break;
            }
            found.push((name, oid));
            at = next;
        }
        Ok(found)
    }

    /// Where the first ref begins whose name is not before this one.
    fn first_from(&self, name: &str) -> io::Result<u64> {
        let (mut low, mut high) = (self.begin, self.end);
        while low < high {
            let start = self.start(low + (high - low) / 2, low)?;
            let (found, _, next) = self.reference(start)?;
            if found.as_str() < name { low = next } else { high = start }
        }
        Ok(low)
    }

    /// Where the ref begins whose lines hold this place; it is known that one begins at `low`.
    fn start(&self, place: u64, low: u64) -> io::Result<u64> {
        let line = self.start_of_line(place, low)?;
        // What a tag is of stands in a line of its own, behind the tag's.
        match line > low && self.byte(line)? == Some(b'^') {
            true => self.start_of_line(line - 1, low),
            false => Ok(line),
        }
    }

    /// Where the line begins that holds this place, which may be the end of it.
    fn start_of_line(&self, place: u64, low: u64) -> io::Result<u64> {
        let mut high = place;
        while high > low {
            let first = (high - 1) / BLOCK * BLOCK;
            let block = self.block(first)?;
            let begin = first.max(low);
            let range = offset(begin - first)..offset(high - first);
            let part = block.get(range).ok_or_else(odd)?;
            if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
                return Ok(begin + at as u64 + 1);
            }
            high = begin;
            if place - high > LONGEST {
                return Err(odd());
            }
        }
        Ok(low)
    }

    fn reference(&self, at: u64) -> io::Result<Line> {
        let line = self.line(at)?;
        let (oid, name) = line.split_once(' ').ok_or_else(odd)?;
        let mut next = at + line.len() as u64 + 1;
        if self.byte(next)? == Some(b'^') {
            next += self.line(next)?.len() as u64 + 1;
        }
        Ok((name.to_owned(), oid.parse().map_err(|_| odd())?, next))
    }

    /// The line that begins there, without its end.
    fn line(&self, at: u64) -> io::Result<String> {
        let mut line = Vec::new();
        while (line.len() as u64) < LONGEST {
            let place = at + line.len() as u64;
            let first = place / BLOCK * BLOCK;
            let block = self.block(first)?;
            let rest = block.get(offset(place - first)..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                line.extend_from_slice(&rest[..end]);
                return String::from_utf8(line).map_err(|_| odd());
            }
            if rest.is_empty() {
                break;
            }
            line.extend_from_slice(rest);
        }
        Err(odd())
    }

    /// `None` behind the end.
    fn byte(&self, at: u64) -> io::Result<Option<u8>> {
        let first = at / BLOCK * BLOCK;
        Ok(self.block(first)?.get(offset(at - first)).copied())
    }

    /// What begins at a multiple of [`BLOCK`]: so many bytes, or fewer where the file ends.
    fn block(&self, first: u64) -> io::Result<Rc<[u8]>> {
        if let Some(block) = self.blocks.borrow().get(&first) {
            return Ok(block.clone());
        }
        let mut block = vec![0; offset(BLOCK.min(self.end.saturating_sub(first)))];
        self.file.read_exact_at(&mut block, first)?;
        let block: Rc<[u8]> = block.into();
        self.blocks.borrow_mut().insert(first, block.clone());
        Ok(block)
    }
}

/// A place in a block, which is small.
fn offset(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::git::Git;
    use crate::effects::repo::{Person, Repo, Stamp};

    fn known<T>(found: Found<T>) -> Option<T> {
        match found {
            Found::Known(known) => Some(known),
            Found::Odd => None,
        }
    }

    /// A bare repository with so many refs, all packed but for those that came later.
    fn place(count: usize) -> (tempfile::TempDir, BTreeMap<String, Oid>) {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "-q", "--bare", "."]).unwrap();
        let repo = Repo::at(dir.path()).unwrap();
        let tree = repo.empty_tree().unwrap();
        let person = Person { name: "Ada".into(), email: "a@b.c".into() };
        let stamp = Stamp { author: person.clone(), committer: person, at: Default::default() };
        let commits =
            [0, 1].map(|n| repo.write_commit(tree, &[], &stamp, &format!("{n}\n")).unwrap());
        let mut names: Vec<_> = (0..count)
            .map(|n| format!("refs/buildq/attempts/{}/{n}", "x".repeat(n % 90)))
            .collect();
        names.retain(|name| !name.contains("//"));
        names.extend(["refs/heads/a", "refs/heads/a-b", "refs/heads/build/a"].map(String::from));
        let mut refs: BTreeMap<_, _> =
            names.into_iter().enumerate().map(|(n, name)| (name, commits[n % 2])).collect();
        let lines: String =
            refs.iter().map(|(name, oid)| format!("create {name} {oid}\n")).collect();
        git.feed(["update-ref", "--stdin"], lines.as_bytes()).unwrap();
        // Of a tag the file says as well what it is of.
        git.run([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b.c",
            "tag",
            "-am",
            "x",
            "t",
            "refs/heads/a",
        ])
        .unwrap();
        git.run(["pack-refs", "--all"]).unwrap();
        for (name, oid) in [("refs/heads/a", commits[1]), ("refs/heads/new", commits[0])] {
            git.run(["update-ref", name, &oid.to_string()]).unwrap();
            refs.insert(name.into(), oid);
        }
        git.run(["symbolic-ref", "refs/heads/other", "refs/heads/a"]).unwrap();
        (dir, refs)
    }

    #[test]
    fn every_ref_is_found_and_no_other() {
        for count in [0, 1, 2, 700] {
            let (dir, refs) = place(count);
            let files = RefFiles::of(dir.path());
            for (name, oid) in &refs {
                assert_eq!(known(files.get(name)), Some(Some(*oid)), "{name}");
            }
            for none in ["refs/heads", "refs/heads/a/b", "refs/heads/zzz", "refs/a", "refs/zz"] {
                assert_eq!(known(files.get(none)), Some(None), "{none}");
            }
            assert!(known(files.get("refs/heads/other")).is_none(), "symbolic");
            for prefix in ["refs/heads/", "refs/heads/build/", "refs/buildq/", "refs/none/"] {
                let mut wanted = refs.clone();
                wanted.retain(|name, _| name.starts_with(prefix));
                assert_eq!(known(files.below(prefix)), Some(wanted), "{prefix}");
            }
        }
    }

    #[test]
    fn what_is_packed_later_is_seen_and_what_was_read_is_not_read_again() {
        let (dir, refs) = place(700);
        let files = RefFiles::of(dir.path());
        let here = |name: &str| known(files.get(name)).flatten();
        let new = here("refs/heads/new");
        assert_eq!(new, refs.get("refs/heads/new").copied());
        let packed = || files.packed.borrow().clone().unwrap();
        assert_eq!(here("refs/heads/none"), None);
        let (before, blocks) = (packed(), || packed().blocks.borrow().len());
        let read = blocks();
        assert_eq!(here("refs/heads/none"), None);
        assert_eq!((read, Rc::ptr_eq(&before, &packed())), (blocks(), true));
        assert!(read > 1 && (read as u64) < before.end.div_ceil(BLOCK), "{read}");
        let git = Git::at(dir.path());
        git.run(["pack-refs", "--all"]).unwrap();
        assert_eq!(here("refs/heads/new"), new);
        git.run(["update-ref", "-d", "refs/heads/new"]).unwrap();
        assert_eq!(here("refs/heads/new"), None);
        fs::remove_file(dir.path().join("packed-refs")).unwrap();
        assert_eq!(here("refs/heads/a-b"), None);
    }

    #[test]
    fn what_is_not_as_expected_is_left_to_others() {
        let (dir, _) = place(20);
        let file = dir.path().join("packed-refs");
        let good = fs::read_to_string(&file).unwrap();
        let files = RefFiles::of(dir.path());
        let asked = || (files.get("refs/heads/a-b"), files.below("refs/heads/"));
        let is_odd = || {
            let (one, all) = asked();
            known(one).is_none() && known(all).is_none()
        };
        assert!(!is_odd());
        let cut = good.find("refs/heads/a-b").unwrap() + 5;
        for bad in [good.replace(" sorted", ""), good.replace("# ", ""), good[..cut].into()] {
            fs::write(&file, bad).unwrap();
            assert!(is_odd());
        }
        fs::write(&file, good).unwrap();
        fs::write(dir.path().join("refs/heads/a-b"), "no name of an object").unwrap();
        assert!(is_odd());
    }
}
