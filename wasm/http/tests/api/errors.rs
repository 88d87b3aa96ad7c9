//! Every error that a request can cause, with its status, its message and the shape of its protocol.

use minilm_http::EmbeddingApp;
use minilm_test_support::{Client, Reply};
use serde_json::{Value, json};

use super::client;

/// The message of an error, in any of the three protocols.
fn message(path: &str, reply: &Reply) -> String {
    let body = reply.json();
    let (message, kind) = match path {
        "/v1/embeddings" | "/embeddings" => (&body["error"]["message"], &body["error"]["type"]),
        path if path.starts_with("/api/") => (&body["error"], &body["error"]),
        _ => (&body["error"], &body["error_type"]),
    };
    assert!(kind.is_string(), "{body}");
    message.as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned()
}

fn expect(client: &Client<EmbeddingApp>, path: &str, body: &str, status: u16, part: &str) {
    let reply = client.post(path, body);
    assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
    let message = message(path, &reply);
    assert!(message.contains(part), "{path} {body}: {message}");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[test]
fn bodies_that_are_wrong() {
    let client = client(&[]);
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
        (
            "/embed",
            "{\"inputs\": [99999]}",
            422,
            "text 0 has token id 99999, and the model has word embeddings for 40 ids",
        ),
        ("/embed", "{\"inputs\": \"a\", \"inputs\": \"a\"}", 422, "duplicate field `inputs`"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 0}", 422, "0 is not in 1..=16"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 17}", 422, "17 is not in 1..=16"),
        ("/embed", "{\"inputs\": \"a\", \"dimensions\": 1.5}", 422, "floating point `1.5`"),
        ("/embed", "{\"inputs\": \"a\", \"prompt_name\": \"poem\"}", 422, "`poem` is unknown: the model has "),
        (
            "/embed",
            "{\"inputs\": \"a\", \"truncation_direction\": \"up\"}",
            422,
            "`truncation_direction`: invalid value: string \"up\", expected `left` or `right`",
        ),
        ("/", "{\"inputs\": []}", 400, "`inputs` is empty"),
        ("/similarity", "{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": []}}", 400, "`sentences` is empty"),
        ("/similarity", "{\"inputs\": {\"source_sentence\": \"a\"}}", 422, "missing field `sentences`"),
        ("/tokenize", "{\"inputs\": []}", 400, "`inputs` is empty"),
        ("/tokenize", "{\"inputs\": [1, 2]}", 422, "expected a string or an array of strings"),
        ("/embed_all", "{\"inputs\": []}", 400, "`inputs` is empty"),
        ("/embed_all", "{\"inputs\": [[]]}", 400, "`inputs` is empty"),
        ("/embed_all", "{}", 422, "missing field `inputs`"),
        ("/embed_all", "{\"inputs\": \"a\", \"prompt_name\": \"poem\"}", 422, "`poem` is unknown: the model has "),
        (
            "/embed_all",
            "{\"inputs\": [40]}",
            422,
            "text 0 has token id 40, and the model has word embeddings for 40 ids",
        ),
        ("/decode", "{\"ids\": []}", 400, "`ids` is empty"),
        ("/decode", "{}", 422, "missing field `ids`"),
        ("/decode", "{\"ids\": \"a\"}", 422, "`ids`: invalid type: text, expected an array of token ids or"),
        ("/decode", "{\"ids\": [\"a\"]}", 422, "`ids`: invalid type: text, expected an array of token ids or"),
        ("/decode", "{\"ids\": [-1]}", 422, "integer `-1`"),
        ("/decode", "{\"ids\": [[2], [3, 40]]}", 422, "text 1 has token id 40, and the vocabulary has no token"),
        (
            "/decode",
            "{\"ids\": [2], \"skip_special_tokens\": \"no\"}",
            422,
            "`skip_special_tokens`: invalid type: string",
        ),
        ("/v1/embeddings", "{\"input\": \"a\", \"model\": \"gpt\"}", 404, "model `gpt` not found"),
        (
            "/v1/embeddings",
            "{\"input\": \"a\", \"encoding_format\": \"hex\"}",
            422,
            "`encoding_format`: invalid value: string \"hex\", expected `float` or `base64`",
        ),
        ("/v1/embeddings", "nonsense", 400, "line 1 column"),
        ("/embeddings", "{\"input\": []}", 400, "`input` is empty"),
        ("/api/embed", "{\"input\": \"a\"}", 422, "missing field `model`"),
        ("/api/embed", "{\"input\": \"a\", \"model\": \"llama\"}", 404, "model `llama` not found"),
        ("/api/embeddings", "{\"prompt\": \"a\"}", 422, "missing field `model`"),
        (
            "/api/embeddings",
            "{\"model\": \"tiny\", \"prompt\": [\"a\"]}",
            422,
            "`prompt`: invalid type: sequence, expected a string",
        ),
        ("/api/show", "{\"model\": \"llama\"}", 404, "model `llama` not found"),
    ];
    for &(path, body, status, part) in cases {
        expect(&client, path, body, status, part);
    }
    assert_eq!(client.post("/embed", *b"{\"inputs\": \"\xff\"}").status, 400);
}

#[test]
fn a_body_is_an_object_on_every_route() {
    let client = client(&[]);
    let cases = [
        ("/v1/embeddings", "[\"a\", null, null, 3]"),
        ("/embeddings", "[\"a\"]"),
        ("/embed", "[\"a\", true, \"left\", null, true, 3]"),
        ("/embed_all", "[\"a\"]"),
        ("/tokenize", "[\"a\", true, null]"),
        ("/decode", "[[2], true]"),
        ("/similarity", "[[\"a\", [\"b\"]], null]"),
        ("/api/embed", "[\"tiny\", \"a\"]"),
        ("/api/embeddings", "[\"tiny\", \"a\"]"),
        ("/api/show", "[\"tiny\"]"),
    ];
    for (path, body) in cases {
        expect(&client, path, body, 422, "body: invalid type: sequence, expected an object");
    }
    // Objects within the body too.
    for (body, field) in [
        ("{\"inputs\": [\"a\", [\"b\"]]}", "`inputs`"),
        ("{\"inputs\": {\"source_sentence\": \"a\", \"sentences\": [\"b\"]}, \"parameters\": [true]}", "`parameters`"),
    ] {
        expect(&client, "/similarity", body, 422, &format!("{field}: invalid type: sequence, expected an object"));
    }
}

#[test]
fn the_field_of_an_error_is_named_in_the_words_of_the_client() {
    let client = client(&[]);
    let error = |body: &str| client.post("/v1/embeddings", body).json()["error"].clone();
    let both = error("{\"input\": \"a\", \"encoding_format\": [\"float\", \"base64\"]}");
    let message = "`encoding_format`: invalid type: sequence, expected `float` or `base64` at line 1 column 34";
    assert_eq!((&both["message"], &both["param"]), (&json!(message), &json!("encoding_format")));
    let dimensions = error("{\"input\": \"a\", \"dimensions\": 1536}");
    assert_eq!(
        (&dimensions["message"], &dimensions["param"]),
        (&json!("`dimensions`: 1536 is not in 1..=16"), &json!("dimensions"))
    );
    assert_eq!(error("{\"input\": [\"a\", 3]}")["param"], "input");
    for (path, body) in [
        ("/embed", json!({ "inputs": "a", "dimensions": 1536 })),
        ("/api/embed", json!({ "model": "tiny", "input": "a", "dimensions": 1536 })),
    ] {
        expect(&client, path, &body.to_string(), 422, "`dimensions`: 1536 is not in 1..=16");
    }
}

#[test]
fn a_message_repeats_the_first_characters_of_a_value() {
    let client = client(&[("STRICT_FIELDS", "true")]);
    let long = "x".repeat(960_000);
    for (path, body) in [
        ("/embed", json!({ "inputs": "a", "truncate": long })),
        ("/embed", json!({ "inputs": "a", "truncation_direction": long })),
        ("/embed", json!({ "inputs": "a", "prompt_name": long })),
        ("/embed", json!({ "inputs": "a", &long: 1 })),
        ("/embed", json!({ "inputs": [1, long] })),
        ("/v1/embeddings", json!({ "input": "a", "model": long })),
        ("/v1/embeddings", json!({ "input": "a", "encoding_format": long })),
        ("/api/embed", json!({ "model": long, "input": "a" })),
        ("/similarity", json!({ "inputs": long })),
    ] {
        let reply = client.post(path, body.to_string());
        assert!([404, 422].contains(&reply.status) && reply.body.len() < 500, "{path}: {}", reply.body.len());
        assert!(
            reply.text().contains(&"x".repeat(100)) && !reply.text().contains(&"x".repeat(101)),
            "{}",
            reply.text()
        );
    }
    assert!(client.get(&format!("/{}", "x".repeat(5000))).body.len() < 500);
}

#[test]
fn unknown_fields_are_ignored_unless_a_setting_refuses_them() {
    let bodies = [
        ("/embed", json!({ "inputs": ["a"], "options": { "wait_for_model": true } })),
        ("/embed_all", json!({ "inputs": "a", "x": 1 })),
        ("/tokenize", json!({ "inputs": "a", "x": 1 })),
        ("/decode", json!({ "ids": [2], "x": 1 })),
        ("/similarity", json!({ "inputs": { "source_sentence": "a", "sentences": ["b"], "x": 1 } })),
        ("/similarity", json!({ "inputs": { "source_sentence": "a", "sentences": ["b"] }, "parameters": { "x": 1 } })),
        ("/v1/embeddings", json!({ "input": "a", "input_type": "query" })),
        ("/api/embed", json!({ "model": "tiny", "input": "a", "x": null })),
        ("/api/embeddings", json!({ "model": "tiny", "prompt": "a", "x": null })),
        ("/api/show", json!({ "model": "tiny", "x": 1 })),
    ];
    let (lenient, strict) = (client(&[]), client(&[("STRICT_FIELDS", "true")]));
    for (path, body) in bodies {
        let reply = lenient.post(path, body.to_string());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        expect(&strict, path, &body.to_string(), 422, "unknown field `");
    }
    let ollama =
        json!({ "model": "tiny", "input": "a", "options": { "num_ctx": 1 }, "keep_alive": "5m", "truncate": true });
    assert_eq!(strict.post("/api/embed", ollama.to_string()).status, 200);
}

#[test]
fn each_protocol_has_its_shape() {
    let client = client(&[]);
    let openai = client.post("/v1/embeddings", "{\"input\": [], \"model\": \"tiny\"}").json();
    let expected =
        json!({ "message": "`input` is empty", "type": "invalid_request_error", "param": "input", "code": "empty" });
    assert_eq!(openai, json!({ "error": expected }));
    let tei = client.post("/embed", "{\"inputs\": []}").json();
    assert_eq!(tei, json!({ "error": "`inputs` is empty", "error_type": "Empty" }));
    let ollama = client.post("/api/embed", "{\"input\": [], \"model\": \"tiny\"}").json();
    assert_eq!(ollama, json!({ "error": "`input` is empty" }));
    let model = client.post("/v1/embeddings", "{\"input\": \"a\", \"model\": \"gpt\"}").json();
    assert_eq!((&model["error"]["param"], &model["error"]["code"]), (&json!("model"), &json!("model_not_found")));
}

#[test]
fn limits_are_named_with_both_values() {
    let client = client(&[
        ("MAX_CLIENT_BATCH_SIZE", "3"),
        ("MAX_BATCH_TOKENS", "20"),
        ("PAYLOAD_LIMIT", "2000"),
        ("MAX_TEXT_BYTES", "100"),
        ("AUTO_TRUNCATE", "false"),
    ]);
    let check = |path: &str, body: Value, status: u16, name: &str, value: u64, actual: u64| {
        let reply = client.post(path, body.to_string());
        assert_eq!(reply.status, status, "{}", reply.text());
        let found = reply.json();
        let holder = if path == "/v1/embeddings" { &found["error"] } else { &found };
        assert_eq!(holder["limit"], json!({ "name": name, "value": value, "actual": actual }), "{found}");
        let message = holder.get("message").unwrap_or(&found["error"]).as_str().expect("a message");
        assert!(message.contains(&actual.to_string()) && message.contains(&value.to_string()), "{message}");
    };
    let four = json!({ "inputs": ["a", "b", "c", "d"] });
    check("/embed", four.clone(), 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    check("/tokenize", four, 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    check("/v1/embeddings", json!({ "input": ["a", "b", "c", "d"] }), 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    // The source sentence is one of the texts.
    let sentences = json!({ "inputs": { "source_sentence": "a", "sentences": ["b", "c", "d"] } });
    check("/similarity", sentences, 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    let large = json!({ "model": "tiny", "input": "x".repeat(101) });
    check("/api/embed", large, 413, "MAX_TEXT_BYTES", 100, 101);
    let ten = "a ".repeat(10);
    check("/embed", json!({ "inputs": [ten, ten] }), 422, "MAX_BATCH_TOKENS", 20, 24);
    check("/tokenize", json!({ "inputs": [ten, ten] }), 422, "MAX_BATCH_TOKENS", 20, 24);
    check("/embed_all", json!({ "inputs": [ten, ten] }), 422, "MAX_BATCH_TOKENS", 20, 24);
    check("/embed_all", json!({ "inputs": "a ".repeat(30) }), 422, "max_input_length", 24, 32);
    check("/decode", json!({ "ids": [vec![6; 20], vec![6; 20]] }), 422, "MAX_BATCH_TOKENS", 20, 40);
    check("/decode", json!({ "ids": [[6], [6], [6], [6]] }), 422, "MAX_CLIENT_BATCH_SIZE", 3, 4);
    check("/embed", json!({ "inputs": vec![2; 30] }), 422, "max_input_length", 24, 30);
    check("/embed", json!({ "inputs": "a ".repeat(30) }), 422, "max_input_length", 24, 32);
    let long = json!({ "inputs": "x", "prompt_name": "y".repeat(2000) });
    let actual = long.to_string().len() as u64;
    check("/embed", long, 413, "PAYLOAD_LIMIT", 2000, actual);
}

#[test]
fn too_long_without_truncation_is_refused() {
    let client = client(&[]);
    let text = "a ".repeat(300);
    let refused = client.post("/embed", json!({ "inputs": ["hello", text], "truncate": false }).to_string());
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["limit"], json!({ "name": "max_input_length", "value": 24, "actual": 302 }));
    assert!(refused.json()["error"].as_str().is_some_and(|message| message.starts_with("text 1 has 302 tokens")));
    let ollama = json!({ "model": "tiny", "input": text, "truncate": false }).to_string();
    assert_eq!(client.post("/api/embed", ollama).status, 422);
    let cut = client.post("/embed", json!({ "inputs": ["hello", text] }).to_string());
    assert_eq!((cut.status, cut.header("x-truncated")), (200, "1"));
}

#[test]
fn unknown_paths_and_methods() {
    let client = client(&[]);
    let missing = client.get("/nowhere");
    assert_eq!(missing.status, 404);
    assert_eq!(message("/nowhere", &missing), "there is no /nowhere; GET /openapi.json lists all routes");
    // The shape is that of the protocol which has such paths.
    assert_eq!(client.get("/v1/nowhere").json()["error"]["type"], "invalid_request_error");
    assert_eq!(client.get("/api/nowhere").json().as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(client.get("/v1/models/gpt").status, 404);
    assert_eq!(client.get("/v1/models/").status, 404);
    for (method, path, allow) in [
        ("GET", "/embed", "OPTIONS, POST"),
        ("GET", "/similarity", "OPTIONS, POST"),
        ("GET", "/tokenize", "OPTIONS, POST"),
        ("GET", "/embed_all", "OPTIONS, POST"),
        ("GET", "/decode", "OPTIONS, POST"),
        ("GET", "/api/embed", "OPTIONS, POST"),
        ("DELETE", "/v1/embeddings", "OPTIONS, POST"),
        ("PATCH", "/embeddings", "OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("POST", "/ping", "GET, HEAD, OPTIONS"),
        ("POST", "/info", "GET, HEAD, OPTIONS"),
        ("POST", "/metrics", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/models", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/models/tiny", "GET, HEAD, OPTIONS"),
        ("PUT", "/", "GET, HEAD, OPTIONS, POST"),
        ("TRACE", "/", "GET, HEAD, OPTIONS, POST"),
    ] {
        let reply = client.request(method, path).send("");
        assert_eq!((reply.status, reply.header("allow")), (405, allow), "{method} {path}");
        assert!(reply.text().contains(&format!("{path} does not take {method}, only {allow}")), "{}", reply.text());
    }
}

/// The model that a test serves may be damaged in a way that only a computation shows.
#[test]
fn damaged_weights_are_a_fault_of_the_server() {
    let app = EmbeddingApp {
        state: minilm_serving::ServerState::new(
            minilm_serving::Settings::read(|name| (name == "LOG").then(|| "off".to_owned())).expect("defaults"),
            minilm_test_support::damaged_embedder(),
        )
        .expect("nothing is asked of the model"),
    };
    let client = Client::new(Ok(app));
    for path in ["/embed", "/embed_all"] {
        let reply = client.post(path, "{\"inputs\": \"a\"}");
        let error = "the vector of text 0 is not finite: the weights of the model are damaged";
        assert_eq!((reply.status, reply.json()), (500, json!({ "error": error, "error_type": "Backend" })), "{path}");
    }
    let reply = client.post("/v1/embeddings", "{\"input\": \"a\"}");
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (500, &json!("server_error")));
}
