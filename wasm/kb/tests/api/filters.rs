//! Filters: SQLite and the index file find what the evaluator of `minilm-documents` finds.

use minilm_documents::filter::Filter;
use minilm_kb::Kb;
use minilm_test_support::{Client, filters};
use serde_json::{Value, json};

use super::sqlite::Shared;
use super::{client, index, over, put};

/// Positions of the documents that a search finds, by the ids of [`filters::with_ids`].
fn search(client: &Client<Kb>, filter: &Value) -> Vec<usize> {
    let reply = client.post("/search", filters::search(filter));
    assert_eq!(reply.status, 200, "{filter}: {}", reply.text());
    filters::found(&reply.json())
}

/// Both stores with these documents.
fn stores(metadata: &[Value]) -> [Client<Kb>; 2] {
    let documents = filters::with_ids(metadata);
    let sqlite = client(&[]);
    put(&sqlite, &documents);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kb.minilm");
    index::build(&file, &documents, &["question"]);
    let index = index::serve(&file, &[], false);
    // It stays open without its name.
    assert_eq!(index.get("/health").status, 200);
    [sqlite, index]
}

#[test]
fn stores_find_what_the_table_says() {
    let documents = filters::documents();
    let metadata: Vec<Value> = documents.iter().map(|(_, metadata)| metadata.clone()).collect();
    for client in stores(&metadata) {
        for (filter, expected) in filters::cases() {
            let found: Vec<&str> = search(&client, &filter).into_iter().map(|at| documents[at].0).collect();
            assert_eq!(found, expected, "{filter}");
        }
    }
}

#[test]
fn stores_agree_on_random_filters() {
    let (metadata, filters) = filters::random(1, 150, 500);
    let stores = stores(&metadata);
    let mut some = 0;
    for filter in &filters {
        let parsed = Filter::parse(filter.as_object().expect("an object")).expect("a filter").expect("not empty");
        let passes = |at: &usize| parsed.matches(metadata[*at].as_object().expect("an object"));
        let expected: Vec<usize> = (0..metadata.len()).filter(passes).collect();
        some += usize::from((1..metadata.len()).contains(&expected.len()));
        for client in &stores {
            assert_eq!(search(client, filter), expected, "{filter}");
        }
    }
    assert!(some > filters.len() / 2, "only {some} filters tell documents apart");
}

/// Values that only SQLite and the index file can have.
#[test]
fn zeros_in_documents_are_no_end_of_text() {
    let metadata = [json!({ "s": "a" }), json!({ "s": "a\u{0}" }), json!({ "s": "a\u{0}b" }), json!({ "s": "a\u{1}" })];
    for client in stores(&metadata) {
        assert_eq!(search(&client, &json!({ "s": "a" })), [0]);
        assert_eq!(search(&client, &json!({ "s": { "$gt": "a", "$lt": "a\u{1}" } })), [1, 2]);
    }
}

#[test]
fn every_route_takes_one() {
    let client = client(&[]);
    let documents = json!([
        { "id": "1", "question": "cat", "answers": 1, "price": 5 },
        { "id": "2", "question": "cat", "answers": 2, "price": 15, "tags": ["sales"] },
    ]);
    put(&client, &documents);
    let filters = [
        json!({ "tags": "sales" }),
        json!({ "price": { "$gte": 10 } }),
        json!({ "id": { "$exists": false }, "price": 15 }),
    ];
    for filter in filters {
        let answer = client.post("/query", json!({ "question": "cat", "filter": filter }).to_string()).json();
        assert_eq!((&answer["answers"], &answer["metadata"]["total_documents_searched"]), (&json!(2), &json!(1)));
        assert_eq!(answer["metadata"]["match_index"], 0);
        let body = json!({ "questions": ["cat", "the"], "top_k": 9, "threshold": -1, "filter": filter });
        let answer = client.post("/query/batch", body.to_string()).json();
        assert_eq!(answer["metadata"]["total_documents_searched"], 1);
        for result in answer["results"].as_array().expect("results") {
            assert_eq!(
                (result["matches"].as_array().map(Vec::len), &result["matches"][0]["answers"]),
                (Some(1), &json!(2))
            );
        }
    }
    let reply = client.post("/search", json!({ "query": "cat", "filter": null }).to_string());
    assert_eq!(reply.json()["metadata"]["total_documents_searched"], 2);
    let nothing = client.post("/query", json!({ "question": "cat", "filter": { "price": 6 } }).to_string());
    assert_eq!((nothing.status, &nothing.json()["details"]["best_similarity"]), (404, &json!(null)));
    for (path, body, status) in [
        ("/query", json!({ "question": "cat", "filter": { "a": { "$regex": "x" } } }), 400),
        ("/query/batch", json!({ "questions": ["cat"], "filter": { "a": { "$regex": "x" } } }), 400),
        ("/search", json!({ "query": "cat", "filter": { "a": { "$regex": "x" } } }), 422),
    ] {
        let reply = client.post(path, body.to_string());
        let expected = "`filter`: `$regex` is no operator of `a`: there are `$all`, `$eq`, `$exists`,";
        assert!(reply.status == status && reply.text().contains(expected), "{}: {}", reply.status, reply.text());
    }
}

/// Numbers that a store has from before they were written as filters compare them.
#[test]
fn documents_of_before_are_found() {
    let db = Shared::in_memory();
    let client = over(&db, &[]);
    put(&client, &filters::with_ids(&[json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })]));
    for (id, n) in [("0000", "1.0"), ("0001", "1.152921504606847e18"), ("0002", "18446744073709551615")] {
        db.batch(&format!("UPDATE minilm_documents SET metadata = '{{\"n\":{n}}}' WHERE id = '{id}'"));
    }
    assert_eq!(search(&client, &json!({ "n": 1 })), [0]);
    assert_eq!(search(&client, &json!({ "n": 1_152_921_504_606_846_976_i64 })), [1]);
    assert_eq!(search(&client, &json!({ "n": { "$gt": i64::MAX } })), [2]);
}
