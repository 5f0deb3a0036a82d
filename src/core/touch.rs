//! Whether two builds touch the same: globs against globs, and against what was changed.
//!
//! `*` and `?` stay within a folder's name, `**` goes across. A glob that matches a folder means
//! all that is in it; one that ends like the name of a file (`x.rs`) is no folder's. Where it is hard to tell (a class such as `[a-z]`, many alternatives) the
//! answer is yes: two builds then wait for one another, which costs time and no work.

/// More alternatives than this, or more folders, are not followed.
const MOST: usize = 64;

/// Whether some path is meant by both globs.
pub fn meet(a: &str, b: &str) -> bool {
    let (a, b) = (alternatives(a), alternatives(b));
    let pair = |a: &str, b: &str| both((&folders(a), end(a)), (&folders(b), end(b)));
    a.iter().any(|a| b.iter().any(|b| pair(a, b)))
}

/// Whether a glob means this path.
pub fn covers(glob: &str, path: &str) -> bool {
    let letters = |name: &str| Part::Name(name.chars().map(Token::Letter).collect());
    let path: Vec<_> = path.split('/').map(letters).collect();
    // A folder may be called `x.rs`, and here is a path that lies in it.
    let path = (path.as_slice(), End::Closed);
    alternatives(glob).iter().any(|glob| both((&folders(glob), End::Open), path))
}

/// One name of a path, or any number of them.
enum Part {
    Name(Vec<Token>),
    Any,
}

/// One letter, or any number of them.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Letter(char),
    One,
    Many,
}

/// Whether a list goes on below its end, as a folder does and a file does not.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Open,
    Closed,
}

/// A name with an ending of letters, such as `x.rs`, is a file's.
fn end(glob: &str) -> End {
    let name = glob.rsplit('/').next().unwrap_or_default();
    let letters = |end: &str| {
        let plain = end.chars().all(|c| c.is_ascii_alphanumeric());
        plain && end.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() && letters(end) => End::Closed,
        _ => End::Open,
    }
}

/// The globs that `{a,b}` stands for.
fn alternatives(glob: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(next) = open.pop() {
        let Some((head, inside, tail)) = first_braces(&next) else {
            done.push(next);
            continue;
        };
        if done.len() + open.len() > MOST {
            // All that begins so.
            done.push(format!("{}**", &head[..head.rfind('/').map_or(0, |at| at + 1)]));
            continue;
        }
        open.extend(inside.iter().map(|part| format!("{head}{part}{tail}")));
    }
    done
}

/// What stands before the first braces, within them, and after them.
fn first_braces(glob: &str) -> Option<(&str, Vec<&str>, &str)> {
    let start = glob.find('{')?;
    let (mut depth, mut from, mut parts) = (0, start + 1, Vec::new());
    for (at, c) in glob.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => {
                parts.push(&glob[from..at]);
                from = at + 1;
            }
            '}' if depth == 1 => {
                parts.push(&glob[from..at]);
                return Some((&glob[..start], parts, &glob[at + 1..]));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn folders(glob: &str) -> Vec<Part> {
    let names: Vec<&str> = glob.split('/').filter(|n| !n.is_empty() && *n != ".").collect();
    let part = |name: &&str| match *name {
        "**" => Part::Any,
        name => Part::Name(tokens(name)),
    };
    let mut parts: Vec<_> = names.iter().take(MOST).map(part).collect();
    if names.len() > MOST {
        parts.push(Part::Any);
    }
    parts
}

fn tokens(name: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => rest.next().map_or(Token::One, Token::Letter),
            '[' => match rest.as_str().char_indices().skip(1).find(|(_, c)| *c == ']') {
                Some((end, _)) => {
                    rest = rest.as_str()[end + 1..].chars();
                    Token::One
                }
                None => Token::Letter('['),
            },
            c => Token::Letter(c),
        });
    }
    tokens
}

/// Whether some path is in both, by a table of all pairs of ends.
fn both((a, a_end): (&[Part], End), (b, b_end): (&[Part], End)) -> bool {
    let mut table = vec![vec![false; b.len() + 1]; a.len() + 1];
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            table[i][j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (None, Some(_)) if a_end == End::Open => true,
                (Some(_), None) if b_end == End::Open => true,
                (None, Some(Part::Any)) => table[i][j + 1],
                (Some(Part::Any), None) => table[i + 1][j],
                (None, Some(_)) | (Some(_), None) => false,
                (Some(Part::Any), Some(_)) => table[i + 1][j] || table[i][j + 1],
                (Some(_), Some(Part::Any)) => table[i][j + 1] || table[i + 1][j],
                (Some(Part::Name(a)), Some(Part::Name(b))) => {
                    table[i + 1][j + 1] && same_name(a, b)
                }
            };
        }
    }
    table[0][0]
}

/// Whether some name is in both.
fn same_name(a: &[Token], b: &[Token]) -> bool {
    let mut table = vec![vec![false; b.len() + 1]; a.len() + 1];
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            table[i][j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(Token::Many), None) => table[i + 1][j],
                (None, Some(Token::Many)) => table[i][j + 1],
                (None, _) | (_, None) => false,
                (Some(Token::Many), Some(_)) | (Some(_), Some(Token::Many)) => {
                    table[i + 1][j] || table[i][j + 1]
                }
                (Some(a), Some(b)) => {
                    (a == b || *a == Token::One || *b == Token::One) && table[i + 1][j + 1]
                }
            };
        }
    }
    table[0][0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_meet_where_some_path_is_in_both() {
        for (a, b, expected) in [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/b.rs", false),
            ("src/**", "src/a/x.rs", true),
            ("a/**/x.rs", "a/b/*.rs", true),
            ("a/**/x.rs", "a/x.rs", true),
            ("a/**/x.rs", "a/b/y.rs", false),
            ("a/**/x.rs", "b/**", false),
            ("**/x.rs", "deep/down/*.rs", true),
            ("**/*.md", "src/**/*.rs", false),
            ("src/*.rs", "src/music/**", false),
            ("src/*", "src/music/**", true),
            ("src/music", "src/music/player.rs", true),
            ("src/music/", "src/**/player.rs", true),
            ("src/music", "src/musical/player.rs", false),
            ("src/v1.2", "src/v1.2/player.rs", true),
            (".github", ".github/workflows/ci.yml", true),
            ("src/x.rs", "src/**", true),
            ("*.lock", "Cargo.lock", true),
            ("*.lock", "sub/Cargo.lock", false),
            ("src/a?.rs", "src/ab.rs", true),
            ("src/a?.rs", "src/abc.rs", false),
            ("src/[a-c].rs", "src/z.rs", true),
            ("src/{a,b}.rs", "src/c.rs", false),
            ("src/{a,b/**}", "src/b/deep/x.rs", true),
            ("{src,lib}/{x,y}.rs", "lib/y.rs", true),
            ("{src,lib}/{x,y}.rs", "lib/z.rs", false),
            ("**", "anything/at/all", true),
            ("a*b*c", "*abc*", true),
            ("a*b", "*c", false),
            ("./src/a.rs", "src/a.rs", true),
            ("src/\\*.rs", "src/a.rs", false),
            ("", "src", true),
        ] {
            assert_eq!(meet(a, b), expected, "{a} and {b}");
            assert_eq!(meet(b, a), expected, "{b} and {a}");
        }
    }

    #[test]
    fn a_path_is_covered_by_its_glob_and_its_folders() {
        for (glob, path, expected) in [
            ("src/**", "src/a/x.rs", true),
            ("src", "src/a/x.rs", true),
            ("src/a/x.rs", "src/a", false),
            ("src/*.rs", "src/lib.rs", true),
            ("src/*.rs", "src/a/lib.rs", false),
            ("**/lib.rs", "lib.rs", true),
            ("src/**/lib.rs", "src/lib.rs", true),
            ("a{b,c}", "ac", true),
            ("*", "we[i]rd{name", true),
            ("**", "", true),
        ] {
            assert_eq!(covers(glob, path), expected, "{glob} and {path}");
        }
    }

    #[test]
    fn whatever_is_written_is_bounded() {
        let many = "{a,b,c,d}".repeat(40);
        assert!(meet(&many, "zz"), "too many to follow: yes");
        assert!(!meet(&format!("x/{many}"), "y/zz"), "but for what stands before");
        assert!(meet(&"*a".repeat(400), &"a*".repeat(400)));
        assert!(!covers(&"**/a/".repeat(200), "b"));
        let _ = meet("{{{{,,,}}", "[[[[");
    }

    mod against_the_library {
        use proptest::prelude::*;

        use super::super::*;

        proptest! {
            /// Two globs that the library finds to match one path always meet.
            #[test]
            fn no_meeting_is_missed(
                a in "(\\*\\*/)?([ab]|\\*|\\?|\\{a,b\\}|[ab]\\*)(/([ab]|\\*|\\*\\*|[ab]\\*)){0,3}",
                b in "(\\*\\*/)?([ab]|\\*|\\?|\\{a,b\\}|[ab]\\*)(/([ab]|\\*|\\*\\*|[ab]\\*)){0,3}",
                path in "[ab]{1,2}(/[ab]{1,2}){0,3}",
            ) {
                let matches = |glob: &str| {
                    let glob = globset::GlobBuilder::new(glob).literal_separator(true).build().unwrap();
                    glob.compile_matcher().is_match(&path)
                };
                if matches(&a) {
                    prop_assert!(covers(&a, &path), "{a} covers {path}");
                    prop_assert!(!matches(&b) || meet(&a, &b), "{a} and {b} meet at {path}");
                }
            }
        }
    }
}
