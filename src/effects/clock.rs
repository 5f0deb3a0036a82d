//! The one place that asks what time it is.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::env;

/// How often a test clock's file is read again while it holds no time: whoever steps the
/// clock may be half-way through writing it.
const REREADS: u32 = 50;

/// The wall-clock time: the machine's, or the test clock's if there is one.
pub fn now() -> DateTime<Utc> {
    held().map_or_else(Utc::now, |held| held.now)
}

/// How long this machine has been awake since some moment of this process: time that somebody
/// could have sat through. A test clock that does not tell takes each of its steps for such time.
pub fn awake() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    held().map_or_else(|| START.get_or_init(tick).elapsed(), |held| held.awake)
}

/// Whether a test holds the clock. Sleepers then look at it again within 100 ms.
pub fn is_held() -> bool {
    std::env::var_os(env::TEST_CLOCK).is_some()
}

/// The monotonic clock, for measuring how long something took; never stands still.
pub fn tick() -> Instant {
    Instant::now()
}

/// What a test clock shows.
#[derive(Debug, PartialEq)]
struct Held {
    now: DateTime<Utc>,
    awake: Duration,
}

fn held() -> Option<Held> {
    std::env::var_os(env::TEST_CLOCK).and_then(|value| test_time(&value))
}

/// The time that a test clock shows: the value itself, or what stands in the file it names.
fn test_time(value: &OsStr) -> Option<Held> {
    if !Path::new(value).is_absolute() {
        return parse(value.to_str()?);
    }
    (0..REREADS).find_map(|_| {
        let time = std::fs::read_to_string(value).ok().as_deref().and_then(parse);
        if time.is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        time
    })
}

fn parse(text: &str) -> Option<Held> {
    let mut words = text.split_whitespace();
    let now = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
    let seconds =
        words.next().map_or_else(|| u64::try_from(now.timestamp()).ok(), |w| w.parse().ok());
    Some(Held { now, awake: Duration::from_secs(seconds.unwrap_or_default()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_is_a_time_or_a_file_that_holds_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        let at = |value: &OsStr| test_time(value).map(|held| held.now.to_rfc3339());
        assert_eq!(
            at("2026-02-07T22:00:00+01:00".as_ref()).as_deref(),
            Some("2026-02-07T21:00:00+00:00")
        );
        assert_eq!(at("yesterday".as_ref()), None);
        assert_eq!(at(file.as_os_str()), None);
        std::fs::write(&file, "2026-02-08T00:00:00Z\n").unwrap();
        assert_eq!(at(file.as_os_str()).as_deref(), Some("2026-02-08T00:00:00+00:00"));
        // A clock that is set, and a clock that has run.
        let awake = |text: &str| parse(text).map(|held| held.awake.as_secs());
        assert_eq!(awake("2036-02-08T00:00:00Z 60"), Some(60));
        assert_eq!(awake("1970-01-01T00:01:00Z"), Some(60));
        assert_eq!(awake("1960-01-01T00:00:00Z"), Some(0));
    }
}
