//! What looks like a secret: shapes that services give their tokens, and random text that is
//! assigned to a name which says that it is one.

use std::sync::LazyLock;

use regex::Regex;

/// Longer lines are no source that a person wrote; they are looked at in part.
const LONGEST: usize = 16 << 10;
/// A random text has at least this many bits for each letter.
const ENTROPY: f64 = 3.4;

/// Something that looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The text itself: not to be shown.
    pub text: String,
    /// What it looks like, with its article.
    pub what: &'static str,
}

impl Token {
    /// The line with no more than the first letters of the token.
    pub fn masked(&self, line: &str) -> String {
        let head: String = self.text.chars().take(4).collect();
        line.replace(&self.text, &format!("{head}…"))
    }
}

/// The shapes, after the services' own descriptions of their tokens.
static SHAPES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let shapes = [
        ("an AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
        (
            "a GitHub token",
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b",
        ),
        ("a GitLab token", r"\b(?:glpat|gldt|glrt|glcbt|glptt|glft|glsoat)-[A-Za-z0-9_\-]{20,}"),
        ("a Slack token", r"\bxox[abposre]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+"),
        ("a Slack webhook", r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{40,}"),
        ("a Stripe key", r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{24,}"),
        ("a Google API key", r"\bAIza[0-9A-Za-z_\-]{35}"),
        ("a Google OAuth secret", r"\bGOCSPX-[A-Za-z0-9_\-]{28}|\bya29\.[A-Za-z0-9_\-]{30,}"),
        ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9]+-[A-Za-z0-9_\-]{20,}"),
        (
            "an OpenAI key",
            r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_\-]{20,}|\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|\bsk-[A-Za-z0-9]{48}\b",
        ),
        ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{40,}"),
        ("a crates.io token", r"\bcio[A-Za-z0-9]{32}\b"),
        ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{34,}\b"),
        ("a SendGrid key", r"\bSG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}\b"),
        ("a DigitalOcean token", r"\bdo[oprt]_v1_[a-f0-9]{64}\b"),
        ("a Telegram bot token", r"\b\d{8,10}:AA[A-Za-z0-9_\-]{33}\b"),
        ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
        (
            "a JSON web token",
            r"\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}",
        ),
        (
            "a password in an address",
            r"\b[a-z][a-z0-9+.\-]{1,20}://[^\s/:@'\x22<>{}$]{1,64}:([^\s/:@'\x22<>{}$*]{6,128})@[a-zA-Z0-9]",
        ),
    ];
    let known = shapes.into_iter().filter_map(|(what, text)| Some((what, Regex::new(text).ok()?)));
    known.collect()
});

/// A name that says so, and what it is given: quoted, or as in `.env`.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:secret|token|passw(?:or)?d|passphrase|api_?-?key|access_?-?key|private_?-?key|auth_?-?key|credentials?)[\w.\-\]]{0,24}["']?\s*(?:=>|:=|=|:)\s*(?:["'`]([^"'`\s]{16,256})["'`]|([A-Za-z0-9+/_\-=.]{20,256})\s*$)"#,
    )
    .ok()
});

/// All that looks like a secret in one line of a file.
pub fn tokens(path: &str, line: &str) -> Vec<Token> {
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end));
    let line = &line[..end.unwrap_or(0)];
    let mut found: Vec<Token> = Vec::new();
    for (what, shape) in SHAPES.iter() {
        for captures in shape.captures_iter(line) {
            let Some(text) = captures.get(1).or(captures.get(0)) else { continue };
            let covered = found.iter().any(|known| known.text.contains(text.as_str()));
            if !covered && !is_placeholder(text.as_str()) {
                found.push(Token { text: text.as_str().to_owned(), what });
            }
        }
    }
    if found.is_empty() && !is_generated(path) {
        let all = ASSIGNED.iter().flat_map(|known| known.captures_iter(line));
        let values = all.filter_map(|captures| captures.get(1).or(captures.get(2)));
        let random = values.map(|value| value.as_str()).filter(|value| is_random(value));
        let what = "a random value of something that is called a secret";
        found.extend(random.map(|text| Token { text: text.to_owned(), what }));
    }
    found
}

/// What documentation and tests write instead of a secret.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 15] = [
        "example",
        "sample",
        "dummy",
        "fake",
        "placeholder",
        "changeme",
        "change-me",
        "your",
        "xxxx",
        "redacted",
        "0000000",
        "1234567",
        "abcdefg",
        "password",
        "notreal",
    ];
    let lower = text.to_lowercase();
    let distinct = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    let private = text.starts_with("-----BEGIN");
    !private && (distinct < 6 || WORDS.iter().any(|word| lower.contains(word)))
}

/// Whether a value is neither words, nor a reference, nor a placeholder, nor a plain hash.
fn is_random(text: &str) -> bool {
    let refers = ["${", "{{", "$(", "<", ">", "process.env", "os.environ", "://", "..", "%s", "()"];
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let mixed = digits * 12 >= text.len() && letters >= 4;
    mixed
        && !refers.iter().any(|part| text.contains(part))
        && !is_placeholder(text)
        && entropy(text) >= ENTROPY
}

/// Files full of hashes that nobody wrote.
fn is_generated(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let ends = [
        ".lock",
        ".sum",
        ".svg",
        ".map",
        ".min.js",
        ".min.css",
        ".snap",
        ".ipynb",
        "-lock.json",
        "-lock.yaml",
    ];
    ends.iter().any(|end| name.ends_with(end)) || name.contains("shrinkwrap")
}

/// Shannon's entropy of the letters, in bits for each.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let all = text.len() as f64;
    let part = |count: &usize| *count as f64 / all;
    -counts.iter().filter(|count| **count > 0).map(|c| part(c) * part(c).log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no scanner takes this file for a leak.
    fn made(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        let random = "q8Zt77aaXx91kd02LmPz55TyUvWq31RsBnHg";
        let table = [
            (made(&["AKIA", "QYLPMN5HXQ2LMPZ7"]), "an AWS access key"),
            (made(&["ghp_", random]), "a GitHub token"),
            (made(&["glpat-", &random[..20]]), "a GitLab token"),
            (made(&["xoxb-", "2345-", &random[..20]]), "a Slack token"),
            (made(&["sk_live_", &random[..24]]), "a Stripe key"),
            (made(&["AIza", &random[..35]]), "a Google API key"),
            (made(&["sk-ant-api03-", random]), "an Anthropic key"),
            (made(&["sk-proj-", random]), "an OpenAI key"),
            (made(&["-----BEGIN RSA ", "PRIVATE KEY-----"]), "a private key"),
            (
                made(&[
                    "eyJ",
                    "hbGciOiJIUzI1NiJ9",
                    ".eyJ",
                    "zdWIiOiI5OTk5In0",
                    ".q8Zt77aaXx91kd02",
                ]),
                "a JSON web token",
            ),
            (made(&["postgres://ada:", "hunter2z", "@db.host/x"]), "a password in an address"),
            (
                made(&["api_key = \"", &random[..24], "\""]),
                "a random value of something that is called a secret",
            ),
            (
                made(&["SESSION_SECRET=", &random[..24]]),
                "a random value of something that is called a secret",
            ),
        ];
        assert_eq!(SHAPES.len(), 20, "every shape can be read");
        for (line, expected) in table {
            let found = tokens("a.py", &line);
            assert_eq!(found.iter().map(|one| one.what).collect::<Vec<_>>(), [expected], "{line}");
            assert!(!found[0].masked(&line).contains(&found[0].text), "{line}");
        }
    }

    #[test]
    fn few_false_alarms() {
        let table = [
            ("a.py", "key = 'AKIAIOSFODNN7EXAMPLE'"),
            ("a.py", "password = os.environ['DB_PASSWORD']"),
            ("a.py", "token = \"your-token-goes-here-123\""),
            ("a.rs", "let token = parse_token(input1, output2);"),
            ("a.rs", "let token_kind = \"identifier-or-keyword-2\";"),
            ("Cargo.lock", "token = \"q8Zt77aaXx91kd02LmPz55Ty\""),
            ("a.yml", "password: ${{ secrets.DEPLOY_TOKEN_2 }}"),
            ("a.md", "postgres://user:password@localhost/db"),
            ("a.md", "postgres://user:$PASSWORD@localhost/db"),
            ("a.js", "integrity: 'sha512-q8Zt77aaXx91kd02LmPz55TyUvWq31RsBnHg'"),
            ("a.rs", "const TOKEN_LENGTH: usize = 1234567890123456789012;"),
        ];
        for (path, line) in table {
            assert_eq!(tokens(path, line), [], "{path}: {line}");
        }
    }
}
