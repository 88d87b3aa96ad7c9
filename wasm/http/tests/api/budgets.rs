//! What one request may cost: tokens, time and bytes of its answer, on every route that embeds.

use serde_json::{Value, json};

use super::client;

/// Every route that embeds, with a body of these texts.
fn requests(texts: &[String]) -> [(&'static str, Value); 8] {
    let sentences = json!({ "source_sentence": texts[0], "sentences": texts[1..] });
    [
        ("/embed", json!({ "inputs": texts })),
        ("/", json!({ "inputs": texts })),
        ("/embed_all", json!({ "inputs": texts })),
        ("/similarity", json!({ "inputs": sentences })),
        ("/v1/embeddings", json!({ "input": texts })),
        ("/embeddings", json!({ "input": texts })),
        ("/api/embed", json!({ "model": "tiny", "input": texts })),
        ("/api/embeddings", json!({ "model": "tiny", "prompt": texts.concat() })),
    ]
}

/// The limit that an error names, in whichever form its protocol has.
fn limit(error: &Value) -> &Value {
    error.get("limit").unwrap_or(&error["error"]["limit"])
}

#[test]
fn every_route_has_a_budget_of_tokens() {
    let client = client(&[("MAX_BATCH_TOKENS", "23")]);
    // Eleven words and a frame of two, twice; one text of all words is cut at 24.
    for (path, body) in requests(&["a ".repeat(11), "b ".repeat(11)]) {
        let refused = client.post(path, body.to_string());
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
        let actual = if path == "/api/embeddings" { 24 } else { 26 };
        let expected = json!({ "name": "MAX_BATCH_TOKENS", "value": 23, "actual": actual });
        assert_eq!(limit(&refused.json()), &expected, "{path}");
    }
}

#[test]
fn every_route_has_a_budget_of_time() {
    let client = client(&[("MAX_REQUEST_MS", "1")]);
    // The route of one text ends with its first batch, and is not among them.
    for (path, body) in &requests(&vec!["a ".repeat(400); 2000])[..7] {
        let refused = client.post(path, body.to_string());
        assert_eq!((refused.status, refused.header("retry-after")), (503, "1"), "{path}: {}", refused.text());
        let error = refused.json();
        assert_eq!((&limit(&error)["name"], &limit(&error)["value"]), (&json!("MAX_REQUEST_MS"), &json!(1)), "{path}");
        assert!(refused.text().contains("ask for less at once, or later: "), "{path}: {error}");
    }
    assert_eq!(
        client.post("/embed", json!({ "inputs": vec!["a ".repeat(400); 2000] }).to_string()).json()["error_type"],
        "Overloaded"
    );
    assert_eq!(client.post("/embed", "{\"inputs\": \"a\"}").status, 200);
}

#[test]
fn every_route_has_a_budget_of_bytes_for_its_answer() {
    let texts = ["a".to_owned(), "b".to_owned()];
    let large = client(&[("MAX_RESPONSE_BYTES", "100")]);
    for (path, body) in requests(&texts) {
        let refused = large.post(path, body.to_string());
        if path == "/similarity" {
            assert_eq!(refused.status, 200, "{path}");
            continue;
        }
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
        let error = refused.json();
        assert_eq!(
            (&limit(&error)["name"], &limit(&error)["value"]),
            (&json!("MAX_RESPONSE_BYTES"), &json!(100)),
            "{path}"
        );
    }
    // A number has four bytes or more, so this is refused before anything is computed; the next by what is written.
    for (limit, texts) in [("383", vec!["a"]), ("3000", vec!["a"; 8])] {
        let client = client(&[("MAX_RESPONSE_BYTES", limit)]);
        let refused = client.post("/embed_all", json!({ "inputs": texts }).to_string());
        assert_eq!(refused.status, 422, "{}", refused.text());
        let actual = refused.json()["limit"]["actual"].as_u64().expect("a number");
        assert!(refused.text().contains("MAX_RESPONSE_BYTES") && actual > limit.parse().expect("a number"), "{actual}");
    }
    let refused = large.post("/decode", json!({ "ids": [vec![6; 100]] }).to_string());
    assert_eq!((refused.status, &limit(&refused.json())["name"]), (422, &json!("MAX_RESPONSE_BYTES")));
    let refused = large.post("/tokenize", json!({ "inputs": "a ".repeat(20) }).to_string());
    assert_eq!((refused.status, &limit(&refused.json())["name"]), (422, &json!("MAX_RESPONSE_BYTES")));
}
