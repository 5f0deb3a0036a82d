//! The dashboard, in a real browser: every section, its filter, keyboard, light and dark, on a
//! phone, and hostile text as text. What is seen is kept as `dashboard-*.png` in the tests' folder.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{Served, TestRepo};

/// A title that would like to be markup, in its YAML.
const HOSTILE: &str =
    r#"<script>document.title='taken'</script><img src=x onerror=alert(1)> & "it""#;

/// What the builder does hangs on the task; before it ends, the clock stands where `later` says.
const AGENT: &str = r#"
later() { test -e $OUT/later && mv $OUT/later $OUT/clock; }
case $BUILDQ_TASK-$BUILDQ_ATTEMPT in
  search-index-1) echo "building the index"; echo "thread 'main' panicked: no space in the arena"; later; exit 101;;
  flaky-import-*) echo "connection reset by peer"; later; exit 7;;
  table-export-*) echo draft > draft; git add -A; git commit -qm "Sketch the export"
    later; buildq block "Which of the two tables counts, the one of 2025 or of 2026?"; exit 0;;
  playlist-sync-*) echo one > lists.py; git add -A; git commit -qm "Read a list of songs"
    echo "== lists are read"; echo "== fetching liked songs"; buildq progress 40 "lists are read, fetching liked songs"
    touch $OUT/alive-$BUILDQ_TASK; until test -e $OUT/go; do sleep 0.05; done; echo two > made; exit 0;;
esac
echo "reading the task"; echo "$BUILDQ_TASK" > "$BUILDQ_TASK.txt"; git add -A; git commit -qm "Make $BUILDQ_TASK <b>whole</b>"
echo "all done <img src=x onerror=alert(2)>"
buildq progress 90 "nearly there" --deliverable "https://example.org/$BUILDQ_TASK" --deliverable "javascript:alert(3)" --next "Announce it"
later
buildq done -m "The work is done; <i>nothing</i> is left open."
exit 0
"#;

/// A task with a title.
fn text(title: &str, more: &str) -> String {
    let title = json!(title);
    format!(
        "---\ntitle: {title}\npriority: high\nestimate: 2h\n{more}---\n\
         Write a file with the result into the top folder.\n\n## Completion criteria\n\
         - [x] the file is there\n- [ ] it holds the result\n"
    )
}

/// Five days of work: all that a page can show.
fn stage() -> TestRepo {
    let more = "verify: [\"test -d .\"]\nretry: {max: 1}";
    let repo = TestRepo::with_agent(AGENT, more);
    let build = |task: &str, title: &str, (from, to): (&str, &str), end: &str| {
        repo.step(from);
        std::fs::write(repo.root().join("later"), to).unwrap();
        repo.task(task, &text(title, ""));
        repo.wait_until(task, end).settle();
    };
    build(
        "date-words",
        "Dates as people write them",
        ("2026-02-03T09:00:00Z", "2026-02-03T11:10:00Z"),
        "succeeded",
    );
    repo.buildq(["accept", "date-words"]).success();
    build(
        "search-index",
        "An index for the search",
        ("2026-02-04T10:00:00Z", "2026-02-04T10:40:00Z"),
        "failed",
    );
    repo.step("2026-02-04T10:50:00Z");
    std::fs::write(repo.root().join("later"), "2026-02-04T13:00:00Z").unwrap();
    repo.buildq(["sync"]).success();
    repo.wait_until("search-index", "succeeded").settle();
    repo.buildq(["accept", "search-index"]).success();
    build(
        "csv-reader",
        "Read CSV as spreadsheets write it",
        ("2026-02-05T20:00:00Z", "2026-02-05T22:30:00Z"),
        "succeeded",
    );
    build(
        "flaky-import",
        "Import from the old system",
        ("2026-02-06T01:00:00Z", "2026-02-06T01:20:00Z"),
        "failed",
    );
    repo.step("2026-02-06T01:30:00Z");
    repo.buildq(["sync"]).success();
    repo.wait_until("flaky-import", "escalated").settle();
    build(
        "table-export",
        "Export of the tables",
        ("2026-02-06T08:00:00Z", "2026-02-06T08:45:00Z"),
        "blocked",
    );
    build("hostile", HOSTILE, ("2026-02-06T21:00:00Z", "2026-02-06T23:50:00Z"), "succeeded");
    repo.step("2026-02-07T07:30:00Z");
    repo.task("playlist-sync", &text("Playlists by mood, every week", ""));
    repo.wait_alive("playlist-sync");
    repo.wait_for(|repo| repo.buildq(["status", "--json"]).stdout.contains("lists are read"));
    repo.step("2026-02-07T08:10:00Z");
    repo.task(
        "night-report",
        &text("A report of the night", "depends_on: [playlist-sync]\n").replace("high", "medium"),
    );
    repo.task(
        "old-icons",
        &text("Tidy the list of icons", "blockers: [\"the list is not here yet\"]\n"),
    );
    repo.task("icons", &text("Icons in four sizes", "").replace("high", "low"));
    repo.settle_but_builds();
    repo
}

#[test]
fn a_browser_shows_it_all() {
    let Some(mut browser) = Browser::start() else { return };
    let repo = stage();
    repo.buildq(["dashboard"]).stderr_has("written: progress.html").success();
    let page = repo.path("progress.html");
    browser.resize(1440, 900);
    browser.prefer("light");
    browser.open_file(&page);
    sections(&mut browser);
    hostile_text(&mut browser);
    filters(&mut browser);
    widths(&mut browser);
    browser.open("about:blank");
    browser.open_file(&page);
    keyboard(&mut browser);
    report(&mut browser, &repo);
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
    repo.go();
    repo.wait_until("playlist-sync", "succeeded").settle();
}

fn sections(browser: &mut Browser) {
    let names = "[...document.querySelectorAll('main > section > h2')].map(h => h.firstChild.textContent.trim())";
    let all = ["Needs you", "Now", "Review", "Queue", "Timeline", "Builds", "Numbers", "Health"];
    assert_eq!(browser.ask(names), json!(all));
    for (what, holds) in [
        ("needs", "asks: Which of the two tables counts"),
        ("needs", "buildq answer table-export"),
        ("needs", "out of retries"),
        ("now", "lists are read, fetching liked songs"),
        ("now", "40%"),
        ("review", "buildq review csv-reader"),
        ("queue", "the list is not here yet"),
        ("queue", "night-report"),
        ("timeline", "search-index"),
        ("build-flaky-import", "connection reset by peer"),
        ("build-csv-reader", "nothing</i> is left open"),
        ("build-csv-reader", "Announce it"),
        ("build-csv-reader", "Make csv-reader <b>whole</b>"),
        ("build-csv-reader", "reading the task"),
        ("build-csv-reader", "it holds the result"),
        ("numbers", "2 builds merged in the last 7 days"),
        ("health", "agent"),
    ] {
        let text = browser.ask(&format!("document.getElementById('{what}').textContent"));
        assert!(text.as_str().unwrap().contains(holds), "{what}: {holds}: {text}");
    }
    let drawn = "[...document.querySelectorAll('svg.chart')].filter(s => \
                 s.querySelector('title').textContent && s.querySelector('desc').textContent && \
                 s.querySelectorAll('rect,circle').length > 0).map(s => s.querySelector('title').id)";
    assert_eq!(
        browser.ask(drawn),
        json!(["t-throughput", "t-success", "t-durations", "t-retries"])
    );
    // Only one heading is the highest, and none skips a level.
    let levels = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])";
    let levels: Vec<i64> = serde_json::from_value(browser.ask(levels)).unwrap();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
    let tables = "[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope]'))";
    assert_eq!(browser.ask(tables), json!(true));
}

fn hostile_text(browser: &mut Browser) {
    let title = browser.ask("document.querySelector('#build-hostile .title').textContent");
    assert_eq!(title, json!(HOSTILE));
    assert_eq!(
        browser.ask("document.querySelectorAll('img, iframe, i, section b b').length"),
        json!(0)
    );
    assert_eq!(browser.ask("document.querySelectorAll('script').length"), json!(1));
    assert_eq!(
        browser.ask("document.querySelectorAll('a[href^=\"javascript\"]').length"),
        json!(0)
    );
    assert_ne!(browser.ask("document.title"), json!("taken"));
    // What is planted all the same is refused by the page's own policy.
    browser.ask("document.body.insertAdjacentHTML('beforeend', '<b id=p onclick=\"document.title=1\">x</b>')");
    browser.ask("document.getElementById('p').click()");
    assert_ne!(browser.ask("document.title"), json!("1"));
    browser.ask("document.getElementById('p').remove()");
    let refused = browser.complaints.drain(..).collect::<Vec<_>>().join("\n");
    assert!(refused.contains("Content Security Policy"), "{refused}");
}

fn filters(browser: &mut Browser) {
    let shown = "[...document.querySelectorAll('#builds [data-item]')].filter(e => !e.hidden).map(e => e.id)";
    let set = |id: &str, value: &str| {
        format!(
            "(() => {{ const e = document.getElementById('{id}'); e.value = '{value}'; \
             e.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
        )
    };
    browser.ask(&set("words", "reset PEER"));
    assert_eq!(browser.ask(shown), json!(["build-flaky-import"]));
    assert!(
        browser
            .ask("document.getElementById('found').textContent")
            .as_str()
            .unwrap()
            .contains("shown")
    );
    browser.ask(&set("words", ""));
    browser.ask(&set("state", "review"));
    assert_eq!(browser.ask(shown), json!(["build-hostile", "build-csv-reader"]));
    browser.ask("document.querySelector('#filter button').click()");
    browser.wait_for("[...document.querySelectorAll('[data-item]')].every(e => !e.hidden)");
    browser.ask("location.hash = 'build-csv-reader'");
    browser.wait_for("document.getElementById('build-csv-reader').open");
}

/// Nothing sticks out, with everything opened, on any screen, light or dark.
fn widths(browser: &mut Browser) {
    for (name, width, height, scheme) in [
        ("light", 1440, 900, "light"),
        ("dark", 1440, 900, "dark"),
        ("phone", 375, 812, "light"),
        ("phone-dark", 375, 812, "dark"),
    ] {
        browser.resize(width, height);
        browser.prefer(scheme);
        browser.ask("history.replaceState(null, '', ' '); document.querySelectorAll('details').forEach(d => { d.open = true })");
        let wide = browser.ask("document.documentElement.scrollWidth");
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} > {width}");
        browser.ask(
            "document.querySelectorAll('details').forEach(d => { d.open = d.id === 'build-hostile' });\
             scrollTo({top: 0, behavior: 'instant'})",
        );
        browser.picture(&format!("dashboard-{name}"), None);
        let height = browser.ask("document.documentElement.scrollHeight").as_u64().unwrap();
        let height = u32::try_from(height).unwrap();
        browser.picture(&format!("dashboard-{name}-whole"), Some((width, height)));
    }
    let of = "getComputedStyle(document.body).backgroundColor";
    browser.prefer("dark");
    let dark = browser.ask(of);
    browser.prefer("light");
    assert_ne!(dark, browser.ask(of));
}

fn keyboard(browser: &mut Browser) {
    browser.resize(1440, 900);
    browser.press("Tab", 9, "");
    let focus = "document.activeElement.className || document.activeElement.id || document.activeElement.tagName";
    assert_eq!(browser.ask(focus), json!("skip"));
    browser.press("Enter", 13, "\r");
    browser.wait_for("document.activeElement.id === 'main'");
    let mut seen = Vec::new();
    for _ in 0..200 {
        browser.press("Tab", 9, "");
        let at = browser.ask("document.activeElement.tagName + '#' + (document.activeElement.id || document.activeElement.parentElement?.id)");
        seen.push(at.as_str().unwrap().to_owned());
        if seen.last().is_some_and(|at| at == "SUMMARY#build-csv-reader") {
            break;
        }
    }
    for stop in ["INPUT#words", "SELECT#state", "SUMMARY#build-csv-reader"] {
        assert!(seen.iter().any(|at| at == stop), "{stop}: {seen:?}");
    }
    browser.press("Enter", 13, "\r");
    browser.wait_for("document.getElementById('build-csv-reader').open");
}

/// The report as HTML: the same words, nothing that runs, nothing that sticks out.
fn report(browser: &mut Browser, repo: &TestRepo) {
    let said = repo.buildq(["report", "--since", "2026-02-03", "--format", "html"]).success();
    let path = repo.root().join("report.html");
    std::fs::write(&path, said.stdout).unwrap();
    browser.resize(375, 812);
    browser.open_file(&path);
    let text = browser.ask("document.body.textContent");
    for part in [
        HOSTILE,
        "buildq answer table-export",
        "buildq show flaky-import",
        "should end",
        "Announce it",
        "4 completed (before: 0)",
    ] {
        assert!(text.as_str().unwrap().contains(part), "{part}: {text}");
    }
    assert_eq!(browser.ask("document.querySelectorAll('script, img, i').length"), json!(0));
    let wide = browser.ask("document.documentElement.scrollWidth");
    assert!(wide.as_u64().unwrap() <= 375, "{wide}");
    browser.resize(1440, 900);
    browser.picture("report", None);
}

#[test]
fn a_served_page_renews_itself_and_can_only_be_read() {
    let Some(mut browser) = Browser::start() else { return };
    let repo = TestRepo::new();
    let mut server = Served::start(&repo);
    browser.open(&server.address);
    assert_eq!(browser.ask("document.querySelectorAll('#queue tbody tr').length"), json!(0));
    browser.wait_for("document.getElementById('live').textContent === 'live'");
    browser.ask("window.same = true; document.getElementById('words').value = 'late'");
    repo.task("latecomer", &text("It comes late", "blockers: [\"its time\"]\n"));
    browser.wait_for("document.getElementById('queue').textContent.includes('It comes late')");
    assert_eq!(browser.ask("window.same"), json!(true), "without a reload");
    assert_eq!(browser.ask("document.getElementById('words').value"), json!("late"));
    let port = server.port();
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nhost: evil.example:{port}\r\n\r\n"), "421"),
        (format!("POST / HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n"), "405"),
        (format!("GET /../x HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n"), "404"),
        ("noise\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"), "200"),
    ] {
        let said = server.asked(&request);
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {said:.200}");
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
    // It ends at once although somebody listens.
    assert!(server.interrupt());
    repo.settle();
}
