//! What an agent says it has used: tokens and cost, read from the end of its output.
//!
//! Claude Code ends with a `result` that has `total_cost_usd` and `usage`; Codex ends each turn
//! with `turn.completed`, older ones count in `token_count`; Gemini gives `stats`; opencode a
//! `step_finish` for each step; aider prints `Tokens: … Cost: …`.
//!
//! A builder can print what it likes, so figures are only ever added up, or the largest is
//! taken: a forged one holds more, never less.

use serde_json::Value;

use crate::domain::cost::Cost;
use crate::domain::event::Spent;

/// More tokens are a slip: what says more is cut there.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// This many objects of several lines are tried.
const MOST_OBJECTS: usize = 50;

/// Reads the end of an output.
pub fn read(output: &str) -> Spent {
    let mut sums = Sums::default();
    for line in output.lines() {
        let line = line.trim();
        if line.starts_with('{')
            && let Ok(value) = serde_json::from_str(line)
        {
            of_value(&value, &mut sums);
        } else if line.starts_with("[{")
            && let Ok(Value::Array(values)) = serde_json::from_str(line)
        {
            values.iter().for_each(|value| of_value(value, &mut sums));
        } else if let Some(rest) = line.strip_prefix("Tokens: ") {
            of_aider(rest, &mut sums);
        }
    }
    for value in spread_objects(output) {
        of_value(&value, &mut sums);
    }
    sums.spent()
}

/// Each figure as a sum of parts, and as the largest of what counts from the beginning.
#[derive(Default)]
struct Sums {
    parts: Spent,
    totals: Spent,
}

impl Sums {
    fn spent(self) -> Spent {
        Spent {
            tokens_in: self.parts.tokens_in.max(self.totals.tokens_in),
            tokens_out: self.parts.tokens_out.max(self.totals.tokens_out),
            cost: self.parts.cost.max(self.totals.cost),
        }
    }

    fn add(&mut self, tokens_in: Option<u64>, tokens_out: Option<u64>, cost: Option<Cost>) {
        let parts = &mut self.parts;
        parts.tokens_in = sum(parts.tokens_in, tokens_in);
        parts.tokens_out = sum(parts.tokens_out, tokens_out);
        parts.cost = match (parts.cost, cost) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b),
        };
    }
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b).min(MOST_TOKENS)),
        (a, b) => a.or(b),
    }
}

/// JSON that is spread over several lines, as Gemini prints it: an object begins with a line
/// that is `{` alone.
fn spread_objects(output: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..MOST_OBJECTS {
        let rest = &output[at..];
        let start = match rest.starts_with("{\n") {
            true => 0,
            false => match rest.find("\n{\n") {
                Some(line) => line + 1,
                None => break,
            },
        };
        let mut values = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                at += start + values.byte_offset();
                found.push(value);
            }
            _ => at += start + 1,
        }
    }
    found
}

fn of_value(value: &Value, sums: &mut Sums) {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let usage = value.get("usage");
    match kind {
        "result" | "turn.completed" => {
            let stats = usage.or(value.get("stats"));
            let tokens = |names: &[&str]| stats.and_then(|stats| all(stats, names));
            // Claude counts what comes from its cache apart, Codex and Gemini within.
            let read =
                tokens(&["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]);
            sums.add(read, tokens(&["output_tokens"]), dollars(value.get("total_cost_usd")));
        }
        "step_finish" => {
            let part = value.get("part").unwrap_or(value);
            let tokens = part.get("tokens");
            let cache = tokens.and_then(|tokens| all(tokens.get("cache")?, &["read", "write"]));
            let fresh = tokens.and_then(|tokens| all(tokens, &["input"]));
            let made = tokens.and_then(|tokens| all(tokens, &["output", "reasoning"]));
            sums.add(sum(fresh, cache), made, dollars(part.get("cost")));
        }
        _ => {
            if let Some(models) = value.pointer("/stats/models").and_then(Value::as_object) {
                for tokens in models.values().filter_map(|model| model.get("tokens")) {
                    let made = all(tokens, &["candidates", "thoughts"]);
                    sums.add(all(tokens, &["prompt"]), made, None);
                }
            }
            let count = ["/payload", "/msg"].into_iter().find_map(|at| value.pointer(at));
            if let Some(total) = count.and_then(|count| count.pointer("/info/total_token_usage")) {
                let totals = &mut sums.totals;
                totals.tokens_in = totals.tokens_in.max(all(total, &["input_tokens"]));
                totals.tokens_out = totals.tokens_out.max(all(total, &["output_tokens"]));
            }
        }
    }
}

/// The sum of those numbers that are there; `None` when none is.
fn all(object: &Value, names: &[&str]) -> Option<u64> {
    let numbers = names.iter().filter_map(|name| object.get(name)?.as_u64());
    numbers.fold(None, |total, number| sum(total, Some(number.min(MOST_TOKENS))))
}

fn dollars(value: Option<&Value>) -> Option<Cost> {
    Cost::dollars(value?.as_f64()?)
}

/// `12k sent, 3k cache hit, 1.2k received. Cost: $0.05 message, $0.12 session.`
fn of_aider(line: &str, sums: &mut Sums) {
    let (tokens, cost) = line.split_once(". Cost: ").unwrap_or((line, ""));
    let (mut sent, mut received) = (None, None);
    for part in tokens.trim_end_matches('.').split(", ") {
        let Some((figure, what)) = part.split_once(' ') else { continue };
        let figure = aiders_tokens(figure);
        match what {
            "received" => received = sum(received, figure),
            "sent" => sent = sum(sent, figure),
            _ => {}
        }
    }
    sums.add(sent, received, None);
    let session = cost.split(", ").find_map(|part| {
        let figure = part.trim_start().strip_prefix('$')?.strip_suffix(" session.")?;
        Cost::dollars(figure.replace(',', "").parse().ok()?)
    });
    sums.totals.cost = sums.totals.cost.max(session);
}

/// `512`, `1.2k`, `3M`
fn aiders_tokens(figure: &str) -> Option<u64> {
    let figure = figure.replace(',', "");
    let (number, times) = match figure.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1e3),
        None => match figure.strip_suffix(['m', 'M']) {
            Some(number) => (number, 1e6),
            None => (figure.as_str(), 1.0),
        },
    };
    let number: f64 = number.parse().ok()?;
    let tokens = number * times;
    // A number, not negative, and cut to what is exact.
    (tokens >= 0.0).then_some(tokens.min(MOST_TOKENS as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `in/out $cost`, `?` for what is not said.
    fn shown(output: &str) -> String {
        let Spent { tokens_in, tokens_out, cost } = read(output);
        let number = |n: Option<u64>| n.map_or("?".into(), |n| n.to_string());
        let cost = cost.map_or("?".into(), |cost| cost.to_string());
        format!("{}/{} ${cost}", number(tokens_in), number(tokens_out))
    }

    #[test]
    fn each_agent_is_understood() {
        for (output, expected) in [
            (
                "{\"type\":\"system\",\"subtype\":\"init\"}\n{\"type\":\"assistant\",\"message\":{\"usage\":{\"input_tokens\":9}}}\n\
                 {\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"total_cost_usd\":0.1234,\
                 \"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":200,\"cache_read_input_tokens\":3000,\"output_tokens\":45}}",
                "3210/45 $0.1234",
            ),
            // `--output-format json --verbose`: one array.
            (
                "[{\"type\":\"system\"},{\"type\":\"result\",\"total_cost_usd\":2,\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}]",
                "1/2 $2.00",
            ),
            (
                "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":26549,\"cached_input_tokens\":22272,\"output_tokens\":1590}}",
                "26549/1590 $?",
            ),
            (
                "{\"type\":\"event_msg\",\"payload\":{\"type\":\"token_count\",\"info\":{\"total_token_usage\":{\"input_tokens\":100,\"output_tokens\":5}}}}\n\
                 {\"type\":\"event_msg\",\"payload\":{\"type\":\"token_count\",\"info\":{\"total_token_usage\":{\"input_tokens\":300,\"output_tokens\":9}}}}",
                "300/9 $?",
            ),
            (
                "Loaded cached credentials.\n{\n  \"response\": \"done\",\n  \"stats\": {\n    \"models\": {\n      \"pro\": {\n        \"tokens\": {\n\
                 \"prompt\": 24939, \"candidates\": 20, \"total\": 25113, \"cached\": 21263, \"thoughts\": 154, \"tool\": 0\n}\n}\n}\n}\n}\n",
                "24939/174 $?",
            ),
            (
                "{\"type\":\"result\",\"status\":\"success\",\"stats\":{\"total_tokens\":120,\"input_tokens\":100,\"output_tokens\":20}}",
                "100/20 $?",
            ),
            (
                "{\"type\":\"step_finish\",\"part\":{\"cost\":0.5,\"tokens\":{\"input\":10,\"output\":2,\"reasoning\":3,\"cache\":{\"read\":100,\"write\":7}}}}\n\
                 {\"type\":\"step_finish\",\"part\":{\"cost\":0.25,\"tokens\":{\"input\":1,\"output\":1,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}}}}",
                "118/6 $0.75",
            ),
            (
                "Tokens: 12k sent, 1.2k received. Cost: $0.05 message, $0.05 session.\n\
                 Tokens: 900 sent, 3k cache hit, 34 received. Cost: $0.0012 message, $0.0512 session.",
                "12900/1234 $0.0512",
            ),
            ("made it\nall tests pass", "?/? $?"),
            ("", "?/? $?"),
        ] {
            assert_eq!(shown(output), expected, "{output}");
        }
    }

    #[test]
    fn two_calls_add_up_and_a_forged_one_only_adds() {
        let result = |cost: &str| format!("{{\"type\":\"result\",\"total_cost_usd\":{cost}}}\n");
        let honest = result("1.5");
        for (forged, expected) in [
            (result("0.5"), "?/? $2.00"),
            (result("-9"), "?/? $1.50"),
            (result("0"), "?/? $1.50"),
            (result("1e999"), "?/? $1.50"),
            (result("NaN"), "?/? $1.50"),
            (result("null"), "?/? $1.50"),
            (result("\"0\""), "?/? $1.50"),
            (result("1e300"), "?/? $1000000.00"),
            ("Tokens: 1 sent, 1 received. Cost: $0.00 message, $0.00 session.".into(), "1/1 $1.50"),
            (
                "Tokens: -5k sent, NaN received. Cost: $-3 message, $NaN session.".into(),
                "?/? $1.50",
            ),
            ("{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":-1}}".into(), "?/? $1.50"),
            (
                "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":18446744073709551615}}"
                    .into(),
                "1000000000000/? $1.50",
            ),
        ] {
            assert_eq!(shown(&format!("{honest}{forged}")), expected, "{forged}");
            assert_eq!(shown(&format!("{forged}\n{honest}")), expected, "{forged}");
        }
    }

    #[test]
    fn noise_is_bounded() {
        let braces = "{\n".repeat(100_000);
        assert_eq!(shown(&braces), "?/? $?");
        let deep = format!("{{\"type\":{}", "[".repeat(100_000));
        assert_eq!(shown(&deep), "?/? $?");
    }
}
