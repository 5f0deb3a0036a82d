//! Spans of time as people write and read them: `4h`, `45 minutes`, `1h 30m`.

use std::time::Duration;

/// Longer is a slip.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// Reads `4h`, `4 hours`, `1.5h`, `1h30m`, `~2h`, `2-3 hours` (the upper end) …
pub fn parse(text: &str) -> Result<Duration, String> {
    let lower = text.trim().to_lowercase();
    let mut rest = lower.as_str();
    for word in ["~", "≈", "about", "around", "approximately", "approx.", "approx", "circa", "ca."]
    {
        rest = rest.strip_prefix(word).map_or(rest, str::trim_start);
    }
    let rest = upper_end(rest);
    let plain = rest.replace(" and ", " ").replace(',', " ");
    let plain = plain.trim();
    if plain.is_empty() {
        return Err("a span of time is missing".into());
    }
    if plain.parse::<f64>().is_ok() {
        return Err(format!("`{plain}` has no unit: write `{plain}m`, `{plain}h` or `{plain}d`"));
    }
    let span = humantime::parse_duration(plain)
        .map_err(|_| format!("{} is no span of time", super::diagnostic::quoted(text)))?;
    if span > LONGEST {
        return Err(format!("{} is longer than ten years", super::diagnostic::quoted(text)));
    }
    Ok(span)
}

/// `2-3 hours` → `3 hours`, `2h to 3h` → `3h`
fn upper_end(text: &str) -> &str {
    let starts_with_digit = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    for between in [" to ", "-", "–", "—", ".."] {
        if let Some((low, high)) = text.split_once(between)
            && starts_with_digit(low)
            && starts_with_digit(high.trim_start())
        {
            return high.trim_start();
        }
    }
    text
}

/// Short, for people, rounded down to two units: `4h`, `1h 30m`, `45s`, `2d 3h`.
pub fn show(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds == 0 {
        return match span.as_millis() {
            0 => "0s".into(),
            millis => format!("{millis}ms"),
        };
    }
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let largest = units.iter().position(|(_, size)| seconds >= *size).unwrap_or(3);
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, size) in units.iter().skip(largest).take(2) {
        let count = left / size;
        left %= size;
        if count > 0 {
            parts.push(format!("{count}{name}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_spans_in_many_ways() {
        let minute = 60_000;
        let hour = 60 * minute;
        for (text, millis) in [
            ("4h", 4 * hour),
            ("4 hours", 4 * hour),
            ("1 Hour", hour),
            ("45 minutes", 45 * minute),
            ("90m", 90 * minute),
            ("90 min", 90 * minute),
            ("2 hrs", 2 * hour),
            ("1.5h", 90 * minute),
            ("1.5 hours", 90 * minute),
            ("0.5 h", 30 * minute),
            ("2 days", 48 * hour),
            ("1h30m", 90 * minute),
            ("1h 30m", 90 * minute),
            ("1 hour and 30 minutes", 90 * minute),
            ("1 hour, 5 min", 65 * minute),
            ("30s", 30_000),
            ("500ms", 500),
            ("~2h", 2 * hour),
            ("~ 2 h", 2 * hour),
            ("about 2 hours", 2 * hour),
            ("2-3 hours", 3 * hour),
            ("2h-3h", 3 * hour),
            ("2 – 3 h", 3 * hour),
            ("2 to 3 hours", 3 * hour),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_said() {
        for (text, message) in [
            ("", "a span of time is missing"),
            ("4", "`4` has no unit: write `4m`, `4h` or `4d`"),
            ("soon", "`soon` is no span of time"),
            ("-3h", "`-3h` is no span of time"),
            ("99999999999999999999h", "`99999999999999999999h` is no span of time"),
            ("100 years", "`100 years` is longer than ten years"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn spans_are_shown_short() {
        for (text, shown) in [
            ("240m", "4h"),
            ("90m", "1h 30m"),
            ("45s", "45s"),
            ("51h", "2d 3h"),
            ("2days 5m", "2d"),
            ("90s", "1m 30s"),
            ("500ms", "500ms"),
            ("1500ms", "1s"),
            ("0s", "0s"),
            ("8h 0m 59s", "8h"),
        ] {
            assert_eq!(show(parse(text).unwrap()), shown, "{text}");
        }
    }
}
