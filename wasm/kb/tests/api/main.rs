//! The knowledge base through the request handler, natively: every status code and every field, over SQLite and over an index file.

mod answers;
mod budgets;
mod client;
mod documents;
mod errors;
mod filters;
mod index;
mod migrations;
mod model;
mod reindex;
mod round_trips;
mod sqlite;

use client::client_of;
use minilm_kb::Kb;
use minilm_kb::sqlite::Sqlite;
use minilm_test_support::{Client, Reply, embedder};
use serde_json::{Value, json};
use sqlite::Shared;

/// An instance over a database.
fn over(db: &Shared, env: &[(&str, &str)]) -> Client<Kb> {
    client_of(env, embedder(), Box::new(Sqlite::new(Box::new(db.clone()))))
}

/// An instance over an empty database.
fn client(env: &[(&str, &str)]) -> Client<Kb> {
    over(&Shared::in_memory(), env)
}

/// An instance with the four documents of [`documents`].
fn filled(env: &[(&str, &str)]) -> Client<Kb> {
    let client = client(env);
    assert_eq!(put(&client, &documents()), json!({ "upserted": 4, "total": 4 }));
    client
}

fn put(client: &Client<Kb>, documents: &Value) -> Value {
    let reply = client.put("/documents", documents.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn count(client: &Client<Kb>) -> u64 {
    client.get("/health").json()["database"]["document_count"].as_u64().expect("a count")
}

fn query(client: &Client<Kb>, question: &str) -> Reply {
    client.post("/query", json!({ "question": question }).to_string())
}

/// Whether two numbers are the same, but for the last digits of floats.
fn close(a: &Value, b: f64) -> bool {
    a.as_f64().is_some_and(|a| (a - b).abs() < 1e-5)
}

/// Texts are those that the 40 tokens of the model tell apart.
fn documents() -> Value {
    json!([
        {
            "id": "cat", "question": "the cat sat on the mat", "title": "hello world",
            "answers": ["It sat there.", { "link": "/cats", "price": 1.50, "none": null }],
            "metadata": { "topic": "pets", "year": 2020, "open": true },
        },
        { "id": "abc", "question": "a b c d e", "answers": "Letters.", "topic": "pets" },
        {
            "_id": { "$oid": "65f0c0ffee65f0c0ffee65f0" }, "question": "1 2 1 2 . ! ?",
            "answers": { "eur": 0, "usd": 12_345_678_901_234_567_890_u64 }, "metadata": { "topic": "money", "by": null },
        },
        { "id": 7, "title": "a world of cats", "answers": [] },
    ])
}

/// Filters, and the ids of the documents that have a question and pass.
fn filters() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (json!({}), &["65f0c0ffee65f0c0ffee65f0", "abc", "cat"]),
        (json!({ "topic": "pets" }), &["abc", "cat"]),
        (json!({ "topic": "pets", "year": 2020.0 }), &["cat"]),
        (json!({ "year": "2020" }), &[]),
        (json!({ "open": true }), &["cat"]),
        (json!({ "open": 1 }), &[]),
        (json!({ "by": null }), &["65f0c0ffee65f0c0ffee65f0"]),
        (json!({ "a \"quoted\" key.": "x" }), &[]),
    ]
}
