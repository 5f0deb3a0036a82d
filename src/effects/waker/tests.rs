//! One sleeper, on a clock that the test holds.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(20);

fn repo(dir: &Path) -> Paths {
    fs::create_dir_all(dir.join("buildq")).unwrap();
    fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    Paths::discover(dir, None, "mini").unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = clock::tick();
    while !condition() {
        assert!(begun.elapsed() < LONG, "never: {what}");
        thread::yield_now();
    }
}

#[test]
fn word_is_left_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    assert_eq!(due(&paths), None);
    leave(&paths, None).unwrap();
    let time = at(5) + TimeDelta::nanoseconds(123_456_789);
    write_due(&paths, Some(time)).unwrap();
    assert_eq!(due(&paths), Some(time));
    leave(&paths, None).unwrap();
    assert_eq!(due(&paths), None);
    until("asleep", || !is_awake(&paths));
}

#[test]
fn it_sleeps_until_each_thing_is_due_and_ends_when_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    let (second, syncs) = (AtomicI64::new(0), AtomicUsize::new(0));
    write_due(&paths, Some(at(100))).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let now = || at(second.load(Ordering::SeqCst));
            // Ten minutes: only the bell can wake it in time.
            let sleeper = Sleeper { paths: &paths, now: &now, longest: 10 * LONGEST };
            sleeper.live(&mut || {
                let next = match syncs.fetch_add(1, Ordering::SeqCst) {
                    0 => Some(at(200)),
                    _ => None,
                };
                leave(&paths, next)
            })
        });
        until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
        let second_sleeper = Sleeper { paths: &paths, now: &|| at(0), longest: LONGEST };
        second_sleeper.live(&mut || panic!("there is one already")).unwrap();
        // A clock that was set, and a bell.
        for (now, count) in [(99, 0), (100, 1), (150, 1), (199, 1), (201, 2)] {
            second.store(now, Ordering::SeqCst);
            poke(&paths);
            until("the sync", || syncs.load(Ordering::SeqCst) == count);
        }
        sleeper.join().unwrap().unwrap();
    });
    // A child that another test has just forked holds the lock until it executes.
    until("asleep", || !is_awake(&paths));
    assert_eq!(syncs.into_inner(), 2);
}

#[test]
fn a_clock_that_is_set_back_strands_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    let years = 3653 * 24 * 3600;
    let (second, syncs) = (AtomicI64::new(years), AtomicUsize::new(0));
    write_due(&paths, Some(at(years + 100))).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let now = || at(second.load(Ordering::SeqCst));
            let sleeper = Sleeper { paths: &paths, now: &now, longest: LONGEST_IN_TEST };
            sleeper.live(&mut || {
                let next = (syncs.fetch_add(1, Ordering::SeqCst) == 0).then(|| at(100));
                leave(&paths, next)
            })
        });
        until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
        // A little is what time servers do.
        second.store(years - 30, Ordering::SeqCst);
        poke(&paths);
        second.store(0, Ordering::SeqCst);
        until("the sync", || due(&paths) == Some(at(100)));
        second.store(100, Ordering::SeqCst);
        sleeper.join().unwrap().unwrap();
    });
    assert_eq!(syncs.into_inner(), 2);
}

#[test]
fn an_earlier_time_wakes_it_earlier() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    write_due(&paths, Some(at(1000))).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let sleeper = Sleeper { paths: &paths, now: &|| at(50), longest: 10 * LONGEST };
            sleeper.live(&mut || leave(&paths, None))
        });
        until("awake", || is_awake(&paths) && is_fifo(&bell_path(&paths)));
        write_due(&paths, Some(at(40))).unwrap();
        // The bell may have rung before the sleeper hung it.
        until("the end", || {
            poke(&paths);
            sleeper.is_finished()
        });
        sleeper.join().unwrap().unwrap();
    });
    assert_eq!(due(&paths), None);
}

#[test]
fn a_sync_that_fails_is_tried_again_a_minute_later() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    write_due(&paths, Some(at(10))).unwrap();
    let second = AtomicI64::new(10);
    let mut seen = Vec::new();
    let now = || at(second.load(Ordering::SeqCst));
    let sleeper = Sleeper { paths: &paths, now: &now, longest: LONGEST_IN_TEST };
    let next = |now: i64| second.store(now, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| {
            until("the next try", || due(&paths) == Some(at(70)));
            next(70);
            poke(&paths);
        });
        sleeper
            .live(&mut || {
                seen.push(second.load(Ordering::SeqCst));
                anyhow::ensure!(seen.len() > 1, "the disk is full");
                Ok(())
            })
            .unwrap();
    });
    assert_eq!(seen, [10, 70]);
    assert_eq!(due(&paths), None, "a sync that leaves no word was the last");
}

#[test]
fn it_ends_with_the_repository_or_its_lock() {
    for gone in ["HEAD", "buildq/waker.lock"] {
        let dir = tempfile::tempdir().unwrap();
        let paths = repo(dir.path());
        write_due(&paths, Some(at(1000))).unwrap();
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let longest = Duration::from_millis(5);
                let sleeper = Sleeper { paths: &paths, now: &|| at(0), longest };
                sleeper.live(&mut || panic!("nothing is due"))
            });
            until("awake", || is_awake(&paths));
            fs::remove_file(dir.path().join(gone)).unwrap();
            if gone != "HEAD" {
                until("another lock", || is_awake(&paths));
                fs::remove_file(wake_file(&paths)).unwrap();
            }
            sleeper.join().unwrap().unwrap();
        });
    }
}

#[test]
fn something_else_in_the_fifos_place_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let paths = repo(dir.path());
    fs::write(bell_path(&paths), "x").unwrap();
    poke(&paths);
    write_due(&paths, Some(at(0))).unwrap();
    let sleeper = Sleeper { paths: &paths, now: &|| at(1), longest: LONGEST };
    sleeper.live(&mut || leave(&paths, None)).unwrap();
    assert!(is_fifo(&bell_path(&paths)));
}
