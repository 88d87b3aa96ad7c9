//! A store that another model has filled.

use minilm_kb::Kb;
use minilm_kb::sqlite::Sqlite;
use minilm_test_support::{Client, other_embedder};
use serde_json::json;

use super::sqlite::Shared;
use super::{client_of, documents, over, put, query};

pub fn other(db: &Shared) -> Client<Kb> {
    client_of(&[("SERVED_MODEL_NAME", "other")], other_embedder(), Box::new(Sqlite::new(Box::new(db.clone()))))
}

#[test]
fn another_model_is_refused_until_a_reindex() {
    let db = Shared::in_memory();
    let first = over(&db, &[]);
    put(&first, &documents());
    let second = other(&db);
    for reply in [
        query(&second, "the cat sat on the mat"),
        second.post("/search", "{\"query\": \"the cat\"}"),
        second.put("/documents", "[{\"id\": \"x\", \"question\": \"x?\"}]"),
        second.put("/documents", "[]"),
    ] {
        assert_eq!(reply.status, 409, "{}", reply.text());
        let error = reply.json();
        let message = error["error"].as_str().expect("a message");
        assert!(message.contains("(model_sha256 ") && message.contains("POST /documents/reindex"), "{message}");
        assert_eq!(
            (&error["details"]["stored"]["dim"], &error["details"]["configured"]["dim"]),
            (&json!(16), &json!(32))
        );
    }
    let health = second.get("/health");
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("unhealthy")));
    assert_eq!(health.json()["database"]["connected"], true);
    assert_eq!(second.get("/ready").status, 503);
    // What needs no vectors works.
    assert_eq!((second.get("/documents/cat").status, second.get("/documents").status), (200, 200));

    let reindexed = second.post("/documents/reindex", "");
    assert_eq!((reindexed.status, &reindexed.json()["reindexed"]), (200, &json!(4)));
    let found = query(&second, "the cat sat on the mat");
    assert_eq!((found.status, &found.json()["metadata"]["match_index"]), (200, &json!(0)));
    // Now it is the first one that is refused.
    assert_eq!(query(&first, "the cat").status, 409);
}

#[test]
fn other_fields_are_refused_until_a_reindex() {
    let db = Shared::in_memory();
    put(&over(&db, &[]), &documents());
    let client = over(&db, &[("SEARCH_FIELDS", "title,question")]);
    let search = json!({ "query": "hello world", "field": "title" }).to_string();
    let refused = client.post("/search", search.clone());
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("SEARCH_FIELDS=question, now it is title,question"), "{}", refused.text());
    assert_eq!(client.post("/documents/reindex", "").json()["reindexed"], 4);
    let found = client.post("/search", search).json();
    assert_eq!(found["results"][0]["document_id"], "cat");
    assert_eq!(found["metadata"]["total_documents_searched"], 2);
    assert_eq!(query(&client, "a b c d e").json()["metadata"]["document_id"], "abc");
}

/// What two instances of different models could do between a look at the store and a write.
#[test]
fn the_store_itself_refuses_a_write_of_another_model() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    let taken = "UPDATE minilm_meta SET identity = replace(identity, 'tiny', 'other')";
    // The write reads what is there first, and then writes.
    db.run_after(1, taken);
    let refused = client.put("/documents", "[{\"id\": \"x\", \"question\": \"x?\"}]");
    assert_eq!((refused.status, refused.header("retry-after")), (409, "1"));
    assert!(refused.text().contains("the store was changed by another writer"), "{}", refused.text());
    assert_eq!(db.value::<i64>("SELECT count(*) FROM minilm_documents"), 4);
}

/// The vectors that are read second are by then those of another model.
#[test]
fn a_reindex_between_the_statements_of_a_search_is_seen() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    let taken = "UPDATE minilm_meta SET identity = json_set(identity, '$.model_sha256', 'other')";
    db.run_after(1, taken);
    let refused = query(&client, "the cat");
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(refused.json()["details"]["stored"]["model_sha256"], "other");
    // The same weights under another name are the same: it is searched once more.
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &documents());
    db.run_after(1, "UPDATE minilm_meta SET identity = json_set(identity, '$.model', 'renamed')");
    assert_eq!(query(&client, "the cat sat on the mat").status, 200);
}
