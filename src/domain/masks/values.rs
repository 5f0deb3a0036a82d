//! What counts as a secret: values that a builder is given, and what files hold.

use std::fmt;

/// Values of files that are shorter are no secrets.
const SHORTEST: usize = 8;
/// Tokens in login files are longer than this.
const TOKEN: usize = 16;

/// A value that is not to be seen. It is never printed, nor is it written down.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The variable, or the place, whose value it is.
    pub name: String,
    /// The value.
    pub value: String,
    /// A person has said here that it is no secret.
    pub excused: bool,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

impl Secret {
    /// Under this name.
    pub fn given(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), excused: false }
    }

    /// Whether these words name it: `API_KEY`, or `.env:API_KEY`.
    pub fn is_named(&self, words: &str) -> bool {
        let mut words = words.split([',', ' ']).filter(|word| !word.is_empty());
        words.any(|word| self.name == word || self.name.ends_with(&format!(":{word}")))
    }

    /// Whether a build that contains it is held. A value that anybody could write by chance (a
    /// word, a number, a path, an address) is masked and holds nothing, unless its name says
    /// that it is a secret.
    pub fn holds(&self) -> bool {
        let counts = !self.excused && self.value.trim().len() >= SHORTEST;
        counts && (is_telling(&self.name) || !is_plain(&self.value))
    }
}

/// Whether a name says that its value is a secret.
fn is_telling(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "key",
        "token",
        "secret",
        "passw",
        "pwd",
        "credential",
        "auth",
        "private",
        "cookie",
        "session",
        "signature",
    ];
    let name = name.rsplit(':').next().unwrap_or(name).to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether a value is a word, a number, a path or an address that names nobody.
fn is_plain(value: &str) -> bool {
    let value = value.trim();
    let worded = |text: &str| {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        let word = |part: &str| {
            let digits = part.chars().all(|c| c.is_ascii_digit());
            let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let spelt = letters.chars().all(char::is_alphabetic);
            let humped = letters.chars().skip(1).filter(|c| c.is_uppercase()).count();
            let short = part.len() - letters.len() <= 4;
            digits && part.len() < 12
                || spelt && short && letters.len() < 24 && humped * 3 < letters.len().max(1)
                || letters.chars().all(char::is_uppercase) && spelt
        };
        parts.filter(|part| !part.is_empty()).all(word)
    };
    match value.split_once("://") {
        Some((_, rest)) => !rest.contains('@') && worded(rest),
        None => worded(value),
    }
}

/// `KEY=VALUE` lines, as in `.env`, and `KEY: VALUE` where the key says that it is a secret:
/// values that are long enough to be one, without their quotes.
pub fn pairs(file: &str, text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches("export ");
        let Some(at) = line.find(['=', ':']).filter(|_| !line.starts_with(['#', ';'])) else {
            continue;
        };
        let (key, value) = (line[..at].trim().trim_matches(['"', '\'']), line[at + 1..].trim());
        let value = value.trim_end_matches(',').trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split(" #").next().unwrap_or_default().trim(),
        };
        let spelt = |c: char| c.is_alphanumeric() || "_-./:".contains(c);
        let named = !key.is_empty() && key.chars().all(spelt);
        if !named || (line[at..].starts_with(':') && !is_telling(key)) {
            continue;
        }
        let secret = Secret::given(&format!("{file}:{key}"), value);
        if secret.holds() {
            found.push(secret);
        }
    }
    found
}

/// The tokens in the JSON of an agent's login file: long texts without spaces below a name that
/// says so.
pub fn login_tokens(file: &str, text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        walk(file, "", &value, &mut found);
    }
    found
}

fn walk(file: &str, key: &str, value: &serde_json::Value, found: &mut Vec<Secret>) {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(key, value)| walk(file, key, value, found));
        }
        serde_json::Value::Array(list) => {
            list.iter().for_each(|value| walk(file, key, value, found));
        }
        serde_json::Value::String(text)
            if text.len() >= TOKEN && !text.contains(char::is_whitespace) && is_telling(key) =>
        {
            found.push(Secret::given(&format!("{file}:{key}"), text));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_could_write_is_no_secret_unless_its_name_says_so() {
        let table = [
            ("AWS_REGION", "eu-central-1", false),
            ("NODE_ENV", "development", false),
            ("API_BASE", "https://api.example.com/v2", false),
            ("DATABASE_URL", "postgres://ada:hunter22@localhost/app", true),
            ("DB_NAME", "my_project_test", false),
            ("LOG", "/var/log/app/output.log", false),
            ("ADMIN_PASSWORD", "correcthorse", true),
            ("STRIPE", "sk_live_51HxQ2kLm9Zr8TyU", true),
            ("PORT", "8080", false),
            ("TOKEN", "short", false),
            ("LICENSE", "a81bc81b-dead-4e5d-abff-90865d1e13b1", true),
            ("MODEL", "claude-opus-4-1", false),
        ];
        for (name, value, expected) in table {
            assert_eq!(Secret::given(name, value).holds(), expected, "{name}={value}");
        }
    }

    #[test]
    fn files_are_read_as_people_write_them() {
        let text = "# API=not-this-one-9\nexport API_KEY='q8Zt-77aaxx' # mine\nMODE=production\n\
                    TOKEN = \"abc def 9x7\"\ntoken: yaml-91xkd02\nhost: db-91xkd02x\n\
                    \"password\": \"p-91xkd02\",\nEMPTY=\nno line";
        let found: Vec<_> =
            pairs(".env", text).into_iter().map(|one| (one.name, one.value)).collect();
        let expected = [
            (".env:API_KEY", "q8Zt-77aaxx"),
            (".env:TOKEN", "abc def 9x7"),
            (".env:token", "yaml-91xkd02"),
            (".env:password", "p-91xkd02"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn login_files_give_their_tokens() {
        let text = r#"{"oauth": {"accessToken": "at-0123456789abcdef", "expiresAt": 17,
                       "scopes": ["user:inference-and-more"]}, "OPENAI_API_KEY": null}"#;
        let found = login_tokens("login", text);
        assert_eq!(found, [Secret::given("login:accessToken", "at-0123456789abcdef")]);
        assert!(!format!("{found:?}").contains("0123"));
        assert!(login_tokens("login", "no json").is_empty());
    }
}
