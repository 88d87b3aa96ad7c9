//! What one request may cost: tokens and time of a bulk load, bytes of an answer.

use serde_json::{Value, json};

use super::{client, count, documents, filled, put, query};

/// So many documents with a question of 13 tokens each, and an answer of so many bytes.
fn bulk(documents: usize, bytes: usize) -> Value {
    let document = |index| json!({ "id": format!("{index:04}"), "question": "a b c d e ".repeat(2), "answers": "x".repeat(bytes) });
    (0..documents).map(document).collect()
}

#[test]
fn a_bulk_load_over_the_budget_of_tokens_stores_nothing() {
    let client = client(&[("MAX_BATCH_TOKENS", "120")]);
    let refused = client.put("/documents", bulk(11, 1).to_string());
    assert_eq!(refused.status, 422, "{}", refused.text());
    let message = "`documents` has a number of tokens of 132, the limit is 120 (MAX_BATCH_TOKENS)";
    assert_eq!(refused.json()["error"], message);
    assert_eq!(refused.json()["limit"], json!({ "name": "MAX_BATCH_TOKENS", "value": 120, "actual": 132 }));
    assert_eq!(count(&client), 0);
    // What is there already need not be embedded again.
    assert_eq!(put(&client, &bulk(10, 1)), json!({ "upserted": 10, "total": 10 }));
    assert_eq!(put(&client, &bulk(20, 1)), json!({ "upserted": 20, "total": 20 }));
    let refused = client.post("/query/batch", json!({ "questions": vec!["a b c d e"; 20] }).to_string());
    assert_eq!((refused.status, &refused.json()["limit"]["name"]), (400, &json!("MAX_BATCH_TOKENS")));
    // All documents are no request of a client, and a reindex is for administrators.
    assert_eq!(client.post("/documents/reindex", "").json()["reindexed"], 20);
}

#[test]
fn a_bulk_load_over_the_budget_of_time_stores_nothing() {
    let client = client(&[("MAX_REQUEST_MS", "1")]);
    let refused = client.put("/documents", bulk(2000, 1).to_string());
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"), "{}", refused.text());
    assert_eq!(refused.json()["limit"]["name"], "MAX_REQUEST_MS");
    assert_eq!(count(&client), 0);
    let batch = json!({ "questions": vec!["a b c d e ".repeat(4); 2000] });
    let refused = client.post("/query/batch", batch.to_string());
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"), "{}", refused.text());
}

#[test]
fn an_answer_over_the_budget_of_bytes_is_refused() {
    let client = client(&[("MAX_RESPONSE_BYTES", "5000")]);
    // Documents of a little more than 1000 bytes, all of the same vector.
    put(&client, &bulk(20, 1000));
    let size = client.get("/documents/0000").body.len() as u64;
    assert!((1000..1100).contains(&size), "{size}");
    let too_large = |path: &str, body: Value, status: u16, documents: u64| {
        let refused = client.post(path, body.to_string());
        assert_eq!(refused.status, status, "{path} {body}: {}", refused.text());
        let limit = json!({ "name": "MAX_RESPONSE_BYTES", "value": 5000, "actual": documents * size });
        assert_eq!(refused.json()["limit"], limit, "{path} {body}");
    };
    too_large("/search", json!({ "query": "a b c d e", "top_k": 5 }), 422, 5);
    too_large("/search", json!({ "query": "a b c d e", "top_k": 1000 }), 422, 20);
    // The same documents for another question count again.
    let questions = |top_k: usize| json!({ "questions": ["a b c", "d e"], "threshold": -1, "top_k": top_k });
    too_large("/query/batch", questions(3), 400, 6);
    // All twenty come into question, and there is room for the matches only.
    for (path, body) in [
        ("/search", json!({ "query": "a b c d e", "top_k": 4 })),
        ("/query/batch", questions(2)),
        ("/query/batch", json!({ "questions": vec!["a b c"; 50], "threshold": 1, "top_k": 100 })),
        ("/query", json!({ "question": "a b c d e", "threshold": -1 })),
    ] {
        let reply = client.post(path, body.to_string());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert!(reply.body.len() <= 5000, "{path}: {}", reply.body.len());
    }

    let refused = client.get("/documents?limit=5");
    let limit = json!({ "name": "MAX_RESPONSE_BYTES", "value": 5000, "actual": 5 * size });
    assert_eq!((refused.status, &refused.json()["limit"]), (422, &limit));
    let page = client.get("/documents?limit=4&after=0015").json();
    assert_eq!(page["documents"].as_array().map(Vec::len), Some(4));
    assert_eq!((&page["documents"][3]["id"], &page["next"]), (&json!("0019"), &Value::Null));
    assert_eq!(client.get("/documents?limit=4").json()["next"], "0003");
}

#[test]
fn a_document_that_fits_into_no_answer_can_still_be_deleted_and_reindexed() {
    let client = client(&[("MAX_RESPONSE_BYTES", "900")]);
    put(&client, &bulk(2, 1000));
    assert_eq!([client.get("/documents/0000").status, client.get("/documents?limit=1").status], [422, 422]);
    assert_eq!(client.post("/documents/reindex", "").json()["reindexed"], 2);
    assert_eq!(client.delete("/documents/0000").status, 204);
    assert_eq!(count(&client), 1);
}

#[test]
fn whether_questions_can_be_answered_is_told() {
    let client = filled(&[]);
    let ready = client.get("/ready");
    assert_eq!((ready.status, ready.json()), (200, json!({ "status": "ready", "document_count": 4 })));
    assert_eq!(query(&client, documents()[0]["question"].as_str().expect("a question")).status, 200);
}
