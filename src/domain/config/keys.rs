//! The keys of `buildq.yaml`: what the README says of each, a test holds against this.

use super::super::keys::{
    self, ADDRESS, BRANCH, BRIEF, BUILDER, BUILDER_NAME, CLOCK, FILE, FOLDER, Form, GLOB, HOURS,
    Key, MAILBOX, NOTIFIER_NAME, OFTEN, PREFIX, Role, SIGNED_GLOB, SIZE, SPAN, VARIABLE,
};

use Form::{
    Command, Dollars, Either, Flag, Keys, List, Named, NoneOr, Number, Spelt, Text, Word, Yes, Zone,
};

/// Every key, by its full path.
pub const KEYS: &[&str] = &keys::paths::<{ TABLE.len() }>(TABLE);

const fn key(path: &'static str, form: Form, about: &'static str) -> Key {
    Key::new(path, form, about)
}

/// What one mapping is for, by its path.
pub const GROUPS: &[(&str, &str)] = &[
    ("queue", "where tasks are"),
    ("limits", "none: no bound; a night is from noon to noon in `timezone`"),
    ("retry", "what follows a failure"),
    ("stall", "what follows silence"),
    ("windows", "when tasks may start by themselves, by their priority"),
    ("workspace", "what each fresh copy of the repository gets"),
    ("sandbox", "what runs in the sandbox"),
    ("report", "when reports are made"),
    ("branch", "how the branches of builds are called"),
    ("hooks", "what the git hooks do"),
    ("risk", "see \"What it asks about\""),
    ("risk.allow", "nothing is asked about these"),
    ("risk.ask", "these are asked about, whatever `allow` names"),
    ("keep", "what ended builds may leave on this machine, see `buildq gc`"),
];

/// All of them, in the order in which the README has them.
pub const TABLE: &[Key] = &[
    key(
        "base",
        Spelt(&BRANCH),
        "what builds start from and are merged into; default: the queue branch",
    ),
    key("queue.dir", Spelt(&FOLDER), "the folder of the task files").or("queue"),
    key("max_parallel", Number(1, 64), "builds at once, 1 to 64").or("1"),
    key(
        "max_review",
        Number(1, 10_000),
        "so many wait for review: nothing more starts by itself",
    )
    .or("10"),
    key(
        "limits.builds_per_night",
        NoneOr(&Number(1, 10_000)),
        "attempts that start by themselves",
    )
    .or("none"),
    key(
        "limits.cost_per_night",
        NoneOr(&Dollars),
        "US dollars, e.g. 5.00, as far as the agents tell what they cost",
    )
    .or("none"),
    key(
        "limits.attempt_time",
        NoneOr(&Spelt(&SPAN)),
        "one attempt, e.g. 8h; a builder's own timeout counts too",
    )
    .or("none"),
    key(
        "limits.memory",
        NoneOr(&Spelt(&SIZE)),
        "of all processes of an attempt, e.g. 4GB (or 4 GiB)",
    )
    .or("none"),
    key(
        "limits.processes",
        NoneOr(&Number(16, 4_194_304)),
        "processes and threads of an attempt at once",
    )
    .or("4096"),
    key("limits.output", Spelt(&SIZE), "what is kept of an attempt's output").or("10 MiB"),
    key("limits.free_disk", NoneOr(&Spelt(&SIZE)), "must be free before anything starts")
        .or("1 GiB"),
    key("builder", Spelt(&BUILDER), "who builds tasks that name none").or("steps"),
    key("builders", Named(&BUILDER_NAME), "by name, see below").or("{}"),
    key("builders.NAME.command", Command, "a program and its arguments; it does the work").must(),
    key(
        "builders.NAME.prompt",
        Word(&["stdin", "file", "arg"]),
        "or file (its path as the last argument), or arg (the text as the last argument)",
    )
    .or("stdin"),
    key(
        "builders.NAME.env",
        List(&Spelt(&VARIABLE)),
        "variables that it gets beside the fixed ones",
    )
    .or("[]"),
    key("builders.NAME.timeout", Spelt(&SPAN), "it has failed after this long").or("8h"),
    key("builders.NAME.network", Flag, "for this builder alone; else as `sandbox.network`"),
    key(
        "verify",
        List(&Form::CHECK),
        "checks after every build; {run: \"make check\", timeout: 10m} sets a limit (default 1h)",
    )
    .or("[]"),
    key(
        "commit_leftovers",
        Flag,
        "commit what a builder leaves uncommitted; off: such an attempt has failed",
    )
    .or("true"),
    key("retry.max", Number(0, 100), "retries after the first attempt").or("3"),
    key("retry.delay", Spelt(&SPAN), "from a failure to the next attempt").or("5m"),
    key("retry.from", Word(&["base", "branch"]), "or branch: go on from the work so far")
        .or("base"),
    key("stall.after", Spelt(&SPAN), "no sign of life: said; after twice that: ended as failed")
        .or("4h"),
    key(
        "windows.high",
        WINDOW,
        "always, never (after approval), \"22:00-06:00\", \"Mon-Fri 22:00-06:00\", or a list of spans",
    )
    .or("always"),
    key("windows.medium", WINDOW, "for tasks of priority medium").or("22:00-06:00"),
    key("windows.low", WINDOW, "for tasks of priority low").or("never"),
    key(
        "calendar",
        List(&Either(&[Spelt(&FILE), Keys(CALENDAR)])),
        "files or commands whose busy times hold every start, see below",
    )
    .or("[]"),
    key("timezone", Zone, "of every time of day; `init` writes yours").or("UTC"),
    key("depends", Word(&["review", "merged"]), "or merged").or("review"),
    key(
        "protected",
        List(&Spelt(&SIGNED_GLOB)),
        "globs of paths to look at before a merge, beside the default; \"!path\" takes one out",
    )
    .or("[]"),
    key(
        "workspace.copy",
        List(&Spelt(&GLOB)),
        "globs of ignored files that builds need, such as .env",
    )
    .or("[]"),
    key("workspace.setup", List(&Form::CHECK), "commands that make a fresh workspace ready")
        .or("[]"),
    key("sandbox.network", Flag, "false: setup, builder and checks have none").or("true"),
    key("report.at", Spelt(&CLOCK), "where one day's report ends and the next begins").or("23:00"),
    key(
        "report.morning",
        Spelt(&CLOCK),
        "when a digest of the night is stored, and told to those who want `morning`",
    ),
    key("branch.prefix", Spelt(&PREFIX), "what build branches begin with").or("build/"),
    key("status_branch", Flag, "keeps the branch `buildq-status`").or("true"),
    key("hooks.quiet", Flag, "true: `git commit` says nothing about tasks").or("false"),
    key("lint", Word(&["warn", "deny"]), "or deny, where `buildq init --lint` was run").or("warn"),
    key(
        "judge",
        Either(&[Spelt(&keys::JUDGE), Keys(JUDGE)]),
        "who gives a second opinion before a task first starts; or {builder: opus, timeout: 10m}",
    ),
    key("risk.allow.kinds", List(&KINDS), "kinds of risk").or("[]"),
    key("risk.allow.phrases", List(&Text), "words of a task's text, in any case").or("[]"),
    key("risk.allow.paths", List(&Spelt(&GLOB)), "what a task touches or names").or("[]"),
    key("risk.allow.labels", List(&Text), "labels of a task, in any case").or("[]"),
    key("risk.ask.kinds", List(&KINDS), "kinds of risk").or("[]"),
    key("risk.ask.phrases", List(&Text), "words of a task's text, in any case").or("[]"),
    key("risk.ask.paths", List(&Spelt(&GLOB)), "what a task touches or names").or("[]"),
    key("risk.ask.labels", List(&Text), "labels of a task, in any case").or("[]"),
    key(
        "notify",
        Named(&NOTIFIER_NAME),
        "who is told of what, by name, see \"Hear of it\"",
    )
    .or("{}"),
    key("notify.NAME.on", List(&Either(&[TOPICS, Keys(PROGRESS)])), "of what it is told").must(),
    key("notify.NAME.timeout", Spelt(&BRIEF), "one notice may take so long, at most five minutes")
        .or("30s"),
    key(
        "notify.NAME.command",
        Command,
        "a program and its arguments, which get the facts as JSON on standard input",
    )
    .one_of(),
    key(
        "notify.NAME.webhook",
        Either(&[Spelt(&ADDRESS), Keys(GIVEN), Keys(WEBHOOK)]),
        "a server that is posted to",
    )
    .one_of(),
    key("notify.NAME.email", Keys(EMAIL), "a mail").one_of(),
    key("notify.NAME.desktop", Yes, "a notice on your desktop").one_of(),
    key("notify.NAME.speech", Yes, "the title, said aloud").one_of(),
    key("keep.disk", Spelt(&SIZE), "beyond it the oldest logs go").or("5GB"),
    key("keep.age", Spelt(&SPAN), "logs go after this long").or("30d"),
];

impl Form {
    /// A command, or one with a limit of its own.
    pub const CHECK: Self = Either(&[Command, Keys(CHECK)]);
}

/// A command with a limit of its own.
pub const CHECK: &[Key] = &[
    key("run", Command, "a program and its arguments").must(),
    key("timeout", Spelt(&SPAN), "it has failed after this long").or("1h"),
];

/// A command that prints a calendar.
pub const CALENDAR: &[Key] = &[
    key("run", Command, "a program and its arguments, which print iCalendar").must(),
    key("timeout", Spelt(&BRIEF), "it is ended after this long, at most two minutes").or("10s"),
];

/// A judge with a limit of its own.
pub const JUDGE: &[Key] = &[
    key("builder", Spelt(&keys::JUDGE), "who judges").must(),
    key("timeout", Spelt(&SPAN), "it has given no verdict after this long").or("10m"),
];

/// Where a value comes from that may be a secret.
pub const GIVEN: &[Key] = &[
    key("env", Spelt(&VARIABLE), "a variable that is set where you commit").one_of(),
    key("command", Command, "a command that prints it in its first line").one_of(),
];

/// A server and what it understands.
pub const WEBHOOK: &[Key] = &[
    key(
        "kind",
        Word(&["json", "slack", "discord", "teams", "ntfy", "telegram", "matrix"]),
        "what it understands; where nothing is said, its address tells",
    ),
    key("url", Either(&[Spelt(&ADDRESS), Keys(GIVEN)]), "its address")
        .in_role(Role::Unless("kind", "telegram")),
    key("token", Keys(GIVEN), "what it knows you by")
        .in_role(Role::If("kind", &["telegram", "matrix"])),
    key("chat", Text, "for `telegram`: where the bot writes")
        .in_role(Role::If("kind", &["telegram"])),
    key("room", Text, "for `matrix`: the room's id").in_role(Role::If("kind", &["matrix"])),
];

/// A mail server and an envelope.
pub const EMAIL: &[Key] = &[
    key("server", Text, "its name").must(),
    key("port", Number(1, 65_535), "default: 587 for `starttls`, 465 for `tls`, 25 for `none`"),
    key("security", Word(&["starttls", "tls", "none"]), "how the connection is encrypted")
        .or("starttls"),
    key("user", Text, "who logs in").in_role(Role::With("password")),
    key("password", Keys(GIVEN), "with what").in_role(Role::With("user")),
    key("from", Spelt(&MAILBOX), "who writes").must(),
    key("to", List(&Spelt(&MAILBOX)), "who reads").must(),
];

/// The one topic that says how often.
pub const PROGRESS: &[Key] =
    &[key("progress", Spelt(&OFTEN), "how far a build is, at most this often").must()];

const WINDOW: Form = Either(&[Word(&["always", "never"]), List(&Spelt(&HOURS))]);

const KINDS: Form = Word(&[
    "production",
    "external",
    "financial",
    "destructive",
    "sensitive",
    "access",
    "architecture",
]);

const TOPICS: Form = Word(&[
    "queued",
    "held",
    "started",
    "progress",
    "review",
    "failed",
    "escalated",
    "blocked",
    "stalled",
    "paused",
    "resumed",
    "merged",
    "closed",
    "cancelled",
    "report",
    "morning",
    "needs-you",
    "all",
]);
