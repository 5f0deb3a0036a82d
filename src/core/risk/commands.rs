//! Commands: what a script does is not said in passing.

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
    for (kind, list) in COMMANDS {
        for entry in list.split(", ") {
            let parts: Vec<&str> = entry.split_whitespace().collect();
            if let Some(range) = find(&words, &parts) {
                add(*kind, words[range].join(" "));
            }
        }
    }
}

/// Where the parts stand: the first where a command may begin.
fn find(words: &[&str], parts: &[&str]) -> Option<std::ops::Range<usize>> {
    let begins = |at: usize| {
        at == 0
            || matches!(
                words[at - 1],
                "&&" | "||" | "|" | ";" | "sudo" | "then" | "do" | "-e" | "-c" | "time"
            )
            || words[at - 1].ends_with(';')
    };
    let same = |word: &str, part: &str| {
        word.trim_matches(['"', '\'', ';', '(', ')', '`']).eq_ignore_ascii_case(part)
    };
    (0..words.len()).find_map(|start| {
        let sql = matches!(parts[0], "drop" | "truncate" | "delete");
        if !(begins(start) || sql) || !same(words[start], parts[0]) {
            return None;
        }
        let mut at = start + 1;
        let mut rest = parts[1..].iter();
        while let Some(part) = rest.next() {
            if *part == "~" {
                let next = rest.next()?;
                at = (at..words.len()).find(|n| words[*n].contains(next))?;
            } else if !same(words.get(at)?, part)
                || (part.starts_with('-') && words.get(at)? != part)
            {
                return None;
            }
            at += 1;
        }
        Some(start..at)
    })
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
