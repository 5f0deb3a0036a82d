//! What the policy makes of the risks of a task: `risk.allow` and `risk.ask`.

use serde::Serialize;

use super::{Risk, RiskKind, mentions};
use crate::domain::config::{Asking, Named};
use crate::domain::task::Task;

/// One reason to ask a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// What could go wrong; `None` where a rule or the text itself wants it.
    pub kind: Option<RiskKind>,
    /// Quoted from the task, or from the rule.
    pub words: String,
    /// For people: lower case, no full stop.
    pub reason: String,
}

/// Every reason to ask about a task of which the risks and the words to wait are
/// known, after what the policy allows and what it adds.
pub fn asks(task: &Task, known: (Vec<Risk>, Option<String>), policy: &Asking) -> Vec<Ask> {
    let (risks, waits) = known;
    let found = risks.into_iter().filter(|risk| !allowed(task, risk, &policy.allow));
    let mut asks: Vec<Ask> = found.map(of_risk).collect();
    asks.extend(waits.map(|words| Ask {
        kind: None,
        reason: format!("it says itself to wait: \"{words}\""),
        words,
    }));
    asks.extend(named(task, &policy.ask));
    asks
}

fn of_risk(risk: Risk) -> Ask {
    let reason = format!("{}: \"{}\"", risk.kind.name(), risk.words);
    Ask { kind: Some(risk.kind), words: risk.words, reason }
}

/// Whether the owner has said that this needs no question.
fn allowed(task: &Task, risk: &Risk, allow: &Named) -> bool {
    let words = risk.words.to_lowercase();
    let phrase = |phrase: &String| words.contains(&phrase.to_lowercase());
    let covered = |path: &String| allow.paths.iter().any(|glob| matches(glob, path));
    allow.kinds.contains(&risk.kind)
        || allow.phrases.iter().any(phrase)
        || label(task, allow).is_some()
        || (!task.touches.is_empty() && task.touches.iter().all(covered))
}

/// What `risk.ask` names in a task.
fn named(task: &Task, ask: &Named) -> Vec<Ask> {
    let rule = |what: &str, words: &str| Ask {
        kind: None,
        words: words.to_owned(),
        reason: format!("`risk.ask` names the {what} `{words}`"),
    };
    let mut asks = Vec::new();
    for risk in mentions(task, &ask.kinds) {
        let reason = format!("`risk.ask` names the kind `{}`: \"{}\"", risk.kind, risk.words);
        asks.push(Ask { kind: Some(risk.kind), words: risk.words, reason });
    }
    let text = if ask.phrases.is_empty() { String::new() } else { whole(task).to_lowercase() };
    let said = ask.phrases.iter().filter(|phrase| text.contains(&phrase.to_lowercase()));
    asks.extend(said.map(|phrase| rule("phrase", phrase)));
    let touched = |glob: &&String| !ask.paths.is_empty() && touches(task, glob);
    asks.extend(ask.paths.iter().filter(touched).map(|glob| rule("path", glob)));
    asks.extend(label(task, ask).map(|label| rule("label", label)));
    asks
}

fn label<'n>(task: &Task, named: &'n Named) -> Option<&'n String> {
    let has = |label: &&String| task.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
    named.labels.iter().find(has)
}

fn whole(task: &Task) -> String {
    let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
    let parts = [task.title.as_str(), task.description.as_str()].into_iter().chain(criteria);
    parts.collect::<Vec<_>>().join("\n")
}

/// Whether a task touches what a glob names, or names a path that it covers.
fn touches(task: &Task, glob: &str) -> bool {
    let stem = |glob: &str| {
        let end = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
        glob[..end].to_owned()
    };
    let within = |own: &String| {
        matches(glob, own) || (own != &stem(own) && stem(glob).starts_with(&stem(own)))
    };
    if task.touches.iter().any(within) {
        return true;
    }
    let Ok(glob) = globset::Glob::new(glob) else { return false };
    let matcher = glob.compile_matcher();
    let edge = |c: char| "`'\"()[]{},;:.".contains(c);
    let text = whole(task);
    let mut words = text.split_whitespace().map(|word| word.trim_matches(edge));
    words.any(|word| !word.is_empty() && matcher.is_match(word))
}

/// Whether a glob covers a path, or all that another glob names.
fn matches(glob: &str, path: &str) -> bool {
    globset::Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::judged::{Heard, hear};
    use crate::domain::config;
    use crate::domain::id::TaskId;
    use crate::domain::task::parse;

    fn told(policy: &str, text: &str) -> String {
        let (config, _) = config::parse("buildq.yaml", policy.as_bytes()).unwrap();
        let parsed = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes());
        let task = parsed.task.unwrap();
        let Heard { risks, waits, .. } = hear(&task);
        let known = (risks, waits);
        let asks = asks(&task, known, &config.risk);
        asks.into_iter().map(|ask| ask.reason).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_owner_allows_and_asks_by_kind_phrase_path_and_label() {
        let send = "Send the newsletter to all subscribers";
        let sent = "external: \"Send the newsletter\"";
        for (policy, text, expected) in [
            ("", send, sent),
            ("risk: {allow: {kinds: [external]}}", send, ""),
            ("risk: {allow: {phrases: [the Newsletter]}}", send, ""),
            ("risk: {allow: {phrases: [invoice]}}", send, sent),
            (
                "risk: {allow: {labels: [routine]}}",
                "---\nlabels: [Routine]\n---\nSend the newsletter to all subscribers",
                "",
            ),
            (
                "risk: {allow: {paths: ['docs/**']}}",
                "---\ntouches: [docs/a.md]\n---\nSend the newsletter to all subscribers",
                "",
            ),
            (
                "risk: {allow: {paths: ['docs/**']}}",
                "---\ntouches: [docs/a.md, src/b.rs]\n---\nSend the newsletter to all subscribers",
                sent,
            ),
            (
                "risk: {ask: {paths: ['area/**']}}",
                "Rename a field in `area/main.txt`.",
                "`risk.ask` names the path `area/**`",
            ),
            (
                "risk: {ask: {paths: ['area/**']}}",
                "---\ntouches: ['area/x/**']\n---\nRename a field",
                "`risk.ask` names the path `area/**`",
            ),
            (
                "risk: {ask: {paths: ['area/x/**']}}",
                "---\ntouches: ['area/**']\n---\nRename a field",
                "`risk.ask` names the path `area/x/**`",
            ),
            ("risk: {ask: {paths: ['area/**']}}", "Rename a field in `src/main.txt`.", ""),
            (
                "risk: {ask: {labels: [legal]}}",
                "---\nlabels: [legal]\n---\nRename a field",
                "`risk.ask` names the label `legal`",
            ),
            (
                "risk: {ask: {phrases: [Price List]}}",
                "Sort the price list",
                "`risk.ask` names the phrase `Price List`",
            ),
            (
                "risk: {allow: {kinds: [external]}, ask: {phrases: [newsletter]}}",
                send,
                "`risk.ask` names the phrase `newsletter`",
            ),
        ] {
            assert_eq!(told(policy, text), expected, "{policy} / {text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_an_error_in_its_place() {
        let wrong =
            config::parse("buildq.yaml", b"risk:\n  ask:\n    kinds: [finacial]\n").unwrap_err();
        let told: Vec<String> = wrong.iter().map(|found| found.sentence()).collect();
        assert_eq!(
            told,
            ["buildq.yaml:3:13: `finacial` is no kind of risk; did you mean `financial`?"]
        );
    }
}
