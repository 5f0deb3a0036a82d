//! `buildq mcp`, driven by a real client: every tool, both eras of the protocol, noise, the end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::Instant;

use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use serde_json::{Value, json};

use crate::support::{BOUND, CLEAR, Process, TestRepo};

type Client = RunningService<RoleClient, ()>;

/// Runs a talk between a client and the program, within a bound.
fn talk(repo: &TestRepo, era: ClientLifecycleMode, words: impl AsyncFnOnce(&Client)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut command = tokio::process::Command::from(repo.command(program()));
        command.arg("mcp");
        let talk = async {
            let pipes = TokioChildProcess::new(command).unwrap();
            let client = ().serve_with_lifecycle(pipes, era).await.unwrap();
            words(&client).await;
            client.cancel().await.unwrap();
        };
        tokio::time::timeout(BOUND * 2, talk).await.expect("the talk goes on and on");
    });
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_buildq")
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("no object: {arguments}") };
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    client.call_tool(request).await.unwrap_or_else(|error| panic!("{tool}: {error}"))
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

/// The facts of an answer that is no error.
#[track_caller]
fn facts(result: &CallToolResult) -> &Value {
    assert_ne!(result.is_error, Some(true), "{}", text(result));
    result.structured_content.as_ref().unwrap()
}

/// The words of an answer that is an error.
#[track_caller]
fn refusal(result: &CallToolResult) -> &str {
    assert_eq!(result.is_error, Some(true), "{}", text(result));
    text(result)
}

fn said_as_json(repo: &TestRepo, words: &[&str]) -> Value {
    serde_json::from_str(&repo.buildq(words).success().stdout).unwrap()
}

fn new_task() -> Value {
    json!({
        "title": "Greet by name",
        "description": "Write greet.sh, which greets the person that its command line names.",
        "criteria": ["`sh greet.sh Ada` prints `hello Ada`"],
        "labels": ["greeting: warm"],
    })
}

#[test]
fn an_agent_queues_work_and_is_told_what_the_verbs_tell() {
    let repo = TestRepo::with_agent("echo made > made", "");
    repo.write("half.txt", "not ready\n");
    repo.git(["add", "half.txt"]);
    talk(&repo, ClientLifecycleMode::Initialize, async |client| {
        let names: Vec<_> =
            client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["add_task", "brief", "status", "why", "show", "progress", "block"]);
        let peer = client.peer_info().unwrap();
        assert!(peer.instructions.as_ref().unwrap().contains("`add_task`"));

        let added = call(client, "add_task", new_task()).await;
        let told = facts(&added);
        assert_eq!(told["task"], "greet-by-name");
        assert_eq!(told["commit"], repo.ask(["rev-parse", "main"]));
        assert!(text(&added).contains("then: queued: opens 22:00"), "{}", text(&added));

        for (tool, arguments, words) in [
            ("status", json!({}), &["status", "--json"][..]),
            ("why", json!({"task": "greet-by-name"}), &["why", "greet-by-name", "--json"]),
            ("show", json!({"task": "greet-by-name"}), &["show", "greet-by-name", "--json"]),
        ] {
            let answer = call(client, tool, arguments).await;
            let mut verb = said_as_json(&repo, words);
            let mut told = facts(&answer).clone();
            // The waker may begin between the two looks, and disks fill.
            for facts in [&mut verb, &mut told] {
                facts.as_object_mut().unwrap().remove("health");
            }
            assert_eq!(told, verb, "{tool}");
            assert!(text(&answer).contains("greet-by-name"), "{tool}: {}", text(&answer));
        }
        let brief = call(client, "brief", json!({})).await;
        let said = repo.buildq(["status", "--brief"]).success().stdout;
        assert_eq!(facts(&brief)["sentence"], said.trim_end());
    });
    assert_eq!(repo.ask(["show", "--name-only", "--format=", "main"]), "queue/greet-by-name.md");
    assert!(
        repo.file_at("main", "queue/greet-by-name.md").contains("labels: [\"greeting: warm\"]")
    );
    assert_eq!(repo.ask(["status", "--porcelain"]), "A  half.txt", "what was staged stays so");
    assert!(!repo.has("greet-by-name", "started"));
    repo.settle();
}

#[test]
fn the_protocol_without_a_handshake_is_spoken_too() {
    let repo = TestRepo::with_agent("echo made > made", "");
    let era =
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    talk(&repo, era, async |client| {
        assert_eq!(client.list_all_tools().await.unwrap().len(), 7);
        let mut task = new_task();
        task["priority"] = json!("high");
        let added = call(client, "add_task", task).await;
        assert_eq!(facts(&added)["then"], "started, attempt 1 with agent");
        let why = call(client, "why", json!({"task": "greet-by-name"})).await;
        assert_eq!(facts(&why)["task"], "greet-by-name");
    });
    repo.wait_until("greet-by-name", "succeeded").settle();
}

#[test]
fn what_cannot_be_is_said_with_a_way_on() {
    let repo = TestRepo::with_agent("true", "");
    let tip = repo.ask(["rev-parse", "main"]);
    talk(&repo, ClientLifecycleMode::Initialize, async |client| {
        for (tool, arguments, said) in [
            ("progress", json!({"percent": 40}), "is not inside a workspace of buildq"),
            ("block", json!({"reason": "which one?"}), "is not inside a workspace of buildq"),
            ("why", json!({"task": "nowhere"}), "there is no task `nowhere`"),
            ("show", json!({"task": "../../etc/passwd"}), "hint: "),
            ("why", json!({}), "missing field `task`"),
            ("status", json!({"verbose": true}), "unknown field `verbose`"),
            (
                "add_task",
                json!({"title": "x", "description": "y", "criteria": [], "due": "soon"}),
                "`due`: `soon` is no date",
            ),
            ("add_task", json!({"title": " ", "description": "", "criteria": []}), "needs a title"),
            ("add_task", json!({"title": "x"}), "missing field `description`"),
        ] {
            let answer = call(client, tool, arguments).await;
            let words = refusal(&answer);
            assert!(words.contains(said) && words.contains("hint: "), "{tool}: {words}");
            assert!(words.starts_with("error: "), "{tool}: {words}");
        }
        for gate in ["approve", "accept", "trust", "spawn", "answer", "reject"] {
            let request = CallToolRequestParams::new(gate);
            let refused = client.call_tool(request).await.unwrap_err().to_string();
            assert!(refused.contains("there is no tool"), "{gate}: {refused}");
        }
    });
    assert_eq!(repo.ask(["rev-parse", "main"]), tip, "nothing was committed");
    let outside = TestRepo::bare_of_buildq();
    talk(&outside, ClientLifecycleMode::Initialize, async |client| {
        let refused = call(client, "add_task", new_task()).await;
        assert!(refusal(&refused).contains("hint: buildq init"), "{}", text(&refused));
    });
}

/// Inside of a build the same program reports for it, and queues nothing.
#[test]
fn a_build_reports_and_asks_and_queues_nothing() {
    let repo = TestRepo::with_agent("buildq mcp < $OUT/words > $OUT/said; echo $? > $OUT/code", "");
    let mut words = vec![
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ];
    let calls = [
        ("brief", json!({})),
        ("progress", json!({"percent": 40, "message": "Half of it", "done": ["result.txt"]})),
        ("progress", json!({})),
        ("add_task", new_task()),
        ("status", json!({})),
        ("block", json!({"reason": "Which of the two?"})),
    ];
    words.extend(calls.iter().enumerate().map(|(at, (tool, arguments))| {
        let params = json!({"name": tool, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": at + 1, "method": "tools/call", "params": params})
    }));
    let words: String = words.iter().map(|word| format!("{word}\n")).collect();
    std::fs::write(repo.root().join("words"), words).unwrap();
    repo.task("x", CLEAR);
    repo.wait_until("x", "blocked").settle();
    assert_eq!(repo.left("code"), "0\n");
    let said = repo.left("said");
    let answers: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let result = |id: usize| {
        let answer = answers.iter().find(|answer| answer["id"] == id);
        answer.unwrap_or_else(|| panic!("no answer to {id}:\n{said}"))["result"].clone()
    };
    let words = |id: usize| result(id)["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(result(1)["structuredContent"]["task"], "x");
    assert!(words(1).contains("Write result.txt with the result."), "{}", words(1));
    assert!(words(2).ends_with(": Half of it"), "{}", words(2));
    assert!(words(3).contains("nothing is said"), "{}", words(3));
    for elsewhere in [4, 5] {
        assert!(words(elsewhere).contains("this is the workspace of `x`"), "{}", words(elsewhere));
    }
    assert!(words(6).contains("a person will be asked"), "{}", words(6));
    for refused in 3..=5 {
        assert_eq!(result(refused)["isError"], true, "{}", words(refused));
    }
    let body = repo.ask(["log", "--format=%B", "refs/buildq/attempts/x/1"]);
    assert!(body.contains("Buildq-Progress: 40"), "{body}");
    assert!(repo.file_at("refs/buildq/attempts/x/1", "queue/x.md").contains("- [x] result.txt"));
    assert!(repo.event("x", "blocked").contains("Which of the two?"));
    assert_eq!(repo.file_at("main", "queue/greet-by-name.md"), "");
}

/// The verb itself refuses as the tool does, so that there is no way around.
#[test]
fn the_verb_queues_nothing_from_inside_of_a_build_either() {
    let script = "repo=$(cat $OUT/place)\nbuildq -C $repo add --name Greet --desc 'Write greet.sh, which greets.' \
                  --criterion 'it greets' > $OUT/said 2>&1; echo $? > $OUT/code\n\
                  env -u BUILDQ_WORKSPACE -u BUILDQ_TOKEN buildq -C $repo add --name Greet --desc 'Write greet.sh.' \
                  --criterion 'it greets' >> $OUT/said 2>&1; echo $? >> $OUT/code; echo made > made";
    let repo = TestRepo::with_agent(script, "");
    std::fs::write(repo.root().join("place"), repo.dir().to_str().unwrap()).unwrap();
    repo.task("x", CLEAR);
    repo.wait_until("x", "succeeded").settle();
    assert_eq!(repo.left("code"), "1\n1\n", "{}", repo.left("said"));
    assert_eq!(repo.left("said").matches("a build cannot queue work").count(), 2);
    assert_eq!(repo.file_at("main", "queue/greet.md"), "");
}

/// A server of its own, spoken to by hand.
struct Server {
    child: Child,
}

impl Server {
    fn of(repo: &TestRepo) -> Self {
        let mut command = repo.command(program());
        command.arg("mcp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap() }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn greet(&mut self) {
        let hello = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}});
        self.say(format!("{hello}\n").as_bytes());
        let mut line = String::new();
        let out = self.child.stdout.as_mut().unwrap();
        BufReader::with_capacity(1, out).read_line(&mut line).unwrap();
        assert!(line.contains("\"hello\""), "{line}");
        self.say(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    }

    /// The exit code, and all that came on standard output, once it has ended.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        drop(self.child.stdin.take());
        let mut said = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < BOUND, "it does not end");
            std::thread::yield_now();
        }
        (self.child.wait().unwrap().code(), String::from_utf8(said).unwrap())
    }
}

#[test]
fn noise_is_no_end_and_the_end_is_one() {
    let repo = TestRepo::new();
    let mut server = Server::of(&repo);
    server.say(b"\x00\xff\xfe not JSON\n{\"half\": \n\n");
    server.greet();
    let huge = vec![b'a'; 17 << 20];
    server.say(&huge);
    server.say(b"\n[1, 2]\n\"word\"\n{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"no/such\"}\n");
    let long = json!({"jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": {
        "name": "add_task", "arguments": {"title": "x", "criteria": ["y"],
        "description": "z".repeat(2 << 20)}}});
    server.say(format!("{long}\n").as_bytes());
    server.say(
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"}\n{\"jsonrpc\":\"2.0\",\"id\":8",
    );
    let (code, said) = server.end();
    assert_eq!(code, Some(0));
    let answers: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no protocol: {line}")))
        .collect();
    let answer = |id: u32| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert!(answer(5)["error"].is_object());
    assert_eq!(answer(6)["result"]["isError"], true, "a task is 1 MiB at the most");
    assert_eq!(answer(7)["result"]["tools"].as_array().unwrap().len(), 7);
    assert!(answers.iter().all(|answer| answer["id"] != 8));
    assert_eq!(repo.ask(["ls-tree", "--name-only", "main", "queue/"]), "queue/README.md");
}

#[test]
fn whoever_goes_at_once_or_ends_it_is_obeyed() {
    let repo = TestRepo::new();
    assert_eq!(Server::of(&repo).end(), (Some(0), String::new()));
    let mut server = Server::of(&repo);
    server.greet();
    let pid = server.child.id() as i32;
    std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    repo.wait_for(|repo| !repo.processes().iter().any(|it: &Process| it.pid == pid));
    assert_eq!(server.end(), (Some(0), String::new()));
}
