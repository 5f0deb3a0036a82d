//! Commands: what a script does is not said in passing.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::RiskKind::{self, *};
use super::{Evidence, Words};

/// Programs with the arguments that make them delicate: `~` stands for any arguments between.
const COMMANDS: &[(RiskKind, &str)] = &[
    (
        Production,
        "git push, npm publish, yarn publish, pnpm publish, cargo publish, twine upload, kubectl apply, kubectl delete, \
         kubectl rollout, terraform apply, pulumi up, helm upgrade, helm install, gh release, docker push, vercel, netlify deploy, \
         fly deploy, heroku, firebase deploy, serverless deploy, cdk deploy, ansible-playbook, ssh, scp, gem push, \
         railway up, wrangler deploy, wrangler publish, aws ~ deploy, gcloud ~ deploy, eb deploy, cap production deploy, goreleaser release",
    ),
    (
        External,
        "sendmail, mail -s, mailx, mutt, gh issue comment, gh pr comment, gh issue create, curl ~ hooks.slack.com, swaks",
    ),
    (
        Destructive,
        "mkfs, wipefs, shred, dropdb, drop table, drop database, drop schema, truncate table, delete from, terraform destroy, \
         pulumi destroy, git push --force, git push -f, git push --force-with-lease, git filter-branch, git filter-repo, git reset --hard, \
         git clean -fdx, git branch -D, aws s3 rm, aws s3 rb, docker system prune, docker volume rm, kubectl delete, redis-cli flushall, \
         flushall, helm uninstall, heroku apps:destroy, gh repo delete",
    ),
    (
        Sensitive,
        "printenv, gpg --export-secret-keys, pass show, aws secretsmanager, vault kv, gh secret set, security find-generic-password",
    ),
    (
        Access,
        "sudo, chmod 777, chmod -R 777, usermod, useradd, visudo, adduser, ufw, iptables, gh repo edit, aws iam, setfacl",
    ),
];

/// Programs that a line of prose may begin with.
const PROGRAMS: &[&str] = &[
    "git",
    "npm",
    "yarn",
    "pnpm",
    "cargo",
    "twine",
    "kubectl",
    "terraform",
    "helm",
    "gh",
    "docker",
    "aws",
    "gcloud",
    "psql",
    "heroku",
];

/// Whether a line of prose is in truth a command.
pub fn is_command(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let program = words.next().is_some_and(|word| PROGRAMS.contains(&word));
    program
        && words
            .next()
            .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_lowercase() || c == '-'))
}

/// What one of [`COMMANDS`] is made of.
struct Entry {
    kind: RiskKind,
    parts: Vec<&'static str>,
}

/// All of them, in order.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entry = |(kind, words): (RiskKind, &'static str)| Entry {
        kind,
        parts: words.split_whitespace().collect(),
    };
    let of_kind = |(kind, list): &(RiskKind, &'static str)| {
        let kind = *kind;
        list.split(", ").map(move |words| (kind, words))
    };
    COMMANDS.iter().flat_map(of_kind).map(entry).collect()
});

/// Which of them begin with a word.
static BY_FIRST: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut by_first: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, entry) in ENTRIES.iter().enumerate() {
        by_first.entry(entry.parts[0]).or_default().push(index);
    }
    by_first
});

/// What the commands of one line do.
pub fn commands(line: &str, found: &mut Vec<Evidence>) {
    let words: Vec<&str> = line.trim_start_matches(['$', '#', '>']).split_whitespace().collect();
    if words.first().is_none_or(|word| matches!(*word, "echo" | "printf" | "//" | "--")) {
        return;
    }
    let mut add = |kind, words: String| {
        found.push(Evidence { kind, score: 1.0, titled: false, words: Words(words) })
    };
    if let Some(quote) = removes_everything(&words) {
        add(Destructive, quote);
    }
    // Of each entry the first place, in the order of the entries.
    let mut places = BTreeMap::new();
    for start in 0..words.len() {
        let first = bare(words[start]).to_ascii_lowercase();
        if !begins(&words, start) && !matches!(&*first, "drop" | "truncate" | "delete") {
            continue;
        }
        for index in BY_FIRST.get(&*first).into_iter().flatten() {
            if let Some(end) = end_of(&words, start, &ENTRIES[*index].parts) {
                places.entry(*index).or_insert(start..end);
            }
        }
    }
    places.into_iter().for_each(|(index, range)| add(ENTRIES[index].kind, words[range].join(" ")));
}

/// Whether a command may begin at this word.
fn begins(words: &[&str], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| words[before]) else { return true };
    let opens = ["&&", "||", "|", ";", "sudo", "then", "do", "-e", "-c", "time"];
    opens.contains(&before) || before.ends_with(';')
}

/// A word without what stands around it.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ';', '(', ')', '`'])
}

/// Where the parts end, if all of them stand from this word on, of which the first does.
fn end_of(words: &[&str], start: usize, parts: &[&str]) -> Option<usize> {
    let mut at = start + 1;
    let mut rest = parts[1..].iter();
    while let Some(part) = rest.next() {
        if *part == "~" {
            let next = rest.next()?;
            at = (at..words.len()).find(|n| words[*n].contains(next))?;
        } else if !bare(words.get(at)?).eq_ignore_ascii_case(part)
            || (part.starts_with('-') && words.get(at)? != part)
        {
            return None;
        }
        at += 1;
    }
    Some(at)
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
