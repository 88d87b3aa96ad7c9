//! Every error that a request can make, with the status and the words of its protocol.

use serde_json::{Value, json};
use ureq::http::Request;

use super::serve;
use crate::running::{Reply, Running};

const LIMITS: &[(&str, &str)] = &[
    ("MAX_CLIENT_BATCH_SIZE", "3"),
    ("MAX_BATCH_TOKENS", "20"),
    ("PAYLOAD_LIMIT", "2000"),
    ("MAX_TEXT_BYTES", "100"),
    ("AUTO_TRUNCATE", "false"),
];

/// The message of an error, in any of the three protocols.
fn message(path: &str, reply: &Reply) -> String {
    let body = reply.json();
    let (message, kind) = match path {
        "/v1/embeddings" => (&body["error"]["message"], &body["error"]["type"]),
        "/api/embed" => (&body["error"], &body["error"]),
        _ => (&body["error"], &body["error_type"]),
    };
    assert!(kind.is_string(), "{body}");
    message.as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned()
}

fn expect(running: &Running, path: &str, body: &str, status: u16, part: &str) {
    let reply = running.post(path, body);
    assert_eq!(reply.status(), status, "{path} {body}: {}", reply.text());
    let message = message(path, &reply);
    assert!(message.contains(part), "{path} {body}: {message}");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn bodies_that_are_wrong() {
    let running = serve(&[]);
    let cases: &[(&str, &str, u16, &str)] = &[
        ("/embed", "", 400, "not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("/embed", "{\"inputs\": \"a\"", 400, "line 1 column 14"),
        ("/embed", "{\n\"inputs\": a}", 400, "line 2 column 11"),
        ("/embed", "{\"inputs\": \"\\ud800\"}", 400, "unexpected end of hex escape at line 1 column 19"),
        ("/embed", "[]", 422, "line 1 column"),
        ("/embed", "{}", 422, "missing field `inputs`"),
        ("/embed", "{\"inputs\": []}", 400, "`inputs` is empty"),
        ("/embed", "{\"inputs\": [[]]}", 400, "`inputs` is empty"),
        ("/embed", "{\"inputs\": 7}", 422, "integer `7`, expected a string, an array of strings"),
        ("/embed", "{\"inputs\": [\"a\", 7]}", 422, "integer `7`, expected a string"),
        ("/embed", "{\"inputs\": [-1]}", 422, "integer `-1`"),
        ("/embed", "{\"inputs\": [4294967296]}", 422, "4294967296"),
        ("/embed", "{\"inputs\": [99999]}", 422, "token id 99999 is out of range: the vocabulary has 30522 entries"),
        ("/embed", "{\"inputs\": \"a\", \"input\": \"a\"}", 422, "unknown field `input`"),
        ("/embed", "{\"inputs\": \"a\", \"inputs\": \"a\"}", 422, "duplicate field `inputs`"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 0}", 422, "0 is not in 1..=384"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 385}", 422, "385 is not in 1..=384"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 1.5}", 422, "floating point `1.5`"),
        ("/embed", "{\"inputs\": \"a\", \"prompt_name\": \"poem\"}", 422, "`poem` is unknown: the model has "),
        ("/embed", "{\"inputs\": \"a\", \"truncation_direction\": \"up\"}", 422, "unknown variant `up`"),
        ("/similarity", "{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": []}}", 400, "`sentences` is empty"),
        ("/similarity", "{\"inputs\": {\"source_sentence\": \"a\"}}", 422, "missing field `sentences`"),
        ("/tokenize", "{\"inputs\": [1, 2]}", 422, "expected a string or an array of strings"),
        ("/v1/embeddings", "{\"input\": \"a\", \"model\": \"gpt\"}", 404, "model `gpt` not found"),
        ("/v1/embeddings", "{\"input\": \"a\", \"encoding_format\": \"hex\"}", 422, "unknown variant `hex`"),
        ("/v1/embeddings", "nonsense", 400, "line 1 column"),
        ("/api/embed", "{\"input\": \"a\"}", 422, "missing field `model`"),
        ("/api/embed", "{\"input\": \"a\", \"model\": \"llama\"}", 404, "model `llama` not found"),
    ];
    for &(path, body, status, part) in cases {
        expect(&running, path, body, status, part);
    }
    assert_eq!(running.post("/embed", *b"{\"inputs\": \"\xff\"}").status(), 400);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn limits_name_themselves_and_the_value() {
    let running = serve(LIMITS);
    let check = |path: &str, body: Value, status: u16, name: &str, value: u64, actual: u64| {
        let reply = running.post(path, body.to_string());
        assert_eq!(reply.status(), status, "{}", reply.text());
        let found = reply.json();
        let holder = if path == "/v1/embeddings" { &found["error"] } else { &found };
        assert_eq!(holder["limit"], json!({ "name": name, "value": value, "actual": actual }), "{found}");
    };
    check("/embed", json!({ "inputs": ["a", "b", "c", "d"] }), 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    check("/v1/embeddings", json!({ "input": ["a", "b", "c", "d"] }), 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    check(
        "/api/embed",
        json!({ "model": "slice-L3-of-all-MiniLM-L6-v2", "input": "x".repeat(101) }),
        413,
        "MAX_TEXT_BYTES",
        100,
        101,
    );
    let ten = "a ".repeat(10);
    check("/embed", json!({ "inputs": [ten, ten] }), 422, "MAX_BATCH_TOKENS", 20, 24);
    check("/tokenize", json!({ "inputs": [ten, ten] }), 422, "MAX_BATCH_TOKENS", 20, 24);
    check("/embed", json!({ "inputs": vec![101; 300] }), 422, "max_input_length", 256, 300);
    let long = json!({ "inputs": "x", "prompt_name": "y".repeat(2000) }).to_string();
    let actual = long.len() as u64;
    check("/embed", serde_json::from_str(&long).expect("JSON"), 413, "PAYLOAD_LIMIT", 2000, actual);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn too_long_without_truncation_is_refused() {
    let running = serve(&[]);
    let text = "word ".repeat(300);
    let refused = running.post("/embed", json!({ "inputs": ["short", text], "truncate": false }).to_string());
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json()["limit"], json!({ "name": "max_input_length", "value": 256, "actual": 302 }));
    let cut = running.post("/embed", json!({ "inputs": ["short", text] }).to_string());
    assert_eq!((cut.status(), cut.header("x-truncated")), (200, "1"));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn requests_to_the_wrong_place() {
    let running = serve(&[]);
    let missing = running.get("/nowhere");
    assert_eq!(missing.status(), 404);
    assert!(message("/nowhere", &missing).contains("/openapi.json"));
    assert_eq!(running.get("/v1/nowhere").json()["error"]["type"], "invalid_request_error");
    assert_eq!(running.get("/v1/models/gpt").status(), 404);
    for (method, path, allow) in [
        ("GET", "/embed", "OPTIONS, POST"),
        ("DELETE", "/v1/embeddings", "OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("PUT", "/", "GET, HEAD, OPTIONS, POST"),
    ] {
        let reply = running.send(Request::builder().method(method).uri(path).body(Vec::new()).expect("a request"));
        assert_eq!((reply.status(), reply.header("allow")), (405, allow), "{method} {path}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn bodies_of_another_kind() {
    let running = serve(&[]);
    let send = |name: &str, value: &str| {
        let request = Request::post("/embed").header(name, value).body(b"{\"inputs\": \"a\"}".to_vec());
        running.send(request.expect("a request"))
    };
    assert_eq!(send("content-type", "application/json; charset=utf-8").status(), 200);
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        let reply = send("content-type", wrong);
        assert_eq!(reply.status(), 415);
        assert!(message("/embed", &reply).contains(&format!("`{wrong}`, it must be `application/json`")));
    }
    assert_eq!(send("x-nothing", "here").status(), 415);
    let request = Request::post("/embed").header("content-type", "application/json").header("content-encoding", "gzip");
    assert_eq!(running.send(request.body(vec![31, 139]).expect("a request")).status(), 415);
}
