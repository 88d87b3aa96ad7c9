//! What answers look like, beyond the vectors.

use std::io::Read;

use serde_json::json;
use ureq::http::Request;

use super::serve;

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn headers_tell_what_was_done() {
    let running = serve(&[]);
    let reply = running.post("/embed", json!({ "inputs": ["a b c", "word ".repeat(300)] }).to_string());
    assert_eq!(reply.header("x-model"), "slice-L3-of-all-MiniLM-L6-v2");
    assert_eq!(reply.header("x-compute-tokens"), "261");
    assert_eq!(reply.header("x-truncated"), "1");
    let time: f64 = reply.header("x-inference-time").parse().expect("milliseconds");
    assert!(time > 0.0);
    assert_eq!(reply.header("x-request-id").len(), 36);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_request_keeps_its_id() {
    let running = serve(&[]);
    let ask = |id: &str| {
        running.send(Request::get("/health").header("x-request-id", id).body(Vec::new()).expect("a request"))
    };
    assert_eq!(ask("abc-1").header("x-request-id"), "abc-1");
    assert_ne!(ask("with blank").header("x-request-id"), "with blank");
    assert_eq!(ask(&"x".repeat(129)).header("x-request-id").len(), 36);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn raw_and_base64_are_the_same_floats() {
    use base64::Engine;
    let running = serve(&[]);
    let body = json!({ "input": ["one", "two"], "dimensions": 100 });
    let floats = running.post("/v1/embeddings", body.to_string()).json();
    assert_eq!(floats["usage"], json!({ "prompt_tokens": 6, "total_tokens": 6 }));
    let rows: Vec<Vec<f32>> =
        (0..2).map(|row| serde_json::from_value(floats["data"][row]["embedding"].clone()).expect("floats")).collect();
    assert!(rows.iter().all(|row| row.len() == 100 && (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    let bytes: Vec<u8> = rows.concat().iter().flat_map(|x| x.to_le_bytes()).collect();

    let mut coded = body.clone();
    coded["encoding_format"] = "base64".into();
    let coded = running.post("/v1/embeddings", coded.to_string()).json();
    let decode = |row: usize| {
        let text = coded["data"][row]["embedding"].as_str().expect("base64");
        base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
    };
    assert_eq!([decode(0), decode(1)].concat(), bytes);

    let request = Request::post("/v1/embeddings").header("content-type", "application/json");
    let raw = running.send(
        request.header("accept", "application/octet-stream").body(body.to_string().into_bytes()).expect("a request"),
    );
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert_eq!((raw.header("x-embedding-count"), raw.header("x-embedding-dim")), ("2", "100"));
    assert_eq!(raw.0.body(), &bytes);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn gzip_where_it_is_asked_for() {
    let running = serve(&[]);
    let body = b"{\"inputs\": \"a\"}".to_vec();
    let request = || Request::post("/embed").header("content-type", "application/json");
    let plain = running.send(request().header("accept-encoding", "identity").body(body.clone()).expect("a request"));
    assert_eq!(plain.header("content-encoding"), "");
    let packed = running.send(request().header("accept-encoding", "gzip").body(body).expect("a request"));
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("vary"), "accept-encoding");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.0.body()[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, plain.text());
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn token_ids_are_read_as_they_are() {
    let running = serve(&[]);
    let tokens = running.post("/tokenize", json!({ "inputs": "Ünbelievably good" }).to_string()).json();
    let tokens = tokens[0].as_array().expect("tokens");
    assert_eq!(tokens[0], json!({ "id": 101, "text": "[CLS]", "special": true, "start": null, "stop": null }));
    assert_eq!(tokens[1]["text"], "Ün");
    assert_eq!([&tokens[1]["start"], &tokens[1]["stop"]], [&json!(0), &json!(2)]);
    let ids: Vec<u64> = tokens.iter().map(|token| token["id"].as_u64().expect("an id")).collect();
    let by_ids = running.post("/embed", json!({ "inputs": ids }).to_string()).text();
    assert_eq!(by_ids, running.post("/embed", json!({ "inputs": "Ünbelievably good" }).to_string()).text());
    let bare = running.post("/tokenize", json!({ "inputs": "a", "add_special_tokens": false }).to_string()).json();
    assert_eq!(bare[0].as_array().map(Vec::len), Some(1));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_other_routes_answer() {
    let running = serve(&[]);
    assert_eq!((running.get("/health").status(), running.get("/ping").text().len()), (200, 0));
    let head = running.send(Request::head("/info").body(Vec::new()).expect("a request"));
    assert_eq!((head.status(), head.text().len()), (200, 0));
    let info = running.get("/info").json();
    assert_eq!(info["model_type"], json!({ "embedding": { "pooling": "mean" } }));
    assert_eq!((&info["max_input_length"], &info["backend"]), (&json!(256), &json!("relaxed-simd")));
    let models = running.get("/v1/models").json();
    let id = models["data"][0]["id"].as_str().expect("a name");
    assert_eq!(running.get(&format!("/v1/models/{id}")).json(), models["data"][0]);
    assert!(running.get("/").text().contains("curl http://127.0.0.1:"));
    let similarity =
        json!({ "inputs": { "source_sentence": "A cat sleeps.", "sentences": ["A kitten naps.", "Stocks fell."] } });
    let scores = running.post("/similarity", similarity.to_string()).json();
    assert!(scores[0].as_f64() > scores[1].as_f64());
    let ollama =
        json!({ "model": format!("{id}:latest"), "input": ["a"], "keep_alive": "5m", "options": { "num_ctx": 1 } });
    assert_eq!(running.post("/api/embed", ollama.to_string()).json()["prompt_eval_count"], 3);
    let metrics = running.get("/metrics").text();
    assert!(metrics.contains("minilm_requests_total{worker=") && metrics.ends_with("# EOF\n"), "{metrics}");
}
