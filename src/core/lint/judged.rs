//! What the gates `clear` and `risk` would say, at the words that caused it.

use super::page::Page;
use crate::core::judged::hear;
use crate::domain::diagnostic::Diagnostic;

/// Unclear is a warning, since the task would be held; risk is a note, since it is wanted so.
pub fn judge(page: &Page, findings: &mut Vec<Diagnostic>) {
    let Some(task) = &page.task else { return };
    let heard = hear(task);
    if let Some(reason) = heard.unclear {
        let quoted = between_quotes(&reason).and_then(|words| page.quote(words));
        let warning = Diagnostic::warning(page.path, format!("it is not clear: {reason}"));
        let hint = "say what is to be true in the end, in words that can be checked";
        findings.push(warning.code("unclear").at(quoted.or_else(|| page.title())).hint(hint));
    }
    for risk in heard.risks {
        let message = format!(
            "a person is asked first, since this speaks of {}: \"{}\"",
            risk.kind.name(),
            risk.words
        );
        let place = page.quote(&risk.words).or_else(|| page.title());
        let note = Diagnostic::note(page.path, message).code("risk").at(place);
        findings.push(note.hint(format!("once it is committed: buildq approve {}", page.id)));
    }
}

fn between_quotes(reason: &str) -> Option<&str> {
    let (start, end) = (reason.find('"')? + 1, reason.rfind('"')?);
    reason.get(start..end).filter(|words| !words.trim().is_empty())
}
