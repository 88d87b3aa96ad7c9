//! Every response of success, field by field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{client, close, documents, filled, filters, put, query};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}

fn ids(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|result| result["document_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn health_is_that_of_the_old_service() {
    let reply = filled(&[]).get("/health");
    let expected = json!({
        "status": "healthy",
        "model": { "status": "healthy", "model_name": "tiny", "loaded": true, "embedding_dimension": 16 },
        "database": { "status": "healthy", "connected": true, "document_count": 4 },
        "config": { "similarity_threshold": 0.6, "search_fields": ["question"], "store": "sqlite" },
    });
    assert_eq!((reply.status, reply.json()), (200, expected));
}

#[test]
fn a_question_finds_the_closest_document() {
    let client = filled(&[]);
    let reply = query(&client, "the cat sat on the mat");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert!(close(&answer["similarity_score"], 1.0), "{answer}");
    let expected = json!({
        "matched_question": "the cat sat on the mat",
        "answers": ["It sat there.", { "link": "/cats", "price": 1.50, "none": null }],
        "similarity_score": answer["similarity_score"],
        "metadata": { "document_id": "cat", "threshold_used": 0.6, "total_documents_searched": 3, "match_index": 0 },
    });
    assert_eq!(answer, expected);
    assert_eq!((reply.header("x-model"), reply.header("x-compute-tokens")), ("tiny", "8"));

    // The digits of a number are those that were sent.
    let answer = client.post("/query", json!({ "question": "1 2 1 2 . ! ?", "threshold": 0.3 }).to_string());
    assert!(answer.text().contains("\"usd\":12345678901234567890}"), "{}", answer.text());
    let id = "65f0c0ffee65f0c0ffee65f0";
    let expected = json!({ "document_id": id, "threshold_used": 0.3, "total_documents_searched": 3, "match_index": 2 });
    assert_eq!(answer.json()["metadata"], expected);
}

#[test]
fn without_a_match_the_best_similarity_is_told() {
    let client = filled(&[("SIMILARITY_THRESHOLD", "0.999")]);
    let reply = query(&client, "hello");
    let answer = reply.json();
    let best = answer["details"]["best_similarity"].as_f64().expect("a number");
    assert!(best > -1.0 && best < 0.999);
    let expected = json!({
        "error": "No matching data found.",
        "details": { "best_similarity": best, "threshold_used": 0.999, "total_documents_searched": 3 },
    });
    assert_eq!((reply.status, answer), (404, expected));

    let reply = query(&super::client(&[]), "Anything?");
    let details = json!({ "best_similarity": null, "threshold_used": 0.6, "total_documents_searched": 0 });
    assert_eq!((reply.status, &reply.json()["details"]), (404, &details));
}

#[test]
fn a_batch_answers_each_question() {
    let client = filled(&[]);
    let questions = ["a b c d e", "hello"];
    let ask = |body: Value| {
        let reply = client.post("/query/batch", body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let answer = ask(json!({ "questions": questions, "threshold": 0.9999 }));
    let score = &answer["results"][0]["matches"][0]["similarity_score"];
    assert!(close(score, 1.0), "{answer}");
    let found = json!({ "matched_question": questions[0], "answers": "Letters.", "similarity_score": score, "document_id": "abc" });
    let expected = json!({
        "results": [
            { "question_index": 0, "query": questions[0], "matches": [found] },
            { "question_index": 1, "query": questions[1], "matches": [] },
        ],
        "metadata": { "total_questions": 2, "total_documents_searched": 3, "threshold_used": 0.9999, "top_k": 1 },
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
fn a_search_finds_whole_documents() {
    let client = filled(&[("SEARCH_FIELDS", "question,title")]);
    let search = |body: Value| {
        let reply = client.post("/search", body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let answer = search(json!({ "query": "the cat sat on the mat" }));
    assert_eq!(keys(&answer), ["metadata", "results"].into());
    let first = &answer["results"][0];
    assert_eq!(keys(first), ["document", "document_id", "score"].into());
    assert!(close(&first["score"], 1.0));
    assert_eq!(first["document"], client.get("/documents/cat").json());
    let expected = json!({ "field": "question", "top_k": 10, "threshold_used": null, "total_documents_searched": 3 });
    assert_eq!(answer["metadata"], expected);
    assert_eq!(ids(&answer).len(), 3);

    let answer = search(json!({ "query": "a world of cats", "field": "title", "top_k": 1, "threshold": 0.2 }));
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

/// More rows than the database puts into one.
#[test]
fn a_search_reads_in_pages() {
    let client = client(&[]);
    let all: Vec<Value> = (0..8200)
        .map(|index| json!({ "id": format!("{index:04}"), "question": if index == 8195 { "cat" } else { "world" } }))
        .collect();
    put(&client, &Value::Array(all));
    let metadata = query(&client, "cat").json()["metadata"].clone();
    assert_eq!((&metadata["document_id"], &metadata["match_index"]), (&json!("8195"), &json!(8195)));
    assert_eq!(metadata["total_documents_searched"], 8200);
}

#[test]
fn the_other_routes_answer() {
    let client = filled(&[]);
    let welcome = client.request("GET", "/").header("host", "localhost:7").send("");
    assert!(welcome.text().contains("curl http://localhost:7/query"), "{}", welcome.text());
    assert!(welcome.text().contains("store sqlite"));
    query(&client, "cat");
    let metrics = client.get("/metrics").text();
    assert!(metrics.contains("path=\"/query\"") && metrics.ends_with("# EOF\n"), "{metrics}");
    let preflight = client.request("OPTIONS", "/documents").send("");
    assert_eq!((preflight.status, preflight.header("allow")), (204, "DELETE, GET, HEAD, OPTIONS, PUT"));
    assert_eq!(client.request("HEAD", "/documents").send("").status, 200);
    assert_eq!(documents().as_array().map(Vec::len), Some(4));
}
