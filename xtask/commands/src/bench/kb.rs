//! `bench-kb`: the knowledge base over SQLite, under `minilm kb`, beside the time that the model itself takes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::program::Server;
use crate::{model, paths};

/// Documents, and questions that are asked.
const DOCUMENTS: usize = 3000;
const QUESTIONS: usize = 100;

/// `cargo xtask bench-kb`.
pub fn bench() -> Result<ExitCode> {
    let questions = questions()?;
    let (known, asked) = questions.split_at(DOCUMENTS);
    let file = paths::output().join("kb-bench.db");
    for name in ["kb-bench.db", "kb-bench.db-wal", "kb-bench.db-shm"] {
        // Left by an earlier run, or not there.
        let _ = std::fs::remove_file(paths::output().join(name));
    }
    let file = file.to_str().context("the path of the project is not UTF-8")?;
    let args = ["kb", "--model", model::L6, "--sqlite", file, "--env", "LOG=off", "--max-instance-reuse-count"];
    let document = |(id, question): (usize, &String)| json!({ "id": id, "question": question, "answers": [id] });
    let documents = Value::Array(known.iter().enumerate().map(document).collect());

    let fresh = Server::start(&[&args[..], &["1"]].concat())?;
    let Call { wall, inference } = call(&fresh, "PUT", "/documents", &documents)?;
    let ratio = wall.as_secs_f64() / inference.as_secs_f64();
    println!("{DOCUMENTS} questions put in: {wall:.2?}, of which the model {inference:.2?}; ratio {ratio:.3}");
    let Call { wall, .. } = call(&fresh, "PUT", "/documents", &documents)?;
    println!("the same put in again, which the model need not read: {wall:.2?}");
    query("a fresh instance a query", &fresh, asked)?;
    drop(fresh);
    query("instances reused", &Server::start(&[&args[..], &["128"]].concat())?, asked)?;
    Ok(ExitCode::SUCCESS)
}

/// Questions of people where the data beside the project is there, else made up.
fn questions() -> Result<Vec<String>> {
    let wanted = DOCUMENTS + QUESTIONS;
    let file: Option<PathBuf> = paths::shared().map(|shared| shared.join("data/banking77-test.csv"));
    let lines = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    // The text without its category. The last questions are asked, some of them known.
    let text = |line: &str| line.rsplit_once(',').map(|(text, _)| text.trim_matches('"').to_owned());
    let mut questions: Vec<String> = lines.lines().skip(1).filter_map(text).collect();
    let made = questions.len()..wanted;
    questions.extend(made.map(|index| format!("Question {index}: how do I change item {} of my order?", index * 7919)));
    questions.truncate(wanted);
    Ok(questions)
}

/// A request: all of its time, and that of the model in it.
struct Call {
    wall: Duration,
    inference: Duration,
}

fn call(server: &Server, method: &str, path: &str, body: &Value) -> Result<Call> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url));
    let request = request.header("content-type", "application/json").body(body.to_string())?;
    let start = Instant::now();
    let mut response = agent.run(request)?;
    let text = response.body_mut().read_to_string()?;
    let wall = start.elapsed();
    ensure!(response.status().is_success(), "{path}: {text}");
    let header = response.headers().get("x-inference-time").context("no time of the model")?;
    Ok(Call { wall, inference: Duration::from_secs_f64(header.to_str()?.parse::<f64>()? / 1000.0) })
}

fn query(what: &str, server: &Server, questions: &[String]) -> Result<()> {
    let ask = |question: &String| {
        let Call { wall, inference } =
            call(server, "POST", "/query", &json!({ "question": question, "threshold": -1 }))?;
        Ok(wall.saturating_sub(inference))
    };
    // The first one compiles nothing, but finds nothing in the caches of the processor either.
    ask(&questions[0])?;
    let mut beyond = questions.iter().map(ask).collect::<Result<Vec<_>>>()?;
    beyond.sort();
    let at = |part: f64| beyond[(part * (beyond.len() - 1) as f64) as usize];
    let (p50, p90, most) = (at(0.5), at(0.9), at(1.0));
    println!(
        "query over {DOCUMENTS} documents, {what}, beyond the embedding: p50 {p50:.2?}, p90 {p90:.2?}, most {most:.2?}"
    );
    Ok(())
}
