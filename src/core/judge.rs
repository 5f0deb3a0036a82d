//! A judge's answer: the last JSON object of the fixed form in whatever it printed, and its quotes
//! held against the task's text. Pure.

use serde::Deserialize;

use super::answer;
use crate::domain::event::{Concern, Opinion};
use crate::domain::trailers::one_line;

/// Of each list.
const MOST: usize = 20;
/// Of each text, in bytes.
const TEXT: usize = 500;

/// Every kind that an answer may name.
pub use crate::domain::risk::KINDS;

#[derive(Deserialize)]
struct Answer {
    clear: bool,
    risks: Vec<Risk>,
    questions: Vec<String>,
}

#[derive(Deserialize)]
struct Risk {
    kind: String,
    quote: String,
}

/// What it says of a task with this text; or why that is no answer.
pub fn read(printed: &str, task: &str) -> Result<Opinion, String> {
    let answer: Option<Answer> = answer::last_of(printed);
    let answer = answer.ok_or("it printed no answer of the form that was asked for")?;
    let task = plain(task);
    let risks = answer.risks.into_iter().take(MOST).map(|risk| concern(&risk, &task));
    let said = |text: String| one_line(&text, TEXT);
    let questions = answer.questions.into_iter().map(said).filter(|text| !text.is_empty());
    let opinion = Opinion {
        clear: answer.clear,
        risks: risks.collect::<Result<_, _>>()?,
        questions: questions.take(MOST).collect(),
    };
    Ok(opinion)
}

fn concern(risk: &Risk, task: &str) -> Result<Concern, String> {
    let kind = risk.kind.trim().to_lowercase();
    if !KINDS.iter().any(|known| known.name() == kind) {
        let kind = one_line(&kind, 40);
        return Err(format!("it names a kind of risk that there is not: `{kind}`"));
    }
    let words = one_line(&risk.quote, TEXT);
    let quoted = !words.is_empty() && task.contains(&plain(&words));
    Ok(Concern { kind, words, quoted })
}

/// In lower case, runs of white space as one blank, without Markdown's marks of emphasis.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace(['*', '`', '_'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "Drop the *old* table\n  `users_v1` and tell nobody.";

    /// `clear; kind "quote"; kind ~words; ?question`
    fn shown(printed: &str) -> String {
        match read(printed, TASK) {
            Err(why) => why,
            Ok(opinion) => {
                let mut parts = vec![if opinion.clear { "clear" } else { "unclear" }.to_owned()];
                parts.extend(opinion.risks.iter().map(Concern::shown));
                parts.extend(opinion.questions.iter().map(|question| format!("?{question}")));
                parts.join("; ")
            }
        }
    }

    #[track_caller]
    fn check(printed: &str, expected: &str) {
        assert_eq!(shown(printed), expected, "{printed}");
    }

    const NONE: &str = "it printed no answer of the form that was asked for";

    #[test]
    fn the_last_object_that_fits_counts() {
        let yes = r#"{"clear": true, "risks": [], "questions": []}"#;
        let no = r#"{"clear": false, "risks": [], "questions": ["Which?"]}"#;
        check(yes, "clear");
        check(&format!("I looked.\n```json\n{no}\n```\nThat is all."), "unclear; ?Which?");
        check(&format!("{yes}\n{no}"), "unclear; ?Which?");
        check(&format!("{no} {{}} {{\"a\": 1}} {{ not json"), "unclear; ?Which?");
        check(
            r#"{"clear": true, "risks": [], "questions": [], "why": "extra keys are fine"}"#,
            "clear",
        );
    }

    #[test]
    fn what_does_not_fit_is_no_answer() {
        for printed in [
            "",
            "yes",
            "{\"clear\": true}",
            r#"{"clear": "true", "risks": [], "questions": []}"#,
            r#"{"clear": true, "risks": {}, "questions": []}"#,
            r#"{"clear": true, "risks": [{"kind": "access"}], "questions": []}"#,
            r#"{"clear": true | false, "risks": [], "questions": []}"#,
            r#"{"clear": true, "risks": [], "questions": []"#,
        ] {
            check(printed, NONE);
        }
        check(
            r#"{"clear": true, "risks": [{"kind": "legal", "quote": "x"}], "questions": []}"#,
            "it names a kind of risk that there is not: `legal`",
        );
    }

    #[test]
    fn quotes_are_held_against_the_text() {
        let answer = |quote: &str| {
            let risk = serde_json::json!({"kind": "Destructive", "quote": quote});
            serde_json::json!({"clear": true, "risks": [risk], "questions": []}).to_string()
        };
        check(
            &answer("drop the old table users_v1"),
            "clear; destructive: \"drop the old table users_v1\"",
        );
        check(
            &answer("all data is lost"),
            "clear; destructive, in its own words: all data is lost",
        );
        check(&answer(""), "clear; destructive, in its own words: ");
    }

    #[test]
    fn agents_wrap_what_the_model_says() {
        let answer = r#"{"clear": false, "risks": [], "questions": ["Which?"]}"#;
        let inner = serde_json::to_string(&format!("Here it is:\n{answer}")).unwrap();
        let claude =
            format!(r#"{{"type":"result","subtype":"success","result":{inner},"cost":0.1}}"#);
        check(&claude, "unclear; ?Which?");
        let stream = format!(
            "{{\"type\":\"assistant\",\"message\":{{\"content\":[{{\"type\":\"text\",\"text\":{inner}}}]}}}}\n\
             {{\"type\":\"system\",\"subtype\":\"end\"}}"
        );
        check(&stream, "unclear; ?Which?");
        let codex = format!(
            "{{\"type\":\"item.completed\",\"item\":{{\"type\":\"agent_message\",\"text\":{inner}}}}}\n\
             {{\"type\":\"turn.completed\",\"usage\":{{\"input_tokens\":1}}}}"
        );
        check(&codex, "unclear; ?Which?");
    }

    #[test]
    fn a_flood_is_read_within_bounds() {
        let answer = r#"{"clear": true, "risks": [], "questions": []}"#;
        check(&"{".repeat(3 << 20), NONE);
        check(&format!("{answer}{}", "{\"a\":".repeat(3000)), NONE);
        check(&format!("{}{answer}", "ä{".repeat(1 << 20)), "clear");
        let many = format!("[{}]", vec!["\"Which?\""; 100].join(","));
        let many = format!(r#"{{"clear": true, "risks": [], "questions": {many}}}"#);
        assert_eq!(read(&many, TASK).unwrap().questions.len(), MOST);
    }
}
