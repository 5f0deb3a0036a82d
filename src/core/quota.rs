//! Whether a builder ended for a reason of its own rather than of the task's: its usage limit
//! is reached, its login has expired, its key is missing.
//!
//! Meant for the end of the output of a builder that has failed. Agents that print JSON lines
//! are heard only where a line says itself that it is an error: what a tool printed during
//! the work is quoted in such lines too.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

/// How many of the last lines are looked at.
const LINES: usize = 15;
/// A time further away than this is not believed.
const FAR: Duration = Duration::days(40);

/// A builder that cannot work now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// When it says that it can again.
    pub until: Option<DateTime<Utc>>,
    /// What it said, on one line, at most 200 characters.
    pub words: String,
}

/// Phrases that say it alone, in lower case.
const SURE: &[&str] = &[
    "usage limit reached",
    "usage limit has been reached",
    "usage_limit_reached",
    "hit your usage limit",
    "hit your limit",
    "hit your session limit",
    "hit your weekly limit",
    "5-hour limit reached",
    "weekly limit reached",
    "exceeded your current quota",
    "insufficient_quota",
    "credit balance is too low",
    "please run /login",
    "run `codex login`",
    "run codex login",
    "run `cursor-agent login`",
    "run 'cursor-agent login'",
    "oauth token has expired",
    "oauth token revoked",
    "invalid x-api-key",
    "incorrect api key provided",
    "resource_exhausted",
    "please set an auth method",
    "quota exceeded for quota metric",
    "exhausted your capacity on this model",
    "exhausted your daily quota",
];

/// Phrases that say it in a line that reports an error, in lower case.
const IN_ERROR: &[&str] = &[
    "rate limit",
    "rate_limit",
    "ratelimit",
    "too many requests",
    "invalid api key",
    "invalid_api_key",
    "api key not valid",
    "missing api key",
    "api key is missing",
    "api_key environment variable",
    "no api key",
    "authentication_error",
    "authentication required",
    "not logged in",
    "token expired",
    "token has expired",
    "overloaded_error",
    "quota exceeded",
    "401 unauthorized",
    "error: 401",
    "error: 429",
];

/// Who is spoken of in a line that is not about the tested program itself.
const VENDORS: &[&str] = &[
    "anthropic",
    "claude",
    "openai",
    "codex",
    "gemini",
    "generativelanguage",
    "openrouter",
    "litellm",
    "cursor",
    "chatgpt",
    "api error",
    "api key",
    "request_id",
];

/// `now` in the zone of the machine: agents name the wall clock's time, often without a zone.
pub fn quota(output_tail: &str, now: DateTime<Tz>) -> Option<Quota> {
    let lines: Vec<&str> = output_tail.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = &lines[lines.len().saturating_sub(LINES)..];
    let said = tail.iter().rev().find_map(|line| complaint(line))?;
    let until = until(&said, now).filter(|at| *at > now && *at - now <= FAR);
    Some(Quota { until: until.map(|at| at.to_utc()), words: one_line(&said) })
}

/// What the line says, if it is that the builder cannot work.
fn complaint(line: &str) -> Option<String> {
    let said = match serde_json::from_str::<Value>(line.trim()) {
        Ok(value @ Value::Object(_)) => error_of(&value)?,
        _ if reads_like_work(line) => return None,
        _ => line.trim().to_owned(),
    };
    let lower = said.to_lowercase().replace('\u{2019}', "'");
    let any = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    let error = lower.contains("error") || lower.contains("unexpected status");
    (any(SURE) || (error && any(IN_ERROR) && any(VENDORS))).then_some(said)
}

/// The message of a JSON line that reports an error.
fn error_of(value: &Value) -> Option<String> {
    let flag = value.get("is_error").and_then(Value::as_bool) == Some(true);
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let failed = matches!(kind, "error" | "turn.failed") || value.get("error").is_some();
    // An error of a tool is part of the work; `result` is the end of it.
    if !(failed || (flag && kind == "result")) {
        return None;
    }
    Some(match value.get("result").and_then(Value::as_str) {
        Some(text) if flag => text.to_owned(),
        _ => format!("error: {value}"),
    })
}

/// Lines of compilers, tests, listings and quoted code, which may speak of anything.
fn reads_like_work(line: &str) -> bool {
    let text = line.trim_start();
    let starts = ["test ", "warning", "-->", "|", "+", "- ", "* ", "#", "//", "at ", "assert", ">"];
    let marks =
        ["... ok", "... FAILED", "PASS", "::", "assert", "Assert", " expected", "()", "=>", "def "];
    starts.iter().any(|start| text.starts_with(start))
        || marks.iter().any(|mark| text.contains(mark))
        || names_a_place(text)
}

/// `src/limits.rs:12` and its like.
fn names_a_place(text: &str) -> bool {
    text.split_whitespace().any(|word| match word.split_once(':') {
        Some((file, line)) => {
            file.contains('.')
                && !file.contains("//")
                && line.starts_with(|c: char| c.is_ascii_digit())
        }
        None => false,
    })
}

fn one_line(said: &str) -> String {
    let clean: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

/// The time that a complaint names: a Unix time, a span, or a wall clock's time.
fn until(said: &str, now: DateTime<Tz>) -> Option<DateTime<Tz>> {
    let lower = said.to_lowercase();
    unix(&lower, now).or_else(|| span(&lower).map(|span| now + span)).or_else(|| clock(said, now))
}

/// `limit reached|1750708800`, `"resets_at":1777936568`
fn unix(lower: &str, now: DateTime<Tz>) -> Option<DateTime<Tz>> {
    ["reached|", "\"resets_at\":", "resets_at="].iter().find_map(|mark| {
        let rest = &lower[lower.find(mark)? + mark.len()..];
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        let at = DateTime::from_timestamp(digits.parse().ok()?, 0)?;
        Some(at.with_timezone(&now.timezone()))
    })
}

/// `try again in 2 days 17 hours 14 minutes`, `"resets_in_seconds":13872`, `retry after 30s`
fn span(lower: &str) -> Option<Duration> {
    if let Some(at) = lower.find("resets_in_seconds") {
        let digits = |c: &char| c.is_ascii_digit();
        let rest = lower[at..].chars().skip_while(|c| !digits(c));
        let seconds = rest.take_while(digits).collect::<String>().parse().ok()?;
        return Duration::try_seconds(seconds);
    }
    let marks = ["again in ", "retry in ", "retry after ", "resets in ", "reset in ", "wait "];
    let rest = marks.iter().find_map(|mark| Some(&lower[lower.find(mark)? + mark.len()..]))?;
    let (mut total, mut number) = (None::<Duration>, String::new());
    for token in tokens(rest) {
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            number = token;
            continue;
        }
        let unit = match token.as_str() {
            "and" | "," => continue,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86400.0,
            _ => break,
        };
        let Ok(count) = number.trim_end_matches('.').parse::<f64>() else { break };
        // Rounded up: a second too early is refused once more.
        let seconds = (count * unit).ceil().min(1e9) as i64;
        total = Some(total.unwrap_or_default() + Duration::seconds(seconds));
        number.clear();
    }
    total
}

/// Runs of digits (with points), runs of letters, and commas.
fn tokens(text: &str) -> Vec<String> {
    let kind = |c: char| match c {
        '0'..='9' | '.' => 1,
        c if c.is_alphabetic() => 2,
        ',' => 3,
        _ => 0,
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = 0;
    for c in text.chars() {
        let this = kind(c);
        match tokens.last_mut() {
            Some(token) if this == last && this != 0 => token.push(c),
            _ if this != 0 => tokens.push(c.to_string()),
            _ => {}
        }
        last = this;
    }
    tokens
}

/// `resets 5:10pm (Europe/Paris)`, `resets May 5 at 9pm`, `at Jul 5th, 2026 8:19 PM`
fn clock(said: &str, now: DateTime<Tz>) -> Option<DateTime<Tz>> {
    let lower = said.to_lowercase();
    let marks = ["resets at ", "reset at ", "resets ", "again at ", "available at "];
    let start = marks.iter().find_map(|mark| Some(lower.find(mark)? + mark.len()))?;
    let zone = zone(said).unwrap_or(now.timezone());
    let there = now.with_timezone(&zone);
    let words: Vec<String> = lower
        .get(start..)?
        .split(|c: char| c.is_whitespace() || ",()".contains(c))
        .filter(|word| !word.is_empty() && *word != "at")
        .take(6)
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect();
    let time = (0..words.len()).find_map(|at| time(&words[at], words.get(at + 1)))?;
    let day = date(&words, there.date_naive());
    let moment = |day: NaiveDate| {
        let civil = NaiveDateTime::new(day, time);
        zone.from_local_datetime(&civil).latest().map(|at| at.with_timezone(&now.timezone()))
    };
    match day {
        Some(day) => moment(day),
        None => {
            let today = moment(there.date_naive())?;
            if today > now { Some(today) } else { moment(there.date_naive().succ_opt()?) }
        }
    }
}

/// A zone's name in parentheses.
fn zone(said: &str) -> Option<Tz> {
    said.split('(').skip(1).find_map(|rest| rest.split(')').next()?.trim().parse().ok())
}

/// `3am`, `5:10pm`, `17:00`, `8:19 pm`
fn time(word: &str, next: Option<&String>) -> Option<NaiveTime> {
    let (digits, half) = match word.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => word.split_at(at),
        None => (word, next.map_or("", String::as_str)),
    };
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) => (hour.parse::<u32>().ok()?, minute.get(..2)?.parse().ok()?),
        None if matches!(half, "am" | "pm") => (digits.parse().ok()?, 0),
        None => return None,
    };
    let hour = match half {
        "am" if hour <= 12 => hour % 12,
        "pm" if hour <= 12 => hour % 12 + 12,
        _ => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

/// `may 5`, `jul 5th 2026`: the year is this one, or the next where that has long passed.
fn date(words: &[String], today: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let at = words.iter().position(|word| MONTHS.iter().any(|month| word.starts_with(month)))?;
    let month = MONTHS.iter().position(|month| words[at].starts_with(month))?;
    let month = u32::try_from(month).ok()? + 1;
    let digits: String = words.get(at + 1)?.chars().take_while(char::is_ascii_digit).collect();
    let day = digits.parse().ok()?;
    let stated = words.get(at + 2).and_then(|word| word.parse().ok()).filter(|year| *year > 2000);
    if let Some(year) = stated {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let this = NaiveDate::from_ymd_opt(today.year(), month, day)?;
    if today - this > Duration::days(180) { this.with_year(today.year() + 1) } else { Some(this) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-01 18:00 in Berlin, 16:00 UTC.
    fn now() -> DateTime<Tz> {
        chrono_tz::Europe::Berlin.with_ymd_and_hms(2026, 7, 1, 18, 0, 0).unwrap()
    }

    fn check(line: &str, until: &str) {
        let tail = format!("compiling\n{line}\n");
        let Some(quota) = quota(&tail, now()) else { panic!("not seen: {line}") };
        let at = quota.until.map_or("?".to_owned(), |at| at.format("%m-%d %H:%M").to_string());
        assert_eq!(at, until, "{line}");
        assert!(!quota.words.is_empty() && quota.words.chars().count() <= 200);
    }

    #[test]
    fn limits_are_seen_with_the_time_they_name() {
        for (line, until) in [
            ("Claude AI usage limit reached|1782939600", "07-01 21:00"),
            (
                "Claude usage limit reached. Your limit will reset at 3pm (America/Bogota).",
                "07-01 20:00",
            ),
            ("5-hour limit reached \u{2219} resets 3am", "07-02 01:00"),
            ("You've hit your limit \u{b7} resets 1:30am (Asia/Dhaka)", "07-01 19:30"),
            (
                "You\u{2019}ve hit your session limit \u{b7} resets 5:10pm (Europe/Paris)",
                "07-02 15:10",
            ),
            ("You've hit your limit \u{b7} resets Jul 5 at 9pm (America/New_York)", "07-06 01:00"),
            (
                "ERROR: You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 2 days 17 hours 14 minutes.",
                "07-04 09:14",
            ),
            (
                "ERROR: You've hit your usage limit. Upgrade to Plus (https://chatgpt.com/explore/plus), or try again at Jul 5th, 2026 8:19 PM.",
                "07-05 18:19",
            ),
            (
                r#"Error: {"type":"error","error":{"type":"usage_limit_reached","resets_in_seconds":13872},"status_code":429}"#,
                "07-01 19:51",
            ),
            (r#"{"error":{"type":"usage_limit_reached","resets_at":1782939600}}"#, "07-01 21:00"),
            (
                r#"{"type":"result","subtype":"success","is_error":true,"result":"You've hit your limit · resets 8pm"}"#,
                "07-01 18:00",
            ),
            (
                r#"API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account's rate limit."}}"#,
                "?",
            ),
            (
                "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached. Please try again in 20s.",
                "07-01 16:00",
            ),
            (
                "Error: You exceeded your current quota, please check your plan and billing details (insufficient_quota)",
                "?",
            ),
            ("[API Error: You have exhausted your daily quota on this model.]", "?"),
            ("Credit balance is too low", "?"),
            ("You've hit your limit \u{b7} resets Jan 5 at 9pm", "?"),
        ] {
            check(line, until);
        }
    }

    #[test]
    fn logins_and_keys_are_seen() {
        for line in [
            "Invalid API key \u{b7} Please run /login",
            "OAuth token has expired \u{b7} Please run /login",
            r#"{"type":"result","is_error":true,"result":"Invalid API key · Fix external API key: error"}"#,
            r#"{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized: Missing bearer, url: https://api.openai.com/v1/responses"}}"#,
            "ERROR: unexpected status 401 Unauthorized: url: https://chatgpt.com/backend-api/codex/responses",
            "Error: Authentication required. Please run 'cursor-agent login' first, or set CURSOR_API_KEY environment variable.",
            "litellm.AuthenticationError: AnthropicException - invalid x-api-key",
            "Please set an Auth method in your /home/a/.gemini/settings.json or specify GEMINI_API_KEY",
            "Error: Incorrect API key provided: sk-abc. You can find it at https://platform.openai.com",
        ] {
            check(line, "?");
        }
    }

    #[test]
    fn ordinary_work_is_not_mistaken_for_it() {
        for line in [
            "test api::returns_401_unauthorized ... ok",
            "test limits::usage_limit_reached ... FAILED",
            "thread 'rate_limit' panicked at src/limit.rs:12:5:",
            "assertion failed: body.contains(\"rate limit\")",
            "error[E0425]: cannot find value `rate_limit` in this scope",
            "error: expected 429 Too Many Requests from the OpenAI mock, got 200",
            "GET /login 401 Unauthorized",
            "E   AssertionError: Error: invalid api key for openai",
            "warning: unused variable: `invalid_api_key`",
            "tests/test_auth.py:40: openai.AuthenticationError: invalid api key",
            "I added a rate limit of 10 requests a minute and a 401 for expired tokens.",
            r#"{"type":"assistant","message":{"content":[{"type":"text","text":"usage limit reached"}]}}"#,
            r#"{"type":"user","message":{"content":[{"type":"tool_result","is_error":true,"content":"Error: 429 rate_limit_error anthropic"}]}}"#,
            r#"{"type":"result","subtype":"success","is_error":false,"result":"Handled: usage limit reached"}"#,
            "make: *** [Makefile:3: all] Error 1",
            "Error: listen EADDRINUSE: address already in use :::3000",
            "",
        ] {
            let tail = format!("{line}\ndone\n");
            assert_eq!(quota(&tail, now()), None, "{line}");
        }
    }

    #[test]
    fn only_the_end_counts() {
        let tail = format!("Please run /login\n{}", "working\n".repeat(LINES));
        assert_eq!(quota(&tail, now()), None);
    }

    #[test]
    fn odd_text_breaks_nothing() {
        for text in [
            "resets",
            "hit your limit resets İ 99:99pm",
            "hit your limit, again in 9999999999999 days",
            "usage limit reached|99999999999999999999",
            "hit your limit, resets Feb 31 at 3am",
            "hit your limit resets 1:é",
        ] {
            let _ = quota(text, now());
        }
    }
}
