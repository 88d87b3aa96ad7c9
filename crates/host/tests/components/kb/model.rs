//! A store that another model has filled.

use serde_json::json;

use super::{Kb, L6, SPIN, component, put, serve_component};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn another_model_is_refused_until_a_reindex() {
    let kb = Kb::filled(&[]);
    let ask = json!({ "question": "Where is my new card?" }).to_string();
    let running = serve_component(&component(SPIN, L6), &kb.file(), &[], None);

    let refused = [running.post("/query", ask.clone()), put(&running, "[{\"id\": \"x\", \"question\": \"x?\"}]")];
    for reply in &refused {
        assert_eq!(reply.status(), 409, "{}", reply.text());
        let error = reply.json();
        let message = error["error"].as_str().expect("a message");
        let parts =
            ["`slice-L3-of-all-MiniLM-L6-v2` (weights ", "`all-MiniLM-L6-v2` (weights ", "POST /documents/reindex"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(error["details"]["stored"]["model"], "slice-L3-of-all-MiniLM-L6-v2");
        assert_eq!(error["details"]["configured"]["model"], "all-MiniLM-L6-v2");
    }
    let health = running.get("/health");
    assert_eq!((health.status(), &health.json()["database"]["connected"]), (503, &json!(true)));
    // What needs no vectors works.
    assert_eq!(running.get("/documents/card").status(), 200);

    let reindexed = running.post("/documents/reindex", "");
    assert_eq!(
        (reindexed.status(), reindexed.json()),
        (200, json!({ "reindexed": 4, "model_name": "all-MiniLM-L6-v2" }))
    );
    let found = running.post("/query", ask.clone());
    assert_eq!((found.status(), &found.json()["metadata"]["match_index"]), (200, &json!(0)));
    // Now it is the first one that is refused, also where it was open before.
    assert_eq!(kb.running.post("/query", ask).status(), 409);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn other_fields_are_refused_until_a_reindex() {
    let kb = Kb::filled(&[]).again(&[("SEARCH_FIELDS", "title,question")]);
    let search = json!({ "query": "Cards on their way", "field": "title" }).to_string();
    let refused = kb.running.post("/search", search.clone());
    assert_eq!(refused.status(), 409);
    assert!(refused.text().contains("SEARCH_FIELDS=question, now it is title,question"), "{}", refused.text());
    assert_eq!(kb.running.post("/documents/reindex", "").json()["reindexed"], 4);
    let found = kb.running.post("/search", search).json();
    assert_eq!(found["results"][0]["document_id"], "card");
    assert_eq!(found["metadata"]["total_documents_searched"], 2);
    let found = kb.running.post("/query", json!({ "question": "How do I change my PIN?" }).to_string()).json();
    assert_eq!(found["metadata"]["document_id"], "pin");
}

/// What two instances of different models could do between a look at the store and a write.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_store_itself_refuses_a_write_of_another_model() {
    let kb = Kb::filled(&[]);
    let db = rusqlite::Connection::open(kb.file()).expect("the store opens");
    let insert = "INSERT INTO minilm_upsert (identity, id, document, metadata, vectors, fields, levels)
        VALUES (?1, 'x', '{}', '{}', x'', '[]', x'')";
    let refused = db.execute(insert, ["{}"]).expect_err("another identity");
    assert!(refused.to_string().contains("minilm: the store has changed"), "{refused}");
    let own: String = db.query_row("SELECT identity FROM minilm_meta", [], |row| row.get(0)).expect("one row");
    db.execute(insert, [own]).expect("its own identity");
    assert_eq!(kb.count(), 5);
}
