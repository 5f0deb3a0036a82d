//! `buildq judgement`: how well the gates `clear` and `risk` judge labelled tasks.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Exit, Misuse, Scene, print};
use crate::core::judged;
use crate::core::judgement::{Question, Row, Verdict, by_kind, counts, rows};
use crate::render::{diagnostic, judgement as page};

/// The labelled tasks of buildq's own repository.
const DATA: &str = "tests/data/tasks.jsonl";

/// Print how well the gates `clear` and `risk` judge tasks that people have labelled
///
/// Each line of the file is one JSON object: `id`, `title`, and `repo`, `description`,
/// `criteria`, `clear`, `risk`, `approve` where they are known. Without labels the verdicts alone
/// are printed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file of labelled tasks
    #[arg(value_name = "FILE", default_value = DATA)]
    file: PathBuf,
    /// Print JSON
    #[arg(long, conflicts_with = "features")]
    json: bool,
    /// Print what the model would weigh of each task, one JSON object a line, for fitting it
    #[arg(long)]
    features: bool,
}

/// Reads, judges, prints.
pub fn run(args: Args, scene: &Scene) -> Result<Exit> {
    let path = scene.dir.join(&args.file);
    let name = args.file.display().to_string();
    let text = fs::read_to_string(&path).with_context(|| {
        format!("`{name}` cannot be read\nhint: name a file with one labelled task on each line")
    })?;
    let rows = rows(&name, &text).map_err(|found| {
        let shown: Vec<String> = found.iter().take(20).map(diagnostic::show).collect();
        let told = shown.join("\n\n");
        Misuse(told.strip_prefix("error: ").unwrap_or(&told).to_owned())
    })?;
    if args.features {
        for row in &rows {
            print(&features(row).to_string());
        }
        return Ok(Exit::Done);
    }
    let verdicts: Vec<Verdict> = rows.iter().map(Verdict::of).collect();
    if !args.json {
        print(&page::table(&verdicts));
        return Ok(Exit::Done);
    }
    print(&crate::render::text::json(&json(&verdicts))?);
    Ok(Exit::Done)
}

fn features(row: &Row) -> serde_json::Value {
    let features: std::collections::BTreeMap<_, _> =
        judged::features(&row.task).into_iter().collect();
    serde_json::json!({
        "id": row.id, "repo": row.repo, "clear": row.clear, "risk": row.kinds,
        "approve": row.approve, "features": features,
    })
}

fn json(verdicts: &[Verdict]) -> serde_json::Value {
    let question = |question: Question| {
        let (all, repos) = counts(verdicts, question);
        let (recall, precision) = (all.recall(), all.precision());
        serde_json::json!({
            "counts": all, "recall": recall, "precision": precision, "repositories": repos,
        })
    };
    let kinds: Vec<_> = by_kind(verdicts)
        .into_iter()
        .map(|(kind, n, missed)| serde_json::json!({ "kind": kind, "n": n, "missed": missed }))
        .collect();
    serde_json::json!({
        "version": 1,
        "approve": question(Question::Approve),
        "unclear": question(Question::Unclear),
        "kinds": kinds,
        "verdicts": verdicts,
    })
}
