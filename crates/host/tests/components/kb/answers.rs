//! Every answer, field by field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Kb, close};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_question_finds_the_closest_document() {
    let kb = Kb::filled(&[]);
    let reply = kb.running.post("/query", json!({ "question": "Where is my new card?" }).to_string());
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let answer = reply.json();
    assert!(close(&answer["similarity_score"], 1.0), "{answer}");
    let expected = json!({
        "matched_question": "Where is my new card?",
        "answers": ["It takes five days.", { "link": "/cards", "price": 1.50, "none": null }],
        "similarity_score": answer["similarity_score"],
        "metadata": { "document_id": "card", "threshold_used": 0.6, "total_documents_searched": 3, "match_index": 0 },
    });
    assert_eq!(answer, expected);
    assert_eq!((reply.header("x-model"), reply.header("x-compute-tokens")), ("paraphrase-MiniLM-L3-v2", "8"));

    // The digits of a number are those that were sent.
    let answer = kb.running.post("/query", json!({ "question": "cost of a transfer", "threshold": 0.3 }).to_string());
    assert!(answer.text().contains("\"usd\":12345678901234567890}"), "{}", answer.text());
    let answer = answer.json();
    let expected = json!({ "document_id": "65f0c0ffee65f0c0ffee65f0", "threshold_used": 0.3, "total_documents_searched": 3, "match_index": 2 });
    assert_eq!(answer["metadata"], expected);
    assert!(answer["similarity_score"].as_f64().is_some_and(|score| score > 0.3 && score < 1.0));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_search_finds_whole_documents() {
    let kb = Kb::filled(&[("SEARCH_FIELDS", "question,title")]);
    let search = |body: Value| {
        let reply = kb.running.post("/search", body.to_string());
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.json()
    };
    let ids = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().expect("results");
        results.iter().map(|result| result["document_id"].as_str().expect("an id").to_owned()).collect()
    };
    let answer = search(json!({ "query": "Where is my new card?" }));
    assert_eq!(keys(&answer), ["metadata", "results"].into());
    let first = &answer["results"][0];
    assert_eq!(keys(first), ["document", "document_id", "score"].into());
    assert!(close(&first["score"], 1.0));
    assert_eq!(first["document"], kb.running.get("/documents/card").json());
    let expected = json!({ "field": "question", "top_k": 10, "threshold_used": null, "total_documents_searched": 3 });
    assert_eq!(answer["metadata"], expected);
    assert_eq!(ids(&answer).len(), 3);

    let answer = search(json!({ "query": "without a question", "field": "title", "top_k": 1, "threshold": 0.2 }));
    assert_eq!(ids(&answer), ["7"]);
    let expected = json!({ "field": "title", "top_k": 1, "threshold_used": 0.2, "total_documents_searched": 2 });
    assert_eq!(answer["metadata"], expected);

    for (filter, expected) in filters() {
        let answer = search(json!({ "query": "anything", "filter": filter }));
        let mut found = ids(&answer);
        found.sort();
        assert_eq!(found, expected, "{filter}");
        assert_eq!(answer["metadata"]["total_documents_searched"], expected.len(), "{filter}");
    }
}

/// Filters, and the ids of the documents that have a question and pass.
pub fn filters() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (json!({}), &["65f0c0ffee65f0c0ffee65f0", "card", "pin"]),
        (json!({ "topic": "cards" }), &["card", "pin"]),
        (json!({ "topic": "cards", "year": 2020.0 }), &["card"]),
        (json!({ "year": "2020" }), &[]),
        (json!({ "open": true }), &["card"]),
        (json!({ "open": 1 }), &[]),
        (json!({ "by": null }), &["65f0c0ffee65f0c0ffee65f0"]),
        (json!({ "a \"quoted\" key.": "x" }), &[]),
    ]
}
