//! A page as rows: what each line is, on its own.

/// A box before an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Box {
    /// Empty.
    Open,
    /// Ticked.
    Done,
    /// Begun.
    Begun,
    /// Crossed out: it will not be done.
    Dropped,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, or a rule.
    Blank,
    /// A heading of this level.
    Heading(usize),
    /// An item of a list: how far its text is moved in, its number, its box.
    Item(usize, Option<String>, Option<Box>),
    /// A row of a table.
    Table,
    /// Inside a fence, or the fence itself.
    Code,
    /// Anything else, moved in so far.
    Text(usize),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: Kind,
    /// What it says, without the marks that make it what it is.
    pub text: String,
    /// As it stands there.
    pub raw: String,
    /// Counted from 1.
    pub line: usize,
}

/// A longer line is no list's; its rest is left where it stands.
const LONGEST_LINE: usize = 64 << 10;

/// All lines of a page but its front matter and comments, and how many comments there were.
pub fn rows(text: &str) -> (Vec<Row>, usize) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (skipped, begin) = front_matter(text);
    let mut rows: Vec<Row> = Vec::new();
    let (mut fence, mut comment, mut comments) = (None::<(char, usize)>, false, 0);
    for (index, line) in text[begin..].lines().enumerate() {
        let line = super::words::cut(line, LONGEST_LINE).trim_end();
        let number = skipped + index + 1;
        if let Some(open) = fence {
            if closes(line, open) {
                fence = None;
            }
            rows.push(Row { kind: Kind::Code, text: line.into(), raw: line.into(), line: number });
            continue;
        }
        let plain = without_comments(line, &mut comment, &mut comments);
        if plain.trim().is_empty() && !line.trim().is_empty() {
            continue;
        }
        fence = opens(&plain);
        let row = row(&plain, number, fence.is_some());
        match (underline(&row.raw), rows.len()) {
            (Some(level), count) if is_title(&rows, level) => {
                rows[count - 1].kind = Kind::Heading(level);
            }
            _ => rows.push(row),
        }
    }
    (rows, comments)
}

/// How many lines and bytes the YAML between two `---` takes.
fn front_matter(text: &str) -> (usize, usize) {
    let mut lines = text.split_inclusive('\n');
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        return (0, 0);
    }
    let (mut count, mut bytes) = (1, text.find('\n').map_or(text.len(), |at| at + 1));
    for line in lines.take(400) {
        (count, bytes) = (count + 1, bytes + line.len());
        if line.trim_end() == "---" {
            return (count, bytes);
        }
        if !line.contains(':') && !line.trim_start().starts_with('-') && !line.trim().is_empty() {
            break;
        }
    }
    (0, 0)
}

fn without_comments(line: &str, inside: &mut bool, count: &mut usize) -> String {
    let (mut kept, mut rest) = (String::new(), line);
    loop {
        match *inside {
            true => match rest.find("-->") {
                Some(end) => (*inside, rest) = (false, &rest[end + 3..]),
                None => return kept,
            },
            false => match rest.find("<!--") {
                // Between backticks it is talked about.
                Some(at) if rest[..at].matches('`').count() % 2 == 0 => {
                    kept += &rest[..at];
                    (*inside, rest) = (true, &rest[at + 4..]);
                    *count += 1;
                }
                _ => return kept + rest,
            },
        }
    }
}

fn opens(line: &str) -> Option<(char, usize)> {
    let rest = line.trim_start().trim_start_matches(['-', '*', ' ']);
    let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = rest.chars().take_while(|c| *c == mark).count();
    let inline = mark == '`' && rest[length..].contains('`');
    (length >= 3 && !inline).then_some((mark, length))
}

fn closes(line: &str, (mark, length): (char, usize)) -> bool {
    let line = line.trim();
    line.chars().count() >= length && line.chars().all(|c| c == mark)
}

/// `===` or `---` below a line makes that a heading.
fn underline(line: &str) -> Option<usize> {
    let line = line.trim();
    let all = |mark: char| line.len() >= 3 && line.chars().all(|c| c == mark);
    if all('=') { Some(1) } else { all('-').then_some(2) }
}

fn is_title(rows: &[Row], _level: usize) -> bool {
    let [.., before, last] = rows else {
        return matches!(rows, [row] if matches!(row.kind, Kind::Text(0)) && row.text.len() < 80);
    };
    matches!(last.kind, Kind::Text(0)) && last.text.len() < 80 && before.kind == Kind::Blank
}

fn row(line: &str, number: usize, fence: bool) -> Row {
    let made = |kind: Kind, text: &str| Row {
        kind,
        text: text.trim().to_owned(),
        raw: line.to_owned(),
        line: number,
    };
    let indent = width(line);
    let text = line.trim();
    if fence {
        return made(Kind::Code, line);
    }
    if text.is_empty() || is_rule(text) {
        return made(Kind::Blank, "");
    }
    let hashes = text.chars().take_while(|c| *c == '#').count();
    if (1..=6).contains(&hashes) && text[hashes..].starts_with([' ', '\t']) && indent < 4 {
        return made(Kind::Heading(hashes), text[hashes..].trim().trim_end_matches('#'));
    }
    if text.starts_with('|') && text.len() > 1 {
        return made(Kind::Table, text);
    }
    match listed(text) {
        Some((number, rest)) => {
            let (boxed, rest) = boxed(rest);
            made(Kind::Item(indent, number.map(str::to_owned), boxed), rest)
        }
        // A box without a bullet is an item as well.
        None => match boxed(text) {
            (Some(mark), rest) if !rest.is_empty() => {
                made(Kind::Item(indent, None, Some(mark)), rest)
            }
            _ => made(Kind::Text(indent), text),
        },
    }
}

fn width(line: &str) -> usize {
    let blanks = line.chars().take_while(|c| c.is_whitespace());
    blanks.map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

fn is_rule(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mark = plain.chars().next();
    plain.len() >= 3 && mark.is_some_and(|m| "-*_=".contains(m) && plain.chars().all(|c| c == m))
}

/// The number and the rest of a list's item.
fn listed(text: &str) -> Option<(Option<&str>, &str)> {
    for bullet in ["- ", "* ", "+ ", "• ", "‣ ", "◦ ", "– ", "-\t", "*\t"] {
        if let Some(rest) = text.strip_prefix(bullet) {
            return Some((None, rest.trim_start()));
        }
    }
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let rest = &text[digits..];
    let ends = rest.starts_with(". ") || rest.starts_with(") ");
    ((1..=6).contains(&digits) && ends).then(|| (Some(&text[..digits]), rest[2..].trim_start()))
}

/// The box that a text begins with, and the rest.
pub fn boxed(text: &str) -> (Option<Box>, &str) {
    const BOXES: &[(&str, Box)] = &[
        ("[ ]", Box::Open),
        ("[]", Box::Open),
        ("[x]", Box::Done),
        ("[X]", Box::Done),
        ("[✓]", Box::Done),
        ("[✔]", Box::Done),
        ("[~]", Box::Begun),
        ("[/]", Box::Begun),
        ("[>]", Box::Begun),
        ("[-]", Box::Dropped),
        ("☐", Box::Open),
        ("⬜", Box::Open),
        ("◻", Box::Open),
        ("🔲", Box::Open),
        ("🔳", Box::Open),
        ("☑", Box::Done),
        ("✅", Box::Done),
        ("✔", Box::Done),
        ("🗹", Box::Done),
        ("⏳", Box::Begun),
        ("🚧", Box::Begun),
        ("🔄", Box::Begun),
        ("☒", Box::Dropped),
        ("❌", Box::Dropped),
    ];
    let text = text.trim_start();
    for (mark, meaning) in BOXES {
        if let Some(rest) = text.strip_prefix(mark)
            && !rest.starts_with(['(', '['])
        {
            return (Some(*meaning), rest.trim_start_matches('\u{fe0f}').trim_start());
        }
    }
    (None, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_something() {
        let item = |indent, number: Option<&str>, mark| {
            Kind::Item(indent, number.map(str::to_owned), mark)
        };
        for (line, kind, text) in [
            ("## Active Queue ##", Kind::Heading(2), "Active Queue"),
            ("#hashtag", Kind::Text(0), "#hashtag"),
            ("- [ ] a", item(0, None, Some(Box::Open)), "a"),
            ("* [X] a", item(0, None, Some(Box::Done)), "a"),
            ("  - ✅ a", item(2, None, Some(Box::Done)), "a"),
            ("☑️ a", item(0, None, Some(Box::Done)), "a"),
            ("- [a](b)", item(0, None, None), "[a](b)"),
            ("3) a", item(0, Some("3"), None), "a"),
            ("2026. a", item(0, Some("2026"), None), "a"),
            ("1.5 hours", Kind::Text(0), "1.5 hours"),
            ("\t- a", item(4, None, None), "a"),
            ("| a | b |", Kind::Table, "| a | b |"),
            ("* * *", Kind::Blank, ""),
            ("**bold** text", Kind::Text(0), "**bold** text"),
        ] {
            let (rows, _) = rows(line);
            assert_eq!((&rows[0].kind, rows[0].text.as_str()), (&kind, text), "{line}");
        }
    }

    #[test]
    fn comments_fences_and_front_matter_are_known() {
        let text = "---\ntags: [a]\n---\nTitle\n=====\n<!-- a\n- [ ] b\n-->c\n```\n# no\n<!--\n```\n`<!--` d\n";
        let (rows, comments) = rows(text);
        let said: Vec<_> = rows.iter().map(|row| (row.line, row.text.as_str())).collect();
        let code = [(9, "```"), (10, "# no"), (11, "<!--"), (12, "```"), (13, "`<!--` d")];
        assert_eq!(said[..2], [(4, "Title"), (8, "c")]);
        assert_eq!(said[2..], code);
        assert_eq!((rows[0].kind.clone(), comments), (Kind::Heading(1), 1));
    }
}
