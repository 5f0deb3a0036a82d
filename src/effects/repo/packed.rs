//! Refs, looked up as git itself does it: a file of their own, else git's file of packed refs, by
//! halving. One name costs as much among ten refs as among a million; libgit2 reads and sorts the
//! whole file first. Whatever is not quite as expected is left to libgit2, which can say what is
//! wrong with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::domain::id::Oid;

/// Bytes that are read at once: a few lines.
const BLOCK: usize = 512;
/// No line of packed refs is longer.
const LONGEST: usize = 1 << 16;

/// What is there, or that libgit2 has to be asked.
pub enum Found<T> {
    /// This.
    Known(T),
    /// It is not as expected.
    Odd,
}

/// Where a ref points.
pub fn reference(common: &Path, name: &str) -> Found<Option<Oid>> {
    match loose(common, name) {
        Ok(Loose::Oid(oid)) => return Found::Known(Some(oid)),
        Ok(Loose::None) => {}
        Ok(Loose::Symbolic) | Err(_) => return Found::Odd,
    }
    match Packed::open(common).and_then(|packed| packed.map_or(Ok(None), |it| it.get(name))) {
        Ok(found) => Found::Known(found),
        Err(_) => Found::Odd,
    }
}

/// The refs below a prefix that ends with a slash, by name. Symbolic ones are left out.
pub fn below(common: &Path, prefix: &str) -> Found<BTreeMap<String, Oid>> {
    let mut found = BTreeMap::new();
    let done = all_loose(common, prefix, &mut found).and_then(|()| {
        let Some(packed) = Packed::open(common)? else { return Ok(()) };
        for (name, oid) in packed.below(prefix)? {
            // One that has a file of its own has moved on since.
            found.entry(name).or_insert(Some(oid));
        }
        Ok(())
    });
    let known = |(name, oid): (String, Option<Oid>)| Some((name, oid?));
    done.map_or(Found::Odd, |()| Found::Known(found.into_iter().filter_map(known).collect()))
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

/// Git's file of packed refs as it was when it was opened: git replaces it and never changes it.
struct Packed {
    file: File,
    /// Where the refs begin, after the header.
    begin: u64,
    end: u64,
}

/// One ref: its name, where it points, and where the next one begins.
type Line = (String, Oid, u64);

impl Packed {
    /// `None` where there is none; one that does not say of itself that it is sorted is odd.
    fn open(common: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(common.join("packed-refs")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let end = file.metadata()?.len();
        let mut packed = Self { file, begin: 0, end };
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
        let mut high = place;
        // The byte after the newest one that was looked at.
        let mut next = None;
        loop {
            let from = high.saturating_sub(BLOCK as u64).max(low);
            let mut block = vec![0; usize::try_from(high - from).map_err(|_| odd())? + 1];
            self.file.read_exact_at(&mut block, from)?;
            for at in (0..block.len()).rev() {
                let peeled = next == Some(b'^');
                if block[at] == b'\n' && next.is_some() && !peeled {
                    return Ok(from + at as u64 + 1);
                }
                next = Some(block[at]);
            }
            if from == low {
                return Ok(low);
            }
            if place - from > LONGEST as u64 {
                return Err(odd());
            }
            high = from - 1;
        }
    }

    fn reference(&self, at: u64) -> io::Result<Line> {
        let line = self.line(at)?;
        let (oid, name) = line.split_once(' ').ok_or_else(odd)?;
        let mut next = at + line.len() as u64 + 1;
        let mut first = [0];
        if next < self.end {
            self.file.read_exact_at(&mut first, next)?;
        }
        if first == *b"^" {
            next += self.line(next)?.len() as u64 + 1;
        }
        Ok((name.to_owned(), oid.parse().map_err(|_| odd())?, next))
    }

    /// The line that begins there, without its end.
    fn line(&self, at: u64) -> io::Result<String> {
        let mut line = Vec::new();
        while line.len() < LONGEST {
            let mut block = [0; BLOCK];
            let count = self.file.read_at(&mut block, at + line.len() as u64)?;
            if let Some(end) = block[..count].iter().position(|byte| *byte == b'\n') {
                line.extend_from_slice(&block[..end]);
                return String::from_utf8(line).map_err(|_| odd());
            }
            if count == 0 {
                break;
            }
            line.extend_from_slice(&block[..count]);
        }
        Err(odd())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
            for (name, oid) in &refs {
                assert_eq!(known(reference(dir.path(), name)), Some(Some(*oid)), "{name}");
            }
            for none in ["refs/heads", "refs/heads/a/b", "refs/heads/zzz", "refs/a", "refs/zz"] {
                assert_eq!(known(reference(dir.path(), none)), Some(None), "{none}");
            }
            assert!(known(reference(dir.path(), "refs/heads/other")).is_none(), "symbolic");
            for prefix in ["refs/heads/", "refs/heads/build/", "refs/buildq/", "refs/none/"] {
                let mut wanted = refs.clone();
                wanted.retain(|name, _| name.starts_with(prefix));
                assert_eq!(known(below(dir.path(), prefix)), Some(wanted), "{prefix}");
            }
        }
    }

    #[test]
    fn what_is_not_as_expected_is_left_to_others() {
        let (dir, _) = place(20);
        let file = dir.path().join("packed-refs");
        let good = fs::read_to_string(&file).unwrap();
        let asked = || (reference(dir.path(), "refs/heads/a-b"), below(dir.path(), "refs/heads/"));
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
