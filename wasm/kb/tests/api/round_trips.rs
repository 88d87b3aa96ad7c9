//! One request is one round trip to the store.

use serde_json::json;

use super::sqlite::Shared;
use super::{documents, over, put, query};

#[test]
fn each_request_opens_the_store_once() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    db.counts();
    // A connection, and statements: what is scanned, then the few that may be among the best.
    assert_eq!(query(&client, "the cat").status, 200);
    assert_eq!(db.counts(), (1, 2));
    let batch = json!({ "questions": ["a", "b", "c"], "threshold": -1 });
    assert_eq!(client.post("/query/batch", batch.to_string()).status, 200);
    assert_eq!(db.counts(), (1, 2));
    assert_eq!(client.post("/search", "{\"query\": \"cats\", \"filter\": {\"topic\": \"pets\"}}").status, 200);
    assert_eq!(db.counts(), (1, 2));
    for path in ["/documents", "/documents/cat", "/health", "/ready"] {
        assert_eq!(client.get(path).status, 200);
        assert_eq!(db.counts(), (1, 1), "{path}");
    }
    // What is there, the write, and the count of the response.
    put(&client, &documents());
    assert_eq!(db.counts(), (2, 3));
    assert_eq!(client.delete("/documents/cat").status, 204);
    assert_eq!(db.counts(), (1, 1));
}

#[test]
fn an_empty_store_is_one_statement() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    assert_eq!(query(&client, "the cat").status, 404);
    db.counts();
    assert_eq!(query(&client, "the cat").status, 404);
    assert_eq!(db.counts(), (1, 1));
}
