//! Every face shows the same build at each of its stages: held, at work, with a question, in review,
//! merged. What one of them says, all of them do.

use std::path::Path;

use regex::Regex;

use crate::golden;
use crate::support::{Served, Terminal, TestRepo};

/// Its first attempt gets to 40 % and asks, its second ends.
const AGENT: &str = r#"
echo one > lists.py; git add -A; git commit -qm "Read a list of songs"
echo "the account is open, 12 lists"
for list in rain road morning kitchen 2019 2020 2021 piano friday; do echo "list $list: read"; done
buildq progress 40 "lists are read"
until test -e $OUT/go-$BUILDQ_ATTEMPT; do sleep 0.05; done
case $BUILDQ_ATTEMPT in 1) buildq block "Which table counts?"; exit 0;; esac
echo two > songs.txt
buildq done -m "All songs are there."
"#;

const TASK: &str = "---\ntitle: Fetch the liked songs\npriority: low\nestimate: 2h\n---\n\
                    Write a file with the songs into the top folder.\n\n## Completion criteria\n\
                    - [x] the file is there\n- [ ] it holds the songs\n";

/// One stage, in the words of each face.
struct Stage {
    /// `status`, its first line; the page that is served and the one that is written begin so too.
    headline: &'static str,
    /// `status --json`: `running`, `queue`, `review` and `needs_you`, how many of each.
    counts: [usize; 4],
    /// `show` and `why`, in their first line.
    standing: &'static str,
    /// The pages' word for it, and that of `export --to csv` unless it is held, which no other
    /// tool knows.
    state: &'static str,
    /// `report`.
    report: &'static str,
    /// `watch`.
    watch: &'static str,
    /// `BUILD_STATUS.md` on the branch.
    page: &'static str,
}

impl Stage {
    /// Looks at every face.
    fn check(&self, repo: &TestRepo, faces: &Faces) {
        let ask = |words: &[&str]| repo.buildq(words).success().stdout;
        let status = ask(&["status"]);
        assert!(status.starts_with(self.headline), "{status}");
        self.count(&ask(&["status", "--json"]));
        for verb in ["show", "why"] {
            let said = ask(&[verb, "songs"]);
            let first = said.lines().next().unwrap();
            assert!(first.starts_with("songs (Fetch the liked songs): "), "{verb}: {first}");
            assert!(first.contains(self.standing), "{verb}: {first}");
        }
        let csv = ask(&["export", "--to", "csv"]);
        assert!(
            csv.contains(&format!("songs,Fetch the liked songs,{},low", self.exported())),
            "{csv}"
        );
        let report = ask(&["report", "--since", "2026-02-07 08:00"]);
        assert!(report.contains(self.report), "{report}");
        let file = repo.root().join("progress.html");
        repo.buildq(["dashboard", "--out", file.to_str().unwrap()]).success();
        self.is_page(&std::fs::read_to_string(&file).unwrap());
        self.is_page(&faces.served.get("/"));
        if let Some(terminal) = &faces.terminal {
            terminal.shows(self.watch);
        }
        repo.wait_for(|repo| repo.file_at("buildq-status", "BUILD_STATUS.md").contains(self.page));
        self.is_page(&repo.file_at("buildq-status", "progress.html"));
    }

    fn exported(&self) -> &str {
        if self.state == "held" { "queued" } else { self.state }
    }

    fn count(&self, json: &str) {
        let facts: serde_json::Value = serde_json::from_str(json).unwrap();
        let counts = ["running", "queue", "review", "needs_you"]
            .map(|name| facts[name].as_array().unwrap().iter().filter(is_ours).count());
        assert_eq!(counts, self.counts, "{}: {json}", self.headline);
    }

    fn is_page(&self, html: &str) {
        let tags = Regex::new(r"(?s)<(style|script).*?</(style|script)>|<[^>]*>").unwrap();
        let text = tags.replace_all(html, " ");
        let text = Regex::new(r"\s+").unwrap().replace_all(&text, " ");
        assert!(text.contains(self.headline), "{}: {text:.2000}", self.headline);
        assert!(html.contains(&format!("data-state=\"{}\"", self.state)), "{}", self.state);
    }
}

fn is_ours(entry: &&serde_json::Value) -> bool {
    entry["task"] == "songs"
}

/// Those that stay open all the while.
struct Faces {
    served: Served,
    terminal: Option<Terminal>,
}

impl Faces {
    fn open(repo: &TestRepo) -> Self {
        let terminal = Terminal::open(repo, (100, 13), &[]);
        if let Some(terminal) = &terminal {
            terminal.runs("buildq watch");
        }
        Self { served: Served::start(repo), terminal }
    }
}

fn lets_go(repo: &TestRepo, attempt: u32) {
    std::fs::write(Path::new(repo.root()).join(format!("go-{attempt}")), "").unwrap();
}

#[test]
fn every_face_shows_the_same_build_at_each_stage() {
    let repo = TestRepo::with_agent(AGENT, "");
    let faces = Faces::open(&repo);
    repo.step("09:10");
    repo.task("songs", TASK);
    repo.settle_but_builds();
    repo.step("09:12");
    Stage {
        headline: "1 held; nothing else needs you",
        counts: [0, 1, 0, 1],
        standing: "held: `approval` needs you",
        state: "held",
        report: "the one task of the queue was held",
        watch: "held by `approval`",
        page: "| 1 | **songs** | Fetch the liked songs | held |",
    }
    .check(&repo, &faces);

    repo.buildq(["approve", "songs"]).success();
    repo.wait_for(|repo| repo.ledger().iter().any(|it| it.starts_with("progressed: songs 40%")));
    repo.settle_but_builds();
    repo.step("09:14");
    Stage {
        headline: "1 building (songs, 40%, should end 11:12 by your estimate); nothing needs you",
        counts: [1, 0, 0, 0],
        standing: "building since 09:12",
        state: "building",
        report: "**songs** (Fetch the liked songs): 40%, attempt 1 since 09:12",
        watch: "40%",
        page: "`████░░░░░░` 40%, attempt 1 of 4 since 2026-02-07 09:12",
    }
    .check(&repo, &faces);
    if let Some(terminal) = &faces.terminal {
        let screen = golden::steady(&terminal.shows("committed"));
        let kept = golden::kept("building.txt", &screen);
        assert_eq!(screen, kept, "look at it, then: UPDATE_GOLDEN=1");
    }

    lets_go(&repo, 1);
    repo.wait_until("songs", "blocked").settle_but_builds();
    repo.step("09:16");
    Stage {
        headline: "nothing is building, nothing is queued; songs asks: Which table counts?",
        counts: [0, 0, 0, 1],
        standing: "blocked since 09:14",
        state: "blocked",
        report: "**songs** asks: Which table counts?",
        watch: "Which table counts?",
        page: "**songs** asks: Which table counts?",
    }
    .check(&repo, &faces);

    lets_go(&repo, 2);
    repo.buildq(["answer", "songs", "The one of 2026"]).success();
    repo.wait_until("songs", "succeeded").settle_but_builds();
    repo.step("09:18");
    Stage {
        headline: "1 waits for your review; nothing else needs you",
        counts: [0, 0, 1, 1],
        standing: "review since 09:16",
        state: "review",
        report: "**songs** (Fetch the liked songs) waits for review since 09:16",
        watch: "Review",
        page: "**songs** waits for your review",
    }
    .check(&repo, &faces);

    repo.buildq(["accept", "songs"]).success();
    repo.settle_but_builds();
    repo.step("09:20");
    Stage {
        headline: "nothing is building, nothing is queued; nothing needs you",
        counts: [0, 0, 0, 0],
        standing: "merged",
        state: "merged",
        report: "**songs**",
        watch: "merged",
        page: "**songs** (Fetch the liked songs): merged",
    }
    .check(&repo, &faces);
    drop(faces);
    repo.settle();
}
