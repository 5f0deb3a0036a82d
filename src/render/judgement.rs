//! The table of judgement: counts, intervals, and every miss and false alarm.

use std::fmt::Write as _;

use super::text::safe;
use crate::core::judgement::{Counts, Question, Share, Verdict, by_kind, counts};

/// The whole table; without labels the verdicts alone.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut page = String::new();
    for question in [Question::Approve, Question::Unclear] {
        let (all, repos) = counts(verdicts, question);
        if all.n > 0 {
            page += &measured(verdicts, question, (all, repos.into_iter().collect()));
        }
    }
    if page.is_empty() {
        for verdict in verdicts {
            let _ = writeln!(
                page,
                "{:<10} {}\n{}",
                safe(&verdict.id),
                safe(&verdict.title),
                said(verdict)
            );
        }
    }
    page
}

fn measured(
    verdicts: &[Verdict],
    question: Question,
    (all, repos): (Counts, Vec<(String, Counts)>),
) -> String {
    let title = match question {
        Question::Approve => "Asks where a careful owner would want to be asked",
        Question::Unclear => "Holds what is unclear",
    };
    let mut page = format!("{title}\n\n");
    let _ = writeln!(
        page,
        "{:<36} {:>4} {:>4} {:>4} {:>4}  {:<20} precision",
        "repository", "n", "TP", "FP", "FN", "recall"
    );
    for (name, counts) in
        repos.iter().map(|(name, c)| (safe(name), c)).chain([("all".into(), &all)])
    {
        let Counts { n, hits, false_alarms, misses } = counts;
        let (recall, precision) = (share(counts.recall()), share(counts.precision()));
        let _ = writeln!(
            page,
            "{name:<36} {n:>4} {hits:>4} {false_alarms:>4} {misses:>4}  {recall:<20} {precision}"
        );
    }
    if question == Question::Approve {
        page.push('\n');
        for (kind, n, missed) in by_kind(verdicts).into_iter().filter(|(_, n, _)| *n > 0) {
            let _ = writeln!(page, "{:<14} {missed} of {n} missed", kind.name());
        }
    }
    page += &list("missed", verdicts.iter().filter(|v| v.missed(question)));
    page += &list("false alarms", verdicts.iter().filter(|v| v.alarmed(question)));
    page.push('\n');
    page
}

fn list<'v>(heading: &str, verdicts: impl Iterator<Item = &'v Verdict>) -> String {
    let mut page = String::new();
    for verdict in verdicts {
        if page.is_empty() {
            let _ = writeln!(page, "\n{heading}:");
        }
        let kinds: Vec<&str> = verdict.label_kinds.iter().map(|kind| kind.name()).collect();
        let kinds =
            if kinds.is_empty() { String::new() } else { format!(" [{}]", kinds.join(", ")) };
        let _ = writeln!(page, "  {:<8} {}{kinds}", safe(&verdict.id), safe(&verdict.title));
        page += &said(verdict);
    }
    page
}

/// What the gates quote.
fn said(verdict: &Verdict) -> String {
    let mut page = String::new();
    let risks = verdict.risks.iter().map(|r| format!("{}: \"{}\"", r.kind.name(), r.words));
    let waits = verdict.waits.iter().map(|words| format!("waits: \"{words}\""));
    let unclear = verdict.unclear.iter().map(|why| format!("unclear: {why}"));
    for line in risks.chain(waits).chain(unclear) {
        let _ = writeln!(page, "           {}", safe(&line));
    }
    page
}

fn share(share: Option<Share>) -> String {
    let percent = |share: f64| share * 100.0;
    share.map_or("-".into(), |Share { share, from, to }| {
        format!("{:.0} % ({:.0}-{:.0})", percent(share), percent(from), percent(to))
    })
}
