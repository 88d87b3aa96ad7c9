//! An index file, as the command line component makes it: it answers as SQLite does.

use std::fs;
use std::path::Path;

use minilm_host::{Access, HostEnv, command};
use serde_json::{Value, json};

use super::answers::filters;
use super::{INDEX, Kb, L3, L6, Running, component, count, documents, options};
use crate::bytes;

/// Makes `kb.minilm` of the four documents in `folder`.
fn build(folder: &Path, fields: &[&str]) {
    let lines: Vec<String> = documents().as_array().expect("an array").iter().map(Value::to_string).collect();
    fs::write(folder.join("documents.jsonl"), format!("\u{feff}\n{}\r\n \n", lines.join("\r\n\n")))
        .expect("a file can be written");
    let cli = bytes(&component("cli-relaxed-simd", L3));
    let mut env = HostEnv::default();
    env.mount(folder, "work", Access::Write);
    let mut args = vec!["index", "build", "work/documents.jsonl", "-o", "work/kb.minilm"];
    fields.iter().for_each(|field| args.extend(["--field", field]));
    command::run(&cli, "minilm.wasm", &args, &env).expect("the component runs");
    assert!(folder.join("kb.minilm").exists());
}

fn serve(folder: &Path, env: &[(&str, &str)], model: &str) -> Running {
    let mut options = options(&[&[("INDEX_FILE", "/kb/kb.minilm")], env].concat());
    options.env.mount(folder, "/kb", Access::Read);
    Running::start(&component(INDEX, model), options)
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn answers_are_those_of_sqlite() {
    let fields = [("SEARCH_FIELDS", "question,title")];
    let sqlite = Kb::filled(&fields);
    let folder = tempfile::tempdir().expect("a folder can be made");
    build(folder.path(), &["question", "title"]);
    let index = serve(folder.path(), &fields, L3);

    let mut requests = vec![
        ("/query", json!({ "question": "Where is my new card?" })),
        ("/query", json!({ "question": "cost of a transfer", "threshold": 0.3 })),
        ("/query", json!({ "question": "Tell me about pizza", "threshold": 0.9 })),
        ("/query/batch", json!({ "questions": ["change my PIN", "pizza"], "threshold": 0.2, "top_k": 2 })),
        ("/query/batch", json!({ "questions": ["change my PIN"], "threshold": -1, "top_k": 100 })),
        ("/search", json!({ "query": "without a question", "field": "title" })),
        ("/search", json!({ "query": "cards", "top_k": 1000, "threshold": 0.1 })),
        ("/search", json!({ "query": "cards", "field": "answers" })),
        ("/query", json!({ "question": "" })),
    ];
    requests.extend(filters().into_iter().map(|(filter, _)| ("/search", json!({ "query": "x", "filter": filter }))));
    for (path, body) in &requests {
        // To the last digit: both search with the same code over the same vectors.
        let [a, b] = [&sqlite.running, &index].map(|running| running.post(path, body.to_string()));
        assert_eq!((a.status(), a.json()), (b.status(), b.json()), "{path} {body}");
    }
    for path in ["/documents", "/documents?limit=2", "/documents?after=card", "/documents/7", "/documents/none"] {
        let [a, b] = [&sqlite.running, &index].map(|running| running.get(path));
        assert_eq!((a.status(), a.json()), (b.status(), b.json()), "{path}");
    }
    assert_eq!(count(&index), 4);
    assert_eq!(index.get("/health").json()["config"]["store"], "index");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_file_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let ask = json!({ "question": "Where is my new card?" }).to_string();
    let missing = serve(folder.path(), &[], L3);
    for (path, status) in [("/health", 200), ("/ready", 503)] {
        let reply = missing.get(path);
        let part = "the store cannot be reached: the index file that INDEX_FILE names cannot be opened";
        assert!(reply.status() == status && reply.text().contains(part), "{path}: {}", reply.text());
    }

    build(folder.path(), &["question"]);
    let other = serve(folder.path(), &[], L6).post("/query", ask.clone());
    assert_eq!(other.status(), 409);
    let error = other.json();
    let message = error["error"].as_str().expect("a message");
    assert!(message.contains("`all-MiniLM-L6-v2`") && message.contains("build the index file anew"), "{message}");

    let file = folder.path().join("kb.minilm");
    let bytes = fs::read(&file).expect("it is there");
    fs::write(&file, &bytes[..bytes.len() / 2]).expect("a file can be written");
    let cut = serve(folder.path(), &[], L3).post("/query", ask);
    assert!(cut.status() == 500 && cut.text().contains("the index file is damaged"), "{}", cut.text());
}
