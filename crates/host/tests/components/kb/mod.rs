//! The knowledge base in real wasmtime, over real SQLite, real PostgreSQL and real index files.

mod answers;
mod backup;
mod budgets;
mod crash;
mod errors;
#[path = "../../../../../tests/common/filters.rs"]
#[allow(dead_code, reason = "written for the tests of several crates")]
mod filter_cases;
mod full;
mod imports;
mod index;
mod model;
mod postgres;
mod postgres_stores;
#[path = "../../../../../tests/common/random.rs"]
#[allow(dead_code, reason = "written for the tests of the core, which use all of it")]
mod random;
mod writers;

use std::path::{Path, PathBuf};

use minilm_host::databases::Databases;
use minilm_host::serve::Options;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Request;

use crate::running::{Reply, Running, options};
use crate::{L3, L6, component};

/// The build that keeps documents in Spin's databases, and the one that answers from an index file.
const SPIN: &str = "kb-spin";
const INDEX: &str = "kb-index";

/// A knowledge base in a folder of its own, and its server.
struct Kb {
    running: Running,
    folder: TempDir,
}

impl Kb {
    /// An empty one, with these settings.
    fn with(env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self { running: serve(&folder.path().join("kb.db"), env, None), folder }
    }

    /// One with the four documents of [`documents`].
    fn filled(env: &[(&str, &str)]) -> Self {
        let kb = Self::with(env);
        kb.put(&documents());
        kb
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("kb.db")
    }

    fn put(&self, documents: &Value) -> Value {
        let reply = put(&self.running, documents.to_string());
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.json()
    }
}

/// A server over a file of SQLite.
fn serve(file: &Path, env: &[(&str, &str)], pages: Option<u32>) -> Running {
    serve_component(&component(SPIN, L3), file, env, pages)
}

fn serve_component(component: &Path, file: &Path, env: &[(&str, &str)], pages: Option<u32>) -> Running {
    let databases = Databases { sqlite: Some(file.to_owned()), sqlite_pages: pages, ..Databases::default() };
    Running::start(component, Options { databases: Some(databases), ..options(env) })
}

fn put(running: &Running, documents: impl Into<Vec<u8>>) -> Reply {
    let request = Request::put("/documents").header("content-type", "application/json");
    running.send(request.body(documents.into()).expect("a request"))
}

fn delete(running: &Running, id: &str) -> u16 {
    running.send(Request::delete(format!("/documents/{id}")).body(Vec::new()).expect("a request")).status()
}

fn count(running: &Running) -> u64 {
    running.get("/health").json()["database"]["document_count"].as_u64().expect("a count")
}

/// Whether two numbers are the same, but for the last digits of floats.
fn close(a: &Value, b: f64) -> bool {
    a.as_f64().is_some_and(|a| (a - b).abs() < 1e-5)
}

fn documents() -> Value {
    json!([
        {
            "id": "card", "question": "Where is my new card?", "title": "Cards on their way",
            "answers": ["It takes five days.", { "link": "/cards", "price": 1.50, "none": null }],
            "metadata": { "topic": "cards", "year": 2020, "open": true },
        },
        { "id": "pin", "question": "How do I change my PIN?", "answers": "At any cash machine.", "topic": "cards" },
        {
            "_id": { "$oid": "65f0c0ffee65f0c0ffee65f0" }, "question": "What does a transfer cost?",
            "answers": { "eur": 0, "usd": 12_345_678_901_234_567_890_u64 }, "metadata": { "topic": "money", "by": null },
        },
        { "id": 7, "title": "A document without a question", "answers": [] },
    ])
}
