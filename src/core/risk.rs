//! Words of a task that a careful owner would want to be asked about first. Advice, not a
//! wall: a text can evade it.

use serde::{Deserialize, Serialize};

use crate::domain::task::Task;

/// What could go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskKind {
    /// Something that others use changes.
    Production,
    /// A message leaves the house.
    External,
    /// Money.
    Financial,
    /// Something is gone for good.
    Destructive,
    /// Secrets or personal data.
    Sensitive,
    /// Who may do what.
    Access,
    /// The structure of the whole.
    Architecture,
}

impl RiskKind {
    /// The kind in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::External => "external",
            Self::Financial => "financial",
            Self::Destructive => "destructive",
            Self::Sensitive => "sensitive",
            Self::Access => "access",
            Self::Architecture => "architecture",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What could go wrong.
    pub kind: RiskKind,
    /// Quoted from the task.
    pub words: String,
}

use RiskKind::{Access, Architecture, Destructive, External, Financial, Production, Sensitive};

/// Phrases in prose, in lower case, with commas between them: `*` ends a word stem, `~` stands
/// for up to three words.
const PHRASES: &[(RiskKind, &str)] = &[
    (
        Production,
        "\
         deploy, deploys, deployed ~ to, go live, goes live, to production, in production, \
         production server*, production database*, production site, prod database, to prod, \
         live site, live server*, publish ~ npm, publish ~ pypi, publish ~ registry, publish \
         ~ crates, publish ~ release, git push, push ~ to origin, push ~ to github, push ~ \
         tag, release tag, roll out, dns, supabase sql editor, vercel env, launch ~ page, \
         launch ~ site",
    ),
    (
        External,
        "\
         send ~ email*, send ~ mail*, send ~ newsletter*, send ~ message*, send ~ sms, fire \
         ~ sms, email ~ customer*, email ~ user*, email drip, tweet*, post on, post to, \
         posts across, posts to, schedules across, publish ~ post*, publish ~ article*, \
         marketing push, announce*, newsletter to, outreach, contact ~ customer*, twilio, \
         referral program, comment on ~ issue*",
    ),
    (
        Financial,
        "\
         stripe, paypal, payment*, invoice*, billing, refund*, purchase*, buy, credit card*, \
         bank account*, pay for, charge ~ customer*, charge ~ card*, subscription price*, \
         wire transfer, ad budget, crypto wallet*",
    ),
    (
        Destructive,
        "\
         delete all, delete every, delete ~ data, delete ~ database*, delete ~ user*, delete \
         ~ account*, delete ~ record*, delete ~ branch*, delete ~ backup*, delete ~ \
         article*, drop ~ table*, drop ~ database*, drop ~ column*, remove all data, remove \
         ~ from production, wipe*, purge*, truncate ~ table*, force push*, force-push*, rm \
         -rf, reset --hard, overwrite ~ data*, overwrite ~ history, rewrite ~ history, \
         erase*, destroy*",
    ),
    (
        Sensitive,
        "\
         password*, api key*, apikey*, secret key*, secrets, credential*, private key*, \
         access token*, auth token*, bearer token*, personal data, customer data, user data, \
         pii, gdpr, social security, medical record*, patient*, health record*, bank ~ \
         integration, inbox",
    ),
    (
        Access,
        "\
         authentication, authorization, auth tokens, access right*, access control*, admin \
         access, admin right*, grant ~ access, grant ~ permission*, revoke*, user \
         permission*, user role*, make ~ public, firewall rule*, sudo, iam, session \
         management",
    ),
    (
        Architecture,
        "\
         rewrite ~ from scratch, rewrite ~ in rust, rewrite ~ in go, re-architect*, \
         rearchitect*, new architecture, restructure ~ repo*, reorganize ~ repo*, \
         microservice*, monorepo, replace ~ database, migrate ~ to postgres*, migrate ~ \
         framework, storage backend*, pluggable backend*, crdt, storage driver interface, \
         rename repository, switch ~ framework",
    ),
];

/// Phrases in commands, where nothing is said in passing.
const COMMANDS: &[(RiskKind, &str)] = &[
    (
        Production,
        "\
         git push, npm publish, cargo publish, twine upload, kubectl apply, kubectl delete, \
         terraform apply, helm upgrade, gh release, docker push, vercel, netlify, fly \
         deploy, ssh, scp",
    ),
    (
        External,
        "\
         sendmail, mail -s, mailx, mutt, curl ~ hooks.slack.com*",
    ),
    (
        Destructive,
        "\
         mkfs*, dd ~ of=/dev/*, drop table, drop database, truncate table, git push --force, \
         git push -f, terraform destroy, shred, aws s3 rm, docker system prune, dropdb, \
         wipefs",
    ),
    (
        Sensitive,
        "\
         printenv",
    ),
    (
        Access,
        "\
         sudo, chmod 777, chmod -r 777, chown -r, usermod, useradd, visudo",
    ),
];

/// Before a phrase, these say that it is not done.
const NOT: &str = "\
    not, no, never, don't, dont, doesn't, without, avoid, nothing, cannot, can't, won't, \
    instead, neither";

/// Near a phrase, these say that it is only spoken of.
const SPOKEN_OF: &str = "\
    test, tests, testing, mock, mocks, fake, stub, simulate, document, documents, docs, \
    documentation, documented, guide, readme, example, examples, explain, describe, article, \
    tutorial, unit, fixture, typo, rename, command, subcommand, button, flag, option, \
    helper, function, label";

/// What in a task's words and commands a person should know of before it starts; at most one
/// finding of each kind, in the order of the kinds.
pub fn risks(task: &Task) -> Vec<Risk> {
    let (said, fenced) = unfenced(&task.description);
    let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
    let prose: Vec<Vec<&str>> =
        [task.title.as_str()].into_iter().chain(said).chain(criteria).flat_map(sentences).collect();
    let scripts = task.steps.iter().flat_map(|step| step.script.lines());
    let checks: Vec<String> = task.verify.iter().map(|check| check.argv.join(" ")).collect();
    let commands: Vec<Vec<&str>> = scripts
        .chain(fenced)
        .chain(checks.iter().map(String::as_str))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let mut risks: Vec<Risk> = Vec::new();
    let mut add = |kind: RiskKind, words: Option<String>| {
        if let Some(words) = words
            && !risks.iter().any(|risk| risk.kind == kind)
        {
            risks.push(Risk { kind, words });
        }
    };
    add(Destructive, commands.iter().find_map(|line| removes_everything(line)));
    for (kind, phrases) in COMMANDS {
        add(*kind, commands.iter().find_map(|line| first(line, phrases, |_, _| true)));
    }
    for (kind, phrases) in PHRASES {
        add(*kind, prose.iter().find_map(|line| first(line, phrases, is_meant)));
    }
    risks.sort_by_key(|risk| risk.kind);
    risks
}

/// The lines outside and inside of code fences.
fn unfenced<'a>(text: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut fenced = false;
    let is_fence = |line: &str| line.starts_with("```") || line.starts_with("~~~");
    let lines = text.lines().filter_map(|line| {
        let fence = is_fence(line.trim_start());
        fenced ^= fence;
        (!fence).then_some((line, fenced))
    });
    let (inside, outside): (Vec<_>, Vec<_>) = lines.partition(|(_, fenced)| *fenced);
    let lines = |list: Vec<(&'a str, bool)>| list.into_iter().map(|(line, _)| line).collect();
    (lines(outside), lines(inside))
}

/// The words of each sentence or line.
fn sentences(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.split(['\n', ';', '!', '?'])
        .flat_map(|line| line.split(". "))
        .map(|sentence| sentence.split_whitespace().collect())
}

fn bare(word: &str) -> String {
    let signs = |c: char| !c.is_alphanumeric();
    let inner = word.trim_end_matches(signs).trim_start_matches(|c: char| signs(c) && c != '-');
    inner.to_lowercase()
}

/// The first of the phrases that stands in the words and passes.
fn first(
    words: &[&str],
    phrases: &str,
    passes: impl Fn(&[&str], std::ops::Range<usize>) -> bool,
) -> Option<String> {
    let plain: Vec<String> = words.iter().map(|word| bare(word)).collect();
    for phrase in phrases.split(", ") {
        let parts: Vec<&str> = phrase.split_whitespace().collect();
        for start in 0..plain.len() {
            if let Some(length) = matched(&plain[start..], &parts)
                && passes(words, start..start + length)
            {
                return Some(words[start..start + length].join(" "));
            }
        }
    }
    None
}

/// How many words a phrase takes here.
fn matched(words: &[String], parts: &[&str]) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(0) };
    if *part == "~" {
        return (0..=3).find_map(|skip| Some(skip + matched(words.get(skip..)?, rest)?));
    }
    let word = words.first()?;
    let same = match part.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == part,
    };
    if same { Some(1 + matched(&words[1..], rest)?) } else { None }
}

/// Neither denied nor merely spoken of.
fn is_meant(words: &[&str], at: std::ops::Range<usize>) -> bool {
    let within = |range: std::ops::Range<usize>, list: &str| {
        let listed = |word: &&str| list.split(", ").any(|other| other == bare(word));
        words[range].iter().any(listed)
    };
    let before = at.start.saturating_sub(4)..at.start;
    let around_start = at.start.saturating_sub(3)..at.start;
    let around_end = at.end..(at.end + 2).min(words.len());
    !within(before, NOT) && !within(around_start, SPOKEN_OF) && !within(around_end, SPOKEN_OF)
}

/// `rm` of whole trees outside the workspace.
fn removes_everything(words: &[&str]) -> Option<String> {
    let rm = words.iter().position(|word| *word == "rm" || word.ends_with("/rm"))?;
    let rest = &words[rm + 1..];
    let recursive = |word: &&&str| {
        **word == "--recursive"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains(['r', 'R']))
    };
    let outside = |word: &&&str| {
        let path = word.trim_matches(['"', '\'']);
        path.starts_with(['/', '~'])
            || path.starts_with("$HOME")
            || path.contains("..")
            || path == "*"
            || path == "."
            || path == "./*"
    };
    let both = rest.iter().any(|w| recursive(&w)) && rest.iter().any(|w| outside(&w));
    both.then(|| words[rm..].iter().take(6).copied().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn told(text: &str) -> String {
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        let risks = risks(&parsed.task.unwrap());
        let lines: Vec<_> =
            risks.iter().map(|r| format!("{}: {}", r.kind.name(), r.words)).collect();
        lines.join("; ")
    }

    #[test]
    fn risky_words_are_quoted() {
        for (text, risks) in [
            ("Deploy the API.", "production: Deploy"),
            ("Then send the weekly emails.", "external: send the weekly emails."),
            ("Charge the customer through Stripe.", "financial: Stripe."),
            ("Delete all of last year's logs", "destructive: Delete all"),
            ("DROP the old users table", "destructive: DROP the old users table"),
            ("Store the API keys", "sensitive: API keys"),
            ("Grant the bot access", "access: Grant the bot access"),
            ("Rewrite the parser from scratch", "architecture: Rewrite the parser from scratch"),
            ("Text\n```sh\nrm -rf \"$HOME\"/x\n```", "destructive: rm -rf \"$HOME\"/x"),
            ("Text\n```sh\ncd a && rm -r -f /\n```", "destructive: rm -r -f /"),
            (
                "Text\n```sh\ngit push --force\n```",
                "production: git push; destructive: git push --force",
            ),
            ("Text\n```sh\nsudo make install\n```", "access: sudo"),
        ] {
            assert_eq!(told(text), risks, "{text}");
        }
    }

    #[test]
    fn what_is_denied_or_only_spoken_of_is_no_risk() {
        for text in [
            "Write hello.txt with a greeting",
            "Do not deploy anything.",
            "Never delete all records.",
            "Test the delete all command",
            "Document how to deploy the API",
            "Add tests for payment parsing",
            "Fix the typo in the password label",
            "Text\n```sh\nrm -rf target/x build\n```",
            "Fix the tokenizer; it drops the last token",
        ] {
            assert_eq!(told(text), "", "{text}");
        }
    }
}
