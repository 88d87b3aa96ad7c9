//! Every error that a request can make: its status, its words, its shape.

use serde_json::json;
use ureq::http::Request;

use super::{Kb, put, put_as, serve};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn requests_that_are_wrong() {
    let kb = Kb::filled(&[("MAX_CLIENT_BATCH_SIZE", "3"), ("MAX_TEXT_BYTES", "100"), ("PAYLOAD_LIMIT", "5000")]);
    let long = format!("{{\"question\": \"{}\"}}", "x".repeat(101));
    let large = format!("{{\"question\": \"{}\"}}", "x".repeat(5000));
    let cases: &[(&str, &str, u16, &str)] = &[
        ("/query", "", 400, "not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("/query", "{}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": null}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": \"\"}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": \" \\n\"}", 400, "`question` is missing or empty"),
        ("/query", "{\"question\": 7}", 400, "integer `7`, expected a string"),
        ("/query", "{\"question\": \"a\", \"treshold\": 1}", 400, "unknown field `treshold`"),
        ("/query", "{\"question\": \"a\", \"threshold\": 1.5}", 400, "`threshold` is 1.5: it must be from -1 to 1"),
        ("/query", "{\"question\": \"a\", \"threshold\": \"0.5\"}", 400, "string \"0.5\", expected f32"),
        ("/query", &long, 413, "text 0 of `question` has a size in bytes of 101, the limit is 100 (MAX_TEXT_BYTES)"),
        ("/query", &large, 413, "the limit is 5000 (PAYLOAD_LIMIT)"),
        ("/query/batch", "{}", 400, "`questions` is missing or empty"),
        ("/query/batch", "{\"questions\": []}", 400, "`questions` is missing or empty"),
        ("/query/batch", "{\"questions\": [\"a\", \" \"]}", 400, "`questions` has an empty text at index 1"),
        ("/query/batch", "{\"questions\": \"a\"}", 400, "string \"a\", expected a sequence"),
        ("/query/batch", "{\"questions\": [\"a\"], \"top_k\": 0}", 400, "`top_k` is 0: it must be from 1 to 1000"),
        ("/query/batch", "{\"questions\": [\"a\",\"b\",\"c\",\"d\"]}", 400, "batch size of 4, the limit is 3"),
        ("/search", "{\"query\": \"\"}", 400, "`query` is missing or empty"),
        (
            "/search",
            "{\"query\": \"a\", \"field\": \"title\"}",
            422,
            "`title` is not searched: SEARCH_FIELDS has question",
        ),
        ("/search", "{\"query\": \"a\", \"filter\": [1]}", 422, "expected a map"),
        ("/search", "{\"query\": \"a\", \"filter\": {\"tags\": [1]}}", 422, "`tags` has another value"),
        ("/search", "{\"query\": \"a\", \"top_k\": 1001}", 422, "`top_k` is 1001"),
    ];
    for (path, body, status, part) in cases {
        let reply = kb.running.post(path, *body);
        let error = reply.json();
        let message = error["error"].as_str().unwrap_or_else(|| panic!("no message: {error}"));
        assert!(reply.status() == *status && message.contains(part), "{path} {body}: {} {message}", reply.status());
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn documents_that_are_wrong() {
    let kb = Kb::with(&[("MAX_TEXT_BYTES", "100")]);
    let long = json!([{ "id": "1", "question": "x".repeat(101) }]).to_string();
    let cases: &[(&str, u16, &[&str])] = &[
        ("[1]", 400, &["document 0 of the array, line 1: an object is needed, there is `1`"]),
        ("[{\"id\": \"1\"}, {\"id\": true}]", 400, &["document 1 of the array, line 1: `id` is a boolean"]),
        ("{\"id\": \"1\"}\n{\"id\": \"2\", }\n", 400, &["line 2, column 13: not valid JSON: trailing comma"]),
        ("[{\"id\": \"1\"}", 400, &["document 1 of the array, line 1: `]` is needed"]),
        (&long, 413, &["`question` of the document `1` has a size in bytes of 101, the limit is 100 (MAX_TEXT_BYTES)"]),
    ];
    for (body, status, parts) in cases {
        let reply = put(&kb.running, *body);
        let error = reply.json();
        let message = error["error"].as_str().unwrap_or_else(|| panic!("no message: {error}"));
        assert!(reply.status() == *status && parts.iter().all(|part| message.contains(part)), "{body}: {message}");
    }
    let reply = put_as(&kb.running, "text/csv", "a,b");
    assert_eq!(reply.status(), 415);
    assert!(reply.text().contains("it must be `application/json` or `application/x-ndjson`"), "{}", reply.text());
    assert_eq!(kb.count(), 0);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn paths_and_methods_that_are_wrong() {
    let kb = Kb::with(&[]);
    let missing = kb.running.get("/nowhere");
    assert_eq!(
        (missing.status(), missing.json()),
        (404, json!({ "error": "there is no /nowhere; GET / lists what there is" }))
    );
    for (method, path, allow) in [
        ("GET", "/query", "OPTIONS, POST"),
        ("POST", "/documents", "GET, HEAD, OPTIONS, PUT"),
        ("PUT", "/documents/1", "DELETE, GET, HEAD, OPTIONS"),
        ("DELETE", "/health", "GET, HEAD, OPTIONS"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Vec::new()).expect("a request");
        let reply = kb.running.send(request);
        assert_eq!((reply.status(), reply.header("allow")), (405, allow), "{method} {path}");
    }
    let reply = kb.running.get("/documents/nothing");
    assert_eq!((reply.status(), reply.json()), (404, json!({ "error": "there is no document `nothing`" })));
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?before=1"] {
        assert_eq!(kb.running.get(&format!("/documents{query}")).status(), 422, "{query}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_key_and_a_bad_setting() {
    let kb = Kb::with(&[("API_KEY", "secret")]);
    let refused = kb.running.post("/query", "{\"question\": \"a\"}");
    assert_eq!((refused.status(), refused.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(kb.running.get("/health").status(), 200);
    for (name, value) in [("SIMILARITY_THRESHOLD", "high"), ("STORE", "mongodb"), ("MODEL_NAME", "all-mpnet-base-v2")] {
        let reply = Kb::with(&[(name, value)]).running.get("/health");
        assert!(reply.status() == 503 && reply.text().contains(&format!("{name} is `{value}`")), "{}", reply.text());
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_store_that_cannot_be_reached() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let running = serve(&folder.path().join("nowhere/kb.db"), &[], None);
    let health = running.get("/health");
    assert_eq!(health.status(), 503);
    let health = health.json();
    assert_eq!((&health["status"], &health["database"]["connected"]), (&json!("unhealthy"), &json!(false)));
    let error = health["database"]["error"].as_str().expect("a reason");
    assert!(error.contains("the store cannot be reached: unable to open database file"), "{error}");
    let reply = running.post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.header("retry-after")), (503, "1"));

    let other = Kb::with(&[("SQLITE_DATABASE", "other")]).running.get("/health").json();
    let error = "the store cannot be reached: the host gives this component no SQLite database `other`";
    assert_eq!(other["database"]["error"], error);

    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, but more than a hundred bytes of text ".repeat(9),
    )
    .expect("a file can be written");
    let reply = serve(&folder.path().join("text.db"), &[], None).post("/query", "{\"question\": \"a\"}");
    assert_eq!((reply.status(), reply.text().contains("the store is damaged")), (500, true), "{}", reply.text());
}
