//! Every answer, field by field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Kb, close};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn health_is_that_of_the_old_service() {
    let kb = Kb::filled(&[]);
    let reply = kb.running.get("/health");
    let expected = json!({
        "status": "healthy",
        "model": {
            "status": "healthy", "model_name": "slice-L3-of-all-MiniLM-L6-v2", "loaded": true, "embedding_dimension": 384,
        },
        "database": { "status": "healthy", "connected": true, "document_count": 4 },
        "config": { "similarity_threshold": 0.6, "search_fields": ["question"], "store": "sqlite" },
    });
    assert_eq!((reply.status(), reply.json()), (200, expected));
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
    assert_eq!((reply.header("x-model"), reply.header("x-compute-tokens")), ("slice-L3-of-all-MiniLM-L6-v2", "8"));

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
fn without_a_match_the_best_similarity_is_told() {
    let kb = Kb::filled(&[("SIMILARITY_THRESHOLD", "0.9")]);
    let reply = kb.running.post("/query", json!({ "question": "Tell me about pizza" }).to_string());
    let answer = reply.json();
    let best = answer["details"]["best_similarity"].as_f64().expect("a number");
    assert!(best > -1.0 && best < 0.9);
    let expected = json!({
        "error": "No matching data found.",
        "details": { "best_similarity": best, "threshold_used": 0.9, "total_documents_searched": 3 },
    });
    assert_eq!((reply.status(), answer), (404, expected));

    let empty = Kb::with(&[]);
    let reply = empty.running.post("/query", json!({ "question": "Anything?" }).to_string());
    let details = json!({ "best_similarity": null, "threshold_used": 0.6, "total_documents_searched": 0 });
    assert_eq!((reply.status(), &reply.json()["details"]), (404, &details));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_batch_answers_each_question() {
    let kb = Kb::filled(&[]);
    let questions = ["How do I change my PIN?", "Tell me about pizza"];
    let ask = |body: Value| {
        let reply = kb.running.post("/query/batch", body.to_string());
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.json()
    };
    let answer = ask(json!({ "questions": questions }));
    let score = &answer["results"][0]["matches"][0]["similarity_score"];
    assert!(close(score, 1.0), "{answer}");
    let expected = json!({
        "results": [
            {
                "question_index": 0, "query": questions[0],
                "matches": [{
                    "matched_question": questions[0], "answers": "At any cash machine.", "similarity_score": score,
                    "document_id": "pin",
                }],
            },
            { "question_index": 1, "query": questions[1], "matches": [] },
        ],
        "metadata": { "total_questions": 2, "total_documents_searched": 3, "threshold_used": 0.6, "top_k": 1 },
    });
    assert_eq!(answer, expected);

    let answer = ask(json!({ "questions": questions, "threshold": -1, "top_k": 2 }));
    assert_eq!(answer["metadata"]["top_k"], 2);
    for result in answer["results"].as_array().expect("results") {
        let scores: Vec<f64> =
            (0..2).map(|index| result["matches"][index]["similarity_score"].as_f64().expect("two matches")).collect();
        assert!(result["matches"].as_array().map(Vec::len) == Some(2) && scores[0] >= scores[1], "{result}");
    }
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
