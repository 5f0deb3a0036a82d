//! Who is told of what: real servers, well and broken, and a process that is killed on its way.

use std::time::Instant;

use crate::support::servers::{Manner, Post, Smtp, Web, nobody};
use crate::support::{CLEAR, TestRepo, kill};

/// A repository whose builder does its work, and whose policy names these notifiers.
fn repo(notify: &str, env: &[(&str, &str)]) -> TestRepo {
    let mut repo = TestRepo::new();
    for (name, value) in env {
        repo = repo.env(name, value);
    }
    repo.agent("echo made > made");
    repo.agent_config(notify);
    repo.settle();
    repo
}

/// Builds a task to its review.
fn build(repo: &TestRepo, task: &str) {
    repo.task(task, CLEAR);
    repo.wait_until(task, "succeeded").settle();
}

fn hook(kind: &str, on: &str) -> String {
    format!(
        "notify:\n  team:\n    webhook: {{kind: {kind}, url: {{env: HOOK}}}}\n    on: {on}\n    timeout: 2s"
    )
}

#[test]
fn a_build_is_told_by_every_way() {
    let (json, slack, ntfy) = (
        Web::new(Manner::Answers(200, "ok")),
        Web::new(Manner::Answers(204, "")),
        Web::new(Manner::Answers(200, "{}")),
    );
    let smtp = Smtp::new(Post::Takes);
    let config = format!(
        "notify:\n  facts: {{webhook: {}, on: all}}\n  team: {{webhook: {{kind: slack, url: {{env: HOOK}}}}, on: review}}\n  \
         phone: {{webhook: {{kind: ntfy, url: {}, token: {{command: [print-token]}}}}, on: review}}\n  \
         mail:\n    email: {{server: 127.0.0.1, port: {}, security: none, user: me, password: {{env: PW}}, from: q@example.org, to: [ada@example.org]}}\n    on: review\n  \
         own: {{command: [scripts/told.sh, --here], on: review}}\n  desk: {{desktop: true, on: review}}\n  voice: {{speech: true, on: review}}",
        json.url("/facts"),
        ntfy.url("/ada"),
        smtp.port,
    );
    let repo =
        TestRepo::new().env("HOOK", &slack.url("/services/T0/secretpart")).env("PW", "pass-word-9");
    let out = repo.root().display().to_string();
    let record = |name: &str| {
        format!("#!/bin/sh\nfor word; do printf '%s|' \"$word\"; done >> {out}/{name}\n")
    };
    repo.program("notify-send", &record("shown"));
    repo.program("spd-say", &record("said"));
    repo.program("print-token", "#!/bin/sh\necho tk-from-command\n");
    repo.write(
        "scripts/told.sh",
        format!("#!/bin/sh\ncat > {out}/told.json\necho \"$1\" > {out}/told.word\n"),
    );
    repo.git(["add", "--chmod=+x", "scripts/told.sh"]);
    repo.git(["commit", "-qm", "Add a script"]);
    repo.agent("echo made > made");
    repo.agent_config(&config);
    repo.settle();
    build(&repo, "x");

    let told: Vec<_> =
        json.calls().iter().map(|call| call.json()["on"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["queued", "started", "review"], "{:#?}", json.calls());
    let facts = json.calls()[2].json();
    assert_eq!(facts["task"], "x");
    assert_eq!(facts["branch"], "build/x");
    assert_eq!(facts["command"], "buildq review x");
    assert_eq!(facts["repository"], "repo");
    assert_eq!(facts["id"].as_str().unwrap(), json.calls()[2].header("idempotency-key"));
    assert!(facts["id"].as_str().unwrap().ends_with("-facts"));

    let slack = &slack.calls()[0];
    assert_eq!(slack.line, "POST /services/T0/secretpart HTTP/1.1");
    assert!(
        slack.json()["text"].as_str().unwrap().starts_with("*repo: Ready for review: "),
        "{slack:?}"
    );
    let ntfy = &ntfy.calls()[0];
    assert_eq!(
        (ntfy.header("authorization"), ntfy.json()["topic"].as_str()),
        ("Bearer tk-from-command", Some("ada"))
    );

    let mail = &smtp.mails()[0];
    assert!(mail.talk.iter().any(|line| line.starts_with("AUTH PLAIN")), "{mail:?}");
    assert!(mail.talk.iter().any(|line| line.starts_with("RCPT TO:<ada@example.org>")), "{mail:?}");
    for part in [
        "Subject: repo: Ready for review: ",
        "Auto-Submitted: auto-generated",
        "text/plain",
        "text/html",
        "-mail@example.org>",
        "Next: buildq review x",
    ] {
        assert!(mail.data.contains(part), "{part}\n{}", mail.data);
    }
    let own: serde_json::Value = serde_json::from_str(&repo.left("told.json")).unwrap();
    assert_eq!((own["on"].as_str(), repo.left("told.word").trim()), (Some("review"), "--here"));
    assert!(
        repo.left("shown")
            .contains("--app-name=buildq|--urgency|normal|--|repo: Ready for review: "),
        "{}",
        repo.left("shown")
    );
    assert!(
        repo.left("said").starts_with("--wait|--|repo: Ready for review: "),
        "{}",
        repo.left("said")
    );
    repo.buildq(["notify"]).success().stdout_has("0 notices").stdout_lacks("failing");
    repo.buildq(["doctor"]).stdout_has("ok       notify");
}

#[test]
fn what_stood_before_is_no_news_and_a_lost_outbox_loses_nothing() {
    let web = Web::new(Manner::Answers(200, ""));
    let repo = repo("", &[("HOOK", &web.url("/"))]);
    build(&repo, "old");
    repo.agent_config(&hook("json", "[started, review]"));
    repo.settle();
    assert_eq!(web.calls().len(), 0, "{:?}", web.calls());
    build(&repo, "new");
    repo.wait_for(|_| web.calls().len() == 2).settle();
    let tasks = || -> Vec<String> {
        web.calls()
            .iter()
            .map(|call| format!("{} {}", call.json()["on"], call.json()["task"]).replace('"', ""))
            .collect()
    };
    assert_eq!(tasks(), ["started new", "review new"]);
    std::fs::remove_file(repo.git_dir().join("buildq/outbox.json")).unwrap();
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(tasks().len(), 2, "nothing is told twice");
    build(&repo, "newer");
    assert_eq!(tasks()[2..], ["started newer", "review newer"]);
    // Once nobody is named, nothing is kept.
    repo.agent_config("");
    repo.settle();
    repo.wait_for(|repo| !repo.git_dir().join("buildq/outbox.json").exists());
}

#[test]
fn a_broken_notifier_holds_nothing_is_told_and_tried_again() {
    for (manner, why) in [
        (Manner::Answers(500, "out of order"), "it answered 500: `out of order`"),
        (Manner::Stalls, "no answer within 2s"),
        (Manner::Drips, "no answer within 2s"),
        (Manner::HangsUp, ""),
        (Manner::Later(120), "it answered 429: `slow down`"),
        (Manner::Answers(302, ""), "it answered 302"),
    ] {
        let web = Web::new(manner.clone());
        let repo = repo(&hook("json", "review"), &[("HOOK", &web.url("/private-path"))]);
        build(&repo, "x");
        let sentence = format!("notices by `team` fail: {why}");
        repo.wait_for(|repo| {
            let said = repo.buildq(["status"]).success().stdout;
            said.split_whitespace().collect::<Vec<_>>().join(" ").contains(&sentence)
        });
        let doctor = repo.buildq(["doctor"]).stdout_says(&format!("warning notify {sentence}"));
        assert!(!doctor.stdout.contains("private-path"), "{manner:?}: {}", doctor.stdout);
        repo.buildq(["notify"]).success().stdout_has("1 notice").stdout_has("failing");
        web.turns(Manner::Answers(200, ""));
        let before = web.calls().len();
        repo.step("09:20");
        repo.wait_for(|_| web.calls().len() > before).settle();
        let calls = web.calls();
        let ids: Vec<_> = calls.iter().map(|call| call.header("idempotency-key")).collect();
        assert!(
            ids.iter().all(|id| *id == ids[0]) && calls.len() == before + 1,
            "{manner:?}: {ids:?}"
        );
        repo.buildq(["status"]).success().stdout_lacks("notices by");
    }
}

#[test]
fn one_that_cannot_be_reached_keeps_no_other_waiting() {
    let (web, smtp) = (Web::new(Manner::Answers(200, "")), Smtp::new(Post::Stalls));
    let config = format!(
        "notify:\n  a-gone: {{webhook: {}, on: all}}\n  b-unset: {{webhook: {{env: NEVER_SET}}, on: all}}\n  \
         c-stalls:\n    email: {{server: 127.0.0.1, port: {}, security: none, from: q@a.b, to: [x@a.b]}}\n    on: all\n    timeout: 1s\n  \
         d-missing: {{command: [no-such-program], on: all}}\n  e-fails: {{command: [fails], on: all}}\n  z-works: {{webhook: {}, on: all}}",
        nobody(),
        smtp.port,
        web.url("/"),
    );
    let repo = repo(&config, &[]);
    repo.program("fails", "#!/bin/sh\necho why not >&2\nexit 3\n");
    let begun = Instant::now();
    build(&repo, "x");
    assert!(begun.elapsed().as_secs() < 25, "{:?}", begun.elapsed());
    assert_eq!(web.calls().len(), 3, "{:?}", web.calls());
    let said = repo.buildq(["doctor"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "notices by `a-gone` fail:",
        "notices by `b-unset` fail: the variable `NEVER_SET` is not set where buildq runs",
        "notices by `c-stalls` fail: no answer within 1s",
        "notices by `d-missing` fail:",
        "notices by `e-fails` fail: `fails`: exit 3: `why not`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("z-works"), "{said}");
}

#[test]
fn a_mail_server_that_refuses_is_told() {
    let smtp = Smtp::new(Post::Refuses);
    let config = format!(
        "notify:\n  mail:\n    email: {{server: 127.0.0.1, port: {}, security: none, from: q@a.b, to: [x@a.b]}}\n    on: review",
        smtp.port
    );
    let repo = repo(&config, &[]);
    repo.buildq(["notify", "--test"])
        .code(1)
        .stdout_has("mail: refused: ")
        .stdout_has("no such person");
    repo.buildq(["notify", "--test", "mail", "--json"]).code(1).stdout_has("\"sent\": false");
    repo.buildq(["notify", "--test", "nobody"]).clear_refusal();
}

#[test]
fn a_killed_delivery_is_made_again_under_its_old_id() {
    let web = Web::new(Manner::Stalls);
    let config = hook("json", "review").replace("timeout: 2s", "timeout: 60s");
    let repo = repo(&config, &[("HOOK", &web.url("/"))]);
    repo.task("x", CLEAR);
    repo.wait_for(|_| web.calls().len() == 1);
    web.turns(Manner::Answers(200, ""));
    let carriers = repo.processes().into_iter().filter(|process| process.is("notify"));
    let killed: Vec<_> = carriers.map(|process| kill(process.pid)).collect();
    assert_eq!(killed.len(), 1);
    repo.settle();
    repo.buildq(["sync"]).success();
    repo.wait_for(|_| web.calls().len() == 2).settle();
    let calls = web.calls();
    assert_eq!(calls[0].header("idempotency-key"), calls[1].header("idempotency-key"));
    assert_eq!(calls[0].json()["id"], calls[1].json()["id"]);
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(web.calls().len(), 2, "once it was taken it is not told again");
}

#[test]
fn secrets_are_shown_nowhere() {
    let web = Web::new(Manner::Answers(404, "no hook at /services/T0/verysecretpart"));
    let url = web.url("/services/T0/verysecretpart");
    let repo = repo(&hook("slack", "all"), &[("HOOK", &url)]);
    build(&repo, "x");
    repo.buildq(["notify", "--test"])
        .code(1)
        .stdout_has("it answered 404")
        .stdout_lacks("verysecretpart");
    for words in [
        &["status"][..],
        &["status", "--json"],
        &["doctor"],
        &["notify"],
        &["notify", "--json"],
        &["log"],
    ] {
        let said = repo.buildq(words);
        assert!(!said.stdout.contains("verysecretpart"), "{words:?}: {}", said.stdout);
    }
    for file in crate::support::files_below(&repo.git_dir().join("buildq")) {
        if !std::fs::metadata(&file).is_ok_and(|about| about.is_file()) {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).into_owned();
        assert!(!text.contains("verysecretpart"), "{}", file.display());
    }
    // In the file itself it is an error that says how, and does not repeat it.
    repo.write(
        "buildq.yaml",
        format!("notify: {{a: {{webhook: {{kind: slack, url: \"{url}\"}}, on: review}}}}"),
    );
    let lint = repo.buildq(["lint", "buildq.yaml"]);
    assert!(
        format!("{}{}", lint.stdout, lint.stderr)
            .contains("is a secret, and this file is for everybody to read"),
        "{lint:?}"
    );
    assert!(!lint.stdout.contains("`http"), "{lint:?}");
}

#[test]
fn only_the_runner_tells_and_only_by_a_trusted_policy() {
    let web = Web::new(Manner::Answers(200, ""));
    let repo = repo(&hook("json", "all"), &[("HOOK", &web.url("/"))]);
    let clone = repo.clone_to("watcher");
    clone.git(["config", "buildq.sandbox", "off"]);
    clone.buildq(["init", "--yes", "--no-heartbeat"]).success();
    clone.buildq(["trust", "--yes"]).success();
    clone.buildq(["sync"]).success();
    clone.settle();
    assert_eq!(web.calls().len(), 0, "{:?}", web.calls());
    let more = hook("json", "all").replace("team", "evil");
    repo.write("buildq.yaml", format!("timezone: UTC\n{more}\n"));
    repo.git(["commit", "-qam", "Change the policy"]);
    repo.task("y", "Make it better");
    repo.settle();
    assert_eq!(web.calls().len(), 0, "{:?}", web.calls());
    repo.buildq(["notify", "--test"]).clear_refusal();
}

#[test]
fn a_clone_that_runs_the_queue_no_more_forgets_what_it_has_told() {
    let web = Web::new(Manner::Answers(200, ""));
    let repo = repo(&hook("json", "all"), &[("HOOK", &web.url("/"))]);
    build(&repo, "x");
    repo.wait_for(|_| web.calls().len() == 3).settle();
    let clone = repo.clone_to("next");
    clone.git(["config", "buildq.sandbox", "off"]);
    clone.buildq(["init", "--yes", "--no-heartbeat"]).success();
    clone.git(["branch", "buildq", "origin/buildq"]);
    clone.buildq(["adopt"]).success();
    clone.settle();
    let outbox = repo.git_dir().join("buildq/outbox.json");
    assert!(outbox.exists());
    repo.git(["fetch", "-q", clone.dir().to_str().unwrap(), "buildq:buildq"]);
    repo.buildq(["sync"]).success();
    repo.settle();
    assert!(!outbox.exists());
    repo.buildq(["adopt"]).success();
    repo.settle();
    build(&repo, "y");
    repo.wait_for(|_| web.calls().len() == 6).settle();
    let told: Vec<_> = web.calls().iter().map(|call| call.json()["on"].to_string()).collect();
    assert_eq!(told[3..], ["\"queued\"", "\"started\"", "\"review\""]);
}

#[test]
fn a_digest_comes_in_the_morning_by_the_waker() {
    let web = Web::new(Manner::Answers(200, ""));
    let config = format!("report: {{morning: \"07:00\"}}\n{}", hook("json", "[morning, report]"));
    let repo = repo(&config, &[("HOOK", &web.url("/"))]);
    build(&repo, "x");
    repo.step("23:00");
    repo.wait_for(|_| web.calls().len() == 1).settle();
    assert_eq!(web.calls()[0].json()["on"], "report");
    repo.step("2026-02-08T07:00:00Z");
    repo.wait_for(|_| web.calls().len() == 2).settle();
    let digest = web.calls()[1].json();
    assert_eq!(digest["on"].as_str(), Some("morning"));
    assert!(digest["title"].as_str().unwrap().ends_with("2026-02-08"), "{digest}");
    assert!(digest["text"].as_str().unwrap().contains("1 completed"), "{digest}");
}

#[test]
fn a_night_without_a_build_has_a_digest_that_says_why() {
    let web = Web::new(Manner::Answers(200, ""));
    let config = format!("report: {{morning: \"07:00\"}}\n{}", hook("json", "[morning]"));
    let repo = repo(&config, &[("HOOK", &web.url("/"))]);
    repo.task("x", "---\npriority: low\n---\n# X\n\nWrite the word done into out.txt.\n");
    repo.settle();
    repo.step("2026-02-08T07:00:00Z");
    repo.wait_for(|_| web.calls().len() == 1).settle();
    let digest = web.calls()[0].json();
    assert!(digest["text"].as_str().unwrap().contains("low"), "{digest}");
    // Another look on the same morning has nothing to add.
    repo.step("2026-02-08T09:00:00Z");
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(web.calls().len(), 1, "{:?}", repo.ledger());
}

#[test]
fn a_held_task_is_told_where_a_person_sits_at_a_desktop() {
    let repo = TestRepo::bare_of_buildq().env("DISPLAY", ":0");
    let out = repo.root().display().to_string();
    repo.program(
        "notify-send",
        &format!("#!/bin/sh\nfor word; do printf '%s|' \"$word\"; done >> {out}/shown\n"),
    );
    repo.git(["config", "buildq.sandbox", "off"]);
    let said = repo.buildq(["init", "--yes", "--no-heartbeat", "--builder", "steps"]).success();
    said.stdout_has(
        "notices    on this desktop, when a build waits for you: `notify` in buildq.yaml\n",
    );
    let policy = repo.read("buildq.yaml");
    assert!(
        policy.contains("notify:\n  desk:\n    desktop: true\n    on: [review, needs-you]\n"),
        "{policy}"
    );
    repo.task("vague", "Make it better");
    repo.wait_for(|repo| repo.left("shown").contains("critical")).settle();
    let shown = repo.left("shown");
    assert!(shown.contains("|critical|--|repo: Held: ") && shown.contains("clear: "), "{shown}");
    repo.buildq(["sync"]).success();
    repo.settle();
    assert_eq!(repo.left("shown"), shown, "it is told once");
    // Where there is none, nobody is named.
    let bare = TestRepo::new();
    assert!(!bare.read("buildq.yaml").contains("desktop: true\n"), "{}", bare.read("buildq.yaml"));
}
