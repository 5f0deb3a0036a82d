//! Bytes made strange, a little or much; every choice comes from a seed.

#[path = "../../../support/chance.rs"]
#[allow(dead_code, reason = "the moments of kills are chosen with it as well")]
mod chance;

pub use self::chance::Chance;

/// No input is larger: a task file of 1 MiB is the largest thing that is read, and is rare.
const LARGEST: usize = 1 << 20;
/// Most inputs stay below this.
const SMALL: usize = 16 << 10;

impl Chance {
    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    /// Whether it is so, once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A place in a text, its end included.
    fn place(&mut self, bytes: &[u8]) -> usize {
        self.below(bytes.len() as u64 + 1) as usize
    }
}

/// Characters that programs stumble over.
const STRANGE: &[&str] = &[
    "\0",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "\u{85}",
    "é",
    "𝄞",
    "e\u{301}",
    "ﷺ",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "`",
    "```\n",
    "~~~\n",
    "---\n",
    "...\n",
    "\\",
    "'",
    "\"",
    "{{",
    "{%",
    "<script>",
    "&amp;",
    "[x](javascript:x)",
    "![",
    "]]>",
    "- [ ] ",
    "- [x] ",
    "#",
    "\n# ",
    "|",
    ": ",
    "::",
    "9999999999",
    "-1",
    "1e999",
    "0x7f",
    "NaN",
    "9223372036854775808",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31 23:59",
    "\u{ff}",
    "Å",
    "ß",
    "İ",
    "ſ",
    "🏳️‍🌈",
    "&",
    "*",
    "!",
    "%",
    "@",
    "? ",
    "<<: ",
    "- - - ",
    "[[[[",
    "}}}}",
];

/// So many changes, each of one kind.
pub fn mutated(
    mut bytes: Vec<u8>,
    rounds: u64,
    (corpus, words): (&[Vec<u8>], &[&str]),
    chance: &mut Chance,
) -> Vec<u8> {
    for _ in 0..rounds {
        match chance.below(9) {
            0 => flip(&mut bytes, chance),
            1 => cut(&mut bytes, chance),
            2 => insert(&mut bytes, chance.pick(STRANGE).as_bytes(), chance),
            3 if !words.is_empty() => insert(&mut bytes, chance.pick(words).as_bytes(), chance),
            4 => copied(&mut bytes, chance),
            5 if !corpus.is_empty() => spliced(&mut bytes, chance.pick::<Vec<u8>>(corpus), chance),
            6 => lines(&mut bytes, chance),
            7 => repeated(&mut bytes, words, chance),
            _ => insert(&mut bytes, chance.pick(STRANGE).as_bytes(), chance),
        }
    }
    bytes.truncate(LARGEST);
    bytes
}

fn flip(bytes: &mut [u8], chance: &mut Chance) {
    if !bytes.is_empty() {
        let at = chance.below(bytes.len() as u64) as usize;
        bytes[at] = chance.below(256) as u8;
    }
}

fn cut(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let from = chance.place(bytes);
    let length = chance.place(&bytes[from..]);
    bytes.drain(from..from + length.min(200));
}

fn insert(bytes: &mut Vec<u8>, what: &[u8], chance: &mut Chance) {
    let at = chance.place(bytes);
    bytes.splice(at..at, what.iter().copied());
}

fn copied(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let from = chance.place(bytes);
    let length = chance.place(&bytes[from..]).min(SMALL);
    let part = bytes[from..from + length].to_vec();
    insert(bytes, &part, chance);
}

/// The beginning of one, and the end of another.
fn spliced(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    bytes.truncate(chance.place(bytes));
    bytes.extend(&other[chance.place(other)..]);
    bytes.truncate(LARGEST);
}

/// Two lines change places, or one is there twice.
fn lines(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let mut all: Vec<Vec<u8>> =
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if all.is_empty() {
        return;
    }
    let most = all.len() as u64;
    let (one, other) = (chance.below(most) as usize, chance.below(most) as usize);
    match chance.once_in(2) {
        true => all.swap(one, other),
        false => all.insert(one, all[other].clone()),
    }
    *bytes = all.concat();
}

/// The same again and again: what is quadratic shows itself.
fn repeated(bytes: &mut Vec<u8>, words: &[&str], chance: &mut Chance) {
    let word = match words.is_empty() || chance.once_in(2) {
        true => *chance.pick(STRANGE),
        false => *chance.pick(words),
    };
    let most = if chance.once_in(50) { LARGEST / 4 } else { SMALL / 4 };
    let count = 1 + chance.below((most / word.len().max(1)) as u64 + 1) as usize;
    insert(bytes, word.repeat(count).as_bytes(), chance);
}
