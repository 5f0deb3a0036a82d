//! Just enough of Rust's grammar to tell what a file uses.

/// A source without comments and tests, as tokens; a string is one token that begins with `"`.
pub struct Code {
    tokens: Vec<String>,
}

impl Code {
    /// Takes a source apart.
    pub fn read(source: &str) -> Self {
        let mut tokens = Vec::new();
        let chars: Vec<char> = source.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let (token, next) = token(&chars, at);
            tokens.extend(token);
            at = next;
        }
        Self { tokens: without_tests(tokens) }
    }

    /// Whether a word stands anywhere.
    pub fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token == word)
    }

    /// Every path of two parts or more; the branches of a `use` tree one by one.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if is_word(&self.tokens[at]) && self.is("::", at + 1) {
                at = self.tree(at, &[], &mut paths);
            } else {
                at += 1;
            }
        }
        paths
    }

    /// Macros that print, and the path in front of each.
    pub fn prints(&self) -> Vec<(String, String)> {
        let macros = ["println", "print", "eprintln", "eprint", "dbg"];
        let is_call =
            |at: &usize| macros.contains(&self.tokens[*at].as_str()) && self.is("!", at + 1);
        let with_path = |at: usize| {
            let qualified = at >= 2 && self.is("::", at - 1);
            let path = if qualified { format!("{}::", self.tokens[at - 2]) } else { String::new() };
            (self.tokens[at].clone(), path)
        };
        (0..self.tokens.len()).filter(is_call).map(with_path).collect()
    }

    /// The literal names of programs that are started.
    pub fn programs(&self) -> Vec<String> {
        let calls = self.tokens.windows(5).filter(|window| {
            window[0] == "Command" && window[1] == "::" && window[2] == "new" && window[3] == "("
        });
        calls.filter_map(|window| window[4].strip_prefix('"').map(str::to_owned)).collect()
    }

    /// Every list in brackets, with its elements as tokens.
    pub fn lists(&self) -> Vec<List> {
        let begins = (0..self.tokens.len()).filter(|at| self.is("[", *at));
        begins.map(|at| self.list(at)).collect()
    }

    /// The list that begins here.
    fn list(&self, begin: usize) -> List {
        let mut elements = vec![Vec::new()];
        let (mut at, mut depth) = (begin + 1, 1);
        while let Some(token) = self.tokens.get(at) {
            match token.as_str() {
                "[" | "(" | "{" => depth += 1,
                "]" | ")" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            match token.as_str() {
                "," if depth == 1 => elements.push(Vec::new()),
                token => elements.last_mut().unwrap().push(token.to_owned()),
            }
            at += 1;
        }
        elements.retain(|words| !words.is_empty());
        List { elements, grows: self.is_added_to(at + 1) || self.grows_by_name(begin, at) }
    }

    /// Whether what begins here goes on to be added to before the statement ends.
    fn is_added_to(&self, from: usize) -> bool {
        if !self.is(".", from) {
            return false;
        }
        let rest = self.tokens[from..].iter().take_while(|token| *token != ";" && *token != "{");
        rest.into_iter().any(|token| matches!(token.as_str(), "chain" | "extend" | "push"))
    }

    /// Whether the variable that a list is bound to is added to later on.
    fn grows_by_name(&self, begin: usize, end: usize) -> bool {
        // `let mut name: Type = vec![`
        let bound = (begin.saturating_sub(12)..begin).rev().find(|at| self.is("let", *at));
        let Some(name) = bound.map(|at| at + 1 + usize::from(self.is("mut", at + 1))) else {
            return false;
        };
        if !self.tokens[name..begin].iter().any(|token| token == "=")
            || self.tokens[name..begin].iter().any(|token| token == ";")
        {
            return false;
        }
        let uses = (end..self.tokens.len()).filter(|at| self.is(&self.tokens[name], *at));
        // Another variable of that name is another matter.
        let mut uses = uses.take_while(|at| !self.is("let", at - 1) && !self.is("mut", at - 1));
        uses.any(|at| self.is_added_to(at + 1))
    }

    fn is(&self, token: &str, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|other| other == token)
    }

    /// Reads one path that begins here; returns where it ends.
    fn tree(&self, mut at: usize, before: &[String], paths: &mut Vec<Vec<String>>) -> usize {
        let mut path = before.to_vec();
        while let Some(word) = self.tokens.get(at).filter(|word| is_word(word)) {
            path.push(word.clone());
            at += 1;
            if !self.is("::", at) {
                break;
            }
            at += 1;
            if self.is("{", at) {
                at += 1;
                while at < self.tokens.len() && !self.is("}", at) {
                    let next = self.tree(at, &path, paths);
                    at = if next == at { at + 1 } else { next };
                }
                return at + 1;
            }
        }
        if path.len() > 1 {
            paths.push(path);
        }
        at
    }
}

/// A list in brackets.
pub struct List {
    /// The tokens of each element.
    pub elements: Vec<Vec<String>>,
    /// Whether more is added to it.
    pub grows: bool,
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The token that begins here, if one does, and where the next may begin.
fn token(chars: &[char], at: usize) -> (Option<String>, usize) {
    let rest = &chars[at..];
    let starts = |text: &str| rest.iter().take(text.len()).copied().eq(text.chars());
    if starts("//") {
        return (None, at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()));
    }
    if starts("/*") {
        let end = rest.windows(2).skip(2).position(|window| window == ['*', '/']);
        return (None, at + end.map_or(rest.len(), |end| end + 4));
    }
    if let Some((open, hashes)) = raw_string(rest) {
        let end: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
        let body = &rest[open..];
        let length = body.windows(end.len()).position(|window| window == end);
        let length = length.unwrap_or(body.len());
        let text: String = body[..length].iter().collect();
        return (Some(format!("\"{text}")), at + (open + length + end.len()).min(rest.len()));
    }
    match rest[0] {
        '"' => string(chars, at),
        '\'' => (None, at + character(rest)),
        c if c.is_alphanumeric() || c == '_' => {
            let letters = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_');
            let word: Vec<char> = letters.copied().collect();
            (Some(word.iter().collect()), at + word.len())
        }
        ':' if starts("::") => (Some("::".into()), at + 2),
        c if c.is_whitespace() => (None, at + 1),
        c => (Some(c.to_string()), at + 1),
    }
}

/// Where the text of a raw string begins, and how many `#` end it.
fn raw_string(rest: &[char]) -> Option<(usize, usize)> {
    let at = usize::from(rest[0] == 'b');
    (rest.get(at) == Some(&'r')).then_some(())?;
    let hashes = rest[at + 1..].iter().take_while(|c| **c == '#').count();
    (rest.get(at + 1 + hashes) == Some(&'"')).then_some((at + hashes + 2, hashes))
}

fn string(chars: &[char], at: usize) -> (Option<String>, usize) {
    let mut text = String::from('"');
    let mut next = at + 1;
    while next < chars.len() && chars[next] != '"' {
        if chars[next] == '\\' {
            next += 1;
        }
        text.extend(chars.get(next));
        next += 1;
    }
    (Some(text), next + 1)
}

/// The length of a character literal, or of the mark of a lifetime.
fn character(rest: &[char]) -> usize {
    if rest.get(1) == Some(&'\\') {
        let end = rest.iter().skip(3).position(|c| *c == '\'');
        return end.map_or(1, |end| end + 4);
    }
    if rest.get(2) == Some(&'\'') { 3 } else { 1 }
}

/// Leaves out every item behind a `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is = |words: &[&str]| tokens[at..].iter().take(words.len()).eq(words.iter());
        if is(&["#", "[", "cfg", "(", "test"]) || is(&["#", "[", "cfg", "(", "all", "(", "test"]) {
            at = after_item(&tokens, after_bracket(&tokens, at + 1));
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Behind the bracket that closes the one here.
fn after_bracket(tokens: &[String], mut at: usize) -> usize {
    let mut depth = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "[" | "{" | "(" => depth += 1,
            "]" | "}" | ")" => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Behind the `;` or the `}` that ends the item here.
fn after_item(tokens: &[String], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].as_str() {
            ";" => return at + 1,
            "{" => return after_bracket(tokens, at),
            "(" | "[" => at = after_bracket(tokens, at),
            _ => at += 1,
        }
    }
    at
}
