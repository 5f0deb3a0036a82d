//! The keys of the files that people write: one table says how each is called, what may stand behind
//! it, and what it is for. The readers and `buildq schema` both go by it.

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path from the top of its table, with dots; `NAME` stands for a name that people choose.
    pub path: &'static str,
    /// What may stand behind it.
    pub form: Form,
    /// What counts where nothing is said, as one would write it; `None` where nothing does.
    pub default: Option<&'static str>,
    /// What it is for, in the words of the README.
    pub about: &'static str,
    /// Whether its mapping is whole without it.
    pub role: Role,
}

/// Whether a mapping is whole without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is.
    May,
    /// It is not.
    Must,
    /// It has exactly one of those with this role.
    OneOf,
    /// It is not, where another key says one of these words.
    If(&'static str, &'static [&'static str]),
    /// It is not, unless another key says this word.
    Unless(&'static str, &'static str),
    /// It is not, where another key stands.
    With(&'static str),
}

/// What may stand behind a key. Nothing at all is as good as no key.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// One text; what YAML takes for a number or a truth value is as good.
    Text,
    /// `true` or `false`.
    Flag,
    /// `true`, since there is nothing more to say.
    Yes,
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// A text that is spelt in a certain way.
    Spelt(&'static Spelling),
    /// The name of a time zone.
    Zone,
    /// A sum of US dollars.
    Dollars,
    /// A command line that is split, or a list that is argv as it stands.
    Command,
    /// `none`, or this.
    NoneOr(&'static Form),
    /// A list of these; a single one stands for a list of it.
    List(&'static Form),
    /// A list of these, or one text with commas between them.
    Commas(&'static Form),
    /// One of these.
    Either(&'static [Form]),
    /// A mapping of these keys and no others.
    Keys(&'static [Key]),
    /// A mapping by names that people choose; the keys of each are those of the same table below
    /// `NAME`.
    Named(&'static Spelling),
}

/// How a text is spelt.
#[derive(Debug)]
pub struct Spelling {
    /// What it is, in words, with its unit.
    pub means: &'static str,
    /// What every good text matches, as ECMA-262 writes patterns: there are others that match.
    pub pattern: &'static str,
    /// What YAML takes for a number or a truth value is as good.
    pub bare: bool,
    /// Good ones, as one would write them.
    pub examples: &'static [&'static str],
}

impl Key {
    /// A key that may be left out.
    pub const fn new(path: &'static str, form: Form, about: &'static str) -> Self {
        Self { path, form, default: None, about, role: Role::May }
    }

    /// The same where this counts when nothing is said.
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The same where its mapping needs it.
    pub const fn must(self) -> Self {
        self.in_role(Role::Must)
    }

    /// The same where its mapping needs it, or another of those.
    pub const fn one_of(self) -> Self {
        self.in_role(Role::OneOf)
    }

    /// The same in this role.
    pub const fn in_role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

/// The paths of a table with `N` keys.
pub const fn paths<const N: usize>(table: &[Key]) -> [&'static str; N] {
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = table[at].path;
        at += 1;
    }
    all
}

/// The names of the keys right below a path of a table, each once; the empty path is its top.
pub fn below(table: &'static [Key], path: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for key in table {
        let rest = match path.is_empty() {
            true => Some(key.path),
            false => key.path.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')),
        };
        let name = rest.and_then(|rest| rest.split('.').next());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// The names of the keys of a small table.
pub fn names(table: &'static [Key]) -> Vec<&'static str> {
    below(table, "")
}

/// A span of time.
pub const SPAN: Spelling = Spelling {
    means: "a span of time such as `90s`, `45 minutes` or `4h`",
    pattern: "[0-9]\\s*[nNuUµmMsShHdDwWyY]",
    bare: false,
    examples: &["90s", "45 minutes", "4h"],
};

/// A span of time for which others wait.
pub const BRIEF: Spelling = Spelling {
    means: "a span of time such as `10s` or `2m`",
    pattern: SPAN.pattern,
    bare: false,
    examples: &["15s", "2m"],
};

/// An amount of memory or disk.
pub const SIZE: Spelling = Spelling {
    means: "a size such as `512MB` or `4 GiB`",
    pattern: "^\\s*[0-9.]+\\s*(?:[bB]|[bB][yY][tT][eE][sS]?|[kKmMgGtT](?:[iI]?[bB])?)\\s*$",
    bare: false,
    examples: &["512MB", "4 GiB"],
};

/// A time of day.
pub const CLOCK: Spelling = Spelling {
    means: "a time of day such as `\"07:00\"`",
    pattern: "^\\s*[0-9]{1,2}:[0-9]{1,2}\\s*$",
    bare: false,
    examples: &["07:00", "22:30"],
};

/// A day, or a moment.
pub const MOMENT: Spelling = Spelling {
    means: "a day such as `2030-02-07`, or a moment such as `2030-02-07 20:00`, with an offset behind \
            it or on the clock of `timezone`",
    pattern: "^\\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ Tt]\\s*[0-9]{1,2}:[0-9]{1,2}.*)?\\s*$",
    bare: false,
    examples: &["2030-02-07", "2030-02-07 20:00", "2030-02-07T20:00:00+01:00"],
};

/// A part of the day, on some days.
pub const HOURS: Spelling = Spelling {
    means: "a span of the clock such as `\"22:00-06:00\"` or `\"Mon-Fri 22:00-06:00\"`",
    pattern: "^\\s*(?:[A-Za-z&][A-Za-z,;& –-]*)?\
              [0-9]{1,2}:[0-9]{1,2}\\s*[-–]\\s*[0-9]{1,2}:[0-9]{1,2}\\s*$",
    bare: false,
    examples: &["22:00-06:00", "Mon-Fri 22:00-06:00"],
};

/// A branch.
pub const BRANCH: Spelling = Spelling {
    means: "the name of a branch",
    pattern: "^(?!buildq)(?!refs/)(?!.*\\.\\.)[^~^:?*\\[\\\\-][^~^:?*\\[\\\\]*$",
    bare: true,
    examples: &["main", "team/develop"],
};

/// What branches begin with.
pub const PREFIX: Spelling = Spelling {
    means: "what the names of branches begin with",
    pattern: "^(?!buildq)(?!refs/)(?!.*\\.\\.)[^~^:?*\\[\\\\/-][^~^:?*\\[\\\\]*$",
    bare: true,
    examples: &["build/", "q-"],
};

/// A folder of the repository.
pub const FOLDER: Spelling = Spelling {
    means: "a folder, from the top of the repository",
    pattern: "^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[^\\\\:]+$",
    bare: true,
    examples: &["queue", "work/jobs"],
};

/// Paths of the repository.
pub const GLOB: Spelling = Spelling {
    means: "a pattern of paths, from the top of the repository; `*` stays within a folder's name, `**` \
            goes across",
    pattern: "^(?!/)(?!(?:.*/)?\\.\\.(?:/|$))",
    bare: true,
    examples: &["src/music/**", ".env"],
};

/// Paths that are added to others, or taken out of them.
pub const SIGNED_GLOB: Spelling = Spelling {
    means: "a pattern of paths such as `infra/**`; `!` in front takes it out",
    pattern: "^(?!!*/?\\.\\.(?:/|$)).",
    bare: true,
    examples: &["infra/**", "!Dockerfile"],
};

/// A file.
pub const FILE: Spelling = Spelling {
    means: "a file: absolute, below your home (`~/…`), or from the top of the repository",
    pattern: "^(?!.*://).*\\S",
    bare: true,
    examples: &["work.ics", "~/calendars/work.ics"],
};

/// A variable.
pub const VARIABLE: Spelling = Spelling {
    means: "the name of a variable; its value comes from your environment",
    pattern: "^\\s*\\$*[A-Za-z_][A-Za-z0-9_]*\\s*$",
    bare: true,
    examples: &["API_KEY"],
};

/// A builder.
pub const BUILDER: Spelling = Spelling {
    means: "the name of a builder",
    pattern: "^\\s*[A-Za-z0-9._-]{1,64}\\s*$",
    bare: true,
    examples: &["opus", "steps"],
};

/// A builder that can judge.
pub const JUDGE: Spelling = Spelling {
    means: "one of `builders`",
    pattern: BUILDER.pattern,
    bare: true,
    examples: &["opus"],
};

/// The name that a builder is given.
pub const BUILDER_NAME: Spelling = Spelling {
    means: "letters, digits, `-`, `_` and `.`",
    pattern: "^(?!steps$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    bare: true,
    examples: &["opus"],
};

/// The name that a notifier is given.
pub const NOTIFIER_NAME: Spelling = Spelling {
    means: "letters, digits, `-` and `_`",
    pattern: "^[A-Za-z0-9_-]{1,40}$",
    bare: true,
    examples: &["opus"],
};

/// A task.
pub const TASK: Spelling = Spelling {
    means: "the id of a task: its file's name without the ending",
    pattern: "^\\s*(?:[a-z0-9][a-z0-9-]{0,63}|[nN][oO][nN][eE]|[nN]/?[aA]|[nN][oO]|\
              [nN][oO][tT][hH][iI][nN][gG]|[-–—])?\\.*\\s*$",
    bare: true,
    examples: &["oauth-core"],
};

/// The address of a server.
pub const ADDRESS: Spelling = Spelling {
    means: "an address that begins with `https://`, if it is no secret",
    pattern: "^\\s*https?://",
    bare: false,
    examples: &["https://ntfy.sh/your-topic"],
};

/// A mailbox.
pub const MAILBOX: Spelling = Spelling {
    means: "a mail address such as `you@example.org`",
    pattern: "[^@]@[^@]",
    bare: false,
    examples: &["you@example.org", "Ada <ada@example.org>"],
};

/// How often.
pub const OFTEN: Spelling = Spelling {
    means: "how often, such as `every 2h`",
    pattern: SPAN.pattern,
    bare: false,
    examples: &["every 3h", "90m"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_a_path_come_once_and_in_order() {
        const TABLE: &[Key] = &[
            Key::new("a.b", Form::Text, ""),
            Key::new("a.c.d", Form::Text, ""),
            Key::new("a.c.e", Form::Text, ""),
            Key::new("ab.x", Form::Text, ""),
        ];
        assert_eq!(below(TABLE, ""), ["a", "ab"]);
        assert_eq!(below(TABLE, "a"), ["b", "c"]);
        assert_eq!(below(TABLE, "a.c"), ["d", "e"]);
        assert_eq!(paths::<4>(TABLE)[2], "a.c.e");
    }
}
