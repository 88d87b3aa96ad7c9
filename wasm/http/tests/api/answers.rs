//! What responses of success look like, beyond the values of the vectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minilm::EncodeOptions;
use minilm_test_support::{embedder, static_embedder};
use serde_json::json;

use super::{client, client_of};

#[test]
fn vectors_are_those_of_the_core() {
    let client = client(&[]);
    let texts = ["the cat sat", "", "hello world!"];
    let options = EncodeOptions { normalize_embeddings: true, ..EncodeOptions::default() };
    let expected = embedder().encode(&texts, &options).expect("texts");
    let expected = expected.data;
    for path in ["/embed", "/"] {
        let rows: Vec<Vec<f32>> =
            serde_json::from_value(client.post(path, json!({ "inputs": texts }).to_string()).json()).expect("rows");
        assert_eq!(rows.concat(), expected, "{path}");
    }
    for path in ["/v1/embeddings", "/embeddings"] {
        let list = client.post(path, json!({ "input": texts }).to_string()).json();
        assert_eq!((&list["object"], &list["model"]), (&json!("list"), &json!("tiny")));
        let rows: Vec<Vec<f32>> =
            (0..3).map(|row| serde_json::from_value(list["data"][row]["embedding"].clone()).expect("floats")).collect();
        assert_eq!(rows.concat(), expected, "{path}");
    }
    let ollama = client.post("/api/embed", json!({ "model": "tiny", "input": texts }).to_string()).json();
    let rows: Vec<Vec<f32>> = serde_json::from_value(ollama["embeddings"].clone()).expect("rows");
    assert_eq!(rows.concat(), expected);
}

#[test]
fn headers_state_what_was_done() {
    let client = client(&[]);
    let reply = client.post("/embed", json!({ "inputs": ["a b c", "a ".repeat(300)] }).to_string());
    assert_eq!(reply.header("x-model"), "tiny");
    assert_eq!(reply.header("x-compute-tokens"), "29");
    assert_eq!(reply.header("x-truncated"), "1");
    assert!(reply.header("x-inference-time").parse::<f64>().is_ok_and(|time| time >= 0.0));
    assert_eq!(reply.header("x-request-id").len(), 36);
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
}

#[test]
fn a_request_keeps_its_id() {
    let client = client(&[]);
    let ask = |id: &str| client.request("GET", "/health").header("x-request-id", id).send("");
    assert_eq!(ask("abc-1").header("x-request-id"), "abc-1");
    assert_eq!(ask(&"x".repeat(128)).header("x-request-id").len(), 128);
    for other in ["with blank", "", "\u{e9}", &"x".repeat(129)] {
        assert_eq!(ask(other).header("x-request-id").len(), 36, "{other}");
    }
    // Errors have one too.
    assert_eq!(client.get("/nowhere").header("x-request-id").len(), 36);
}

#[test]
fn raw_and_base64_are_the_same_floats() {
    let client = client(&[]);
    let body = json!({ "input": ["hello", "world"], "dimensions": 10 });
    let floats = client.post("/v1/embeddings", body.to_string()).json();
    assert_eq!(floats["usage"], json!({ "prompt_tokens": 6, "total_tokens": 6 }));
    let rows: Vec<Vec<f32>> =
        (0..2).map(|row| serde_json::from_value(floats["data"][row]["embedding"].clone()).expect("floats")).collect();
    assert!(rows.iter().all(|row| row.len() == 10 && (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    let bytes: Vec<u8> = rows.concat().iter().flat_map(|x| x.to_le_bytes()).collect();

    let mut coded = body.clone();
    coded["encoding_format"] = "base64".into();
    let coded = client.post("/v1/embeddings", coded.to_string()).json();
    let decode = |row: usize| STANDARD.decode(coded["data"][row]["embedding"].as_str().expect("text")).expect("base64");
    assert_eq!([decode(0), decode(1)].concat(), bytes);

    let ask = |accept: &str| {
        let request = client.request("POST", "/v1/embeddings").header("content-type", "application/json");
        request.header("accept", accept).send(body.to_string())
    };
    let raw = ask("application/octet-stream");
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert_eq!((raw.header("x-embedding-count"), raw.header("x-embedding-dim")), ("2", "10"));
    assert_eq!(raw.body, bytes);
    for json in ["*/*", "application/json, application/octet-stream;q=0.5", "text/html"] {
        assert_eq!(ask(json).header("content-type"), "application/json", "{json}");
    }
}

#[test]
fn gzip_where_it_is_accepted() {
    let client = client(&[]);
    let body = json!({ "inputs": vec!["a"; 20] }).to_string();
    let ask = |accepted: &str| {
        let request = client.request("POST", "/embed").header("content-type", "application/json");
        request.header("accept-encoding", accepted).send(body.clone())
    };
    let plain = ask("identity");
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    let zipped = ask("gzip");
    assert_eq!((zipped.header("content-encoding"), zipped.header("vary")), ("gzip", "accept-encoding"));
    assert_eq!(zipped.header("content-length"), zipped.body.len().to_string());
    assert_eq!(zipped.unzipped(), plain.text());
    // A short body stays as it is.
    let request = client.request("GET", "/v1/models").header("accept-encoding", "gzip").send("");
    assert_eq!(request.header("content-encoding"), "");
}

#[test]
fn token_ids_are_read_as_they_are() {
    let client = client(&[]);
    let tokens = client.post("/tokenize", json!({ "inputs": "Thé cats" }).to_string()).json();
    let tokens = tokens[0].as_array().expect("tokens");
    assert_eq!(tokens[0], json!({ "id": 2, "text": "[CLS]", "special": true, "start": null, "stop": null }));
    // In bytes, and as they are in the text.
    assert_eq!(tokens[1], json!({ "id": 5, "text": "Thé", "special": false, "start": 0, "stop": 4 }));
    assert_eq!([&tokens[2]["start"], &tokens[2]["stop"], &tokens[3]["text"]], [&json!(5), &json!(8), &json!("s")]);
    let ids: Vec<u64> = tokens.iter().map(|token| token["id"].as_u64().expect("an id")).collect();
    let by_ids = client.post("/embed", json!({ "inputs": ids }).to_string()).text();
    assert_eq!(by_ids, client.post("/embed", json!({ "inputs": "Thé cats" }).to_string()).text());
    let bare = client.post("/tokenize", json!({ "inputs": "a", "add_special_tokens": false }).to_string()).json();
    assert_eq!(bare[0].as_array().map(Vec::len), Some(1));
    let prompted = client.post("/tokenize", json!({ "inputs": "a", "prompt_name": "query" }).to_string()).json();
    assert_eq!((prompted[0].as_array().map(Vec::len), &prompted[0][1]["text"]), (Some(4), &json!("query")));
}

#[test]
fn static_embeddings_have_no_special_tokens() {
    let client = client_of(static_embedder(), &[]);
    let tokens = client.post("/tokenize", json!({ "inputs": ["cat on", ""] }).to_string()).json();
    assert_eq!(tokens[0][0], json!({ "id": 6, "text": "cat", "special": false, "start": 0, "stop": 3 }));
    assert_eq!([tokens[0].as_array().map(Vec::len), tokens[1].as_array().map(Vec::len)], [Some(2), Some(0)]);
    let vectors = client.post("/embed", json!({ "inputs": ["cat on", ""] }).to_string()).json();
    assert_eq!(vectors[1], json!(vec![0.0; 16]));
    assert_ne!(vectors[0], vectors[1]);
    let answer = client.post("/v1/embeddings", json!({ "input": "" }).to_string()).json();
    assert_eq!(answer["usage"]["prompt_tokens"], 0);
}

#[test]
fn truncation_has_two_directions() {
    let client = client(&[]);
    let text = format!("{}{}", "a ".repeat(30), "b ".repeat(30));
    let embed = |body: serde_json::Value| client.post("/embed", body.to_string()).text();
    let [left, right] = ["left", "right"]
        .map(|direction| embed(json!({ "inputs": text, "truncate": true, "truncation_direction": direction })));
    assert_eq!(left, embed(json!({ "inputs": "b ".repeat(22) })));
    assert_eq!(right, embed(json!({ "inputs": "a ".repeat(22) })));
}

#[test]
fn the_other_routes_answer() {
    let client = client(&[]);
    for path in ["/health", "/ping"] {
        assert_eq!((client.get(path).status, client.get(path).body.len()), (200, 0));
    }
    assert_eq!(client.request("HEAD", "/info").send("").status, 200);
    let info = client.get("/info").json();
    assert_eq!(info["model_type"], json!({ "embedding": { "pooling": "mean" } }));
    assert_eq!((&info["max_input_length"], &info["embedding_dimension"]), (&json!(24), &json!(16)));
    assert_eq!((&info["model_id"], &info["model_dtype"]), (&json!("tiny"), &json!("int8")));
    let models = client.get("/v1/models").json();
    assert_eq!(models["data"][0]["id"], "tiny");
    for name in ["tiny", "tiny:latest", "sentence-transformers%2Ftiny"] {
        assert_eq!(client.get(&format!("/v1/models/{name}")).json(), models["data"][0], "{name}");
    }
    let welcome = client.request("GET", "/").header("host", "localhost:7").send("");
    assert!(welcome.text().contains("curl http://localhost:7/embed"), "{}", welcome.text());
    let document = client.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let same = json!({ "inputs": { "source_sentence": "cat", "sentences": ["cat", "world"] } });
    let scores = client.post("/similarity", same.to_string());
    assert!(scores.json()[0].as_f64().is_some_and(|score| (score - 1.0).abs() < 1e-5), "{}", scores.text());
    assert!(scores.json()[0].as_f64() > scores.json()[1].as_f64());
    assert_eq!(scores.header("x-compute-tokens"), "9");
    let ollama = json!({ "model": "tiny:latest", "input": ["a"], "keep_alive": "5m", "options": { "num_ctx": 1 } });
    assert_eq!(client.post("/api/embed", ollama.to_string()).json()["prompt_eval_count"], 3);
}

#[test]
fn clients_of_ollama_find_what_they_ask_for() {
    let client = client(&[]);
    let tags = client.get("/api/tags").json();
    let model = &tags["models"][0];
    assert_eq!(
        (&model["name"], &model["model"], &model["details"]["family"]),
        (&json!("tiny:latest"), &json!("tiny:latest"), &json!("bert"))
    );
    assert_eq!(model["details"]["quantization_level"], "int8");
    assert!(
        model["size"].as_u64().is_some_and(|size| size > 1000)
            && model["digest"].as_str().is_some_and(|hash| hash.len() == 64)
    );
    assert_eq!(client.get("/api/ps").json()["models"][0]["name"], "tiny:latest");
    let tagged = super::client(&[("SERVED_MODEL_NAME", "mine:v1")]).get("/api/tags").json();
    assert_eq!(tagged["models"][0]["name"], "mine:v1");
    assert!(client.get("/api/version").json()["version"].is_string());
    for field in ["model", "name"] {
        let shown = client.post("/api/show", json!({ field: "tiny:latest" }).to_string()).json();
        assert_eq!(shown["capabilities"], json!(["embedding"]));
        let info = &shown["model_info"];
        assert_eq!((&info["bert.embedding_length"], &info["bert.context_length"]), (&json!(16), &json!(24)));
    }
    let text = "the cat sat";
    let expected = embedder().encode(&[text], &EncodeOptions::default()).expect("a text").data;
    let old = client.post("/api/embeddings", json!({ "model": "tiny", "prompt": text }).to_string()).json();
    assert_eq!(serde_json::from_value::<Vec<f32>>(old["embedding"].clone()).expect("floats"), expected);
}

/// `curl -d` calls every body a form, and some clients say nothing.
#[test]
fn ollamas_routes_take_json_under_any_media_type() {
    let client = client(&[]);
    let body = json!({ "model": "tiny", "input": "a" }).to_string();
    let plain = client.request("POST", "/api/embed").send(body.clone());
    assert_eq!(plain.status, 200, "{}", plain.text());
    for content_type in ["application/x-www-form-urlencoded", "text/plain", ""] {
        let reply = client.request("POST", "/api/embed").header("content-type", content_type).send(body.clone());
        assert_eq!(reply.status, 200, "{content_type}");
        let reply = client.request("POST", "/embed").header("content-type", content_type).send("{\"inputs\": \"a\"}");
        assert_eq!(reply.status, 415, "{content_type}");
    }
}

#[test]
fn metrics_count_requests_and_what_the_model_did() {
    let client = client(&[]);
    client.post("/embed", json!({ "inputs": ["a b c", "a ".repeat(300)] }).to_string());
    client.get("/nowhere");
    client.request("BREW", "/embed").send("");
    let metrics = client.get("/metrics");
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let metrics = metrics.text();
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let counted = |line: &str, value: &str| {
        let found = metrics.lines().find(|found| {
            found.starts_with(line.split('{').next().unwrap_or(line))
                && line.split('{').nth(1).is_none_or(|labels| found.contains(labels))
        });
        assert!(found.is_some_and(|found| found.ends_with(&format!(" {value}"))), "{line}: {found:?} in {metrics}");
    };
    counted("minilm_requests_total{path=\"/embed\",method=\"POST\",status=\"200\"", "1");
    counted("minilm_requests_total{path=\"other\",method=\"GET\",status=\"404\"", "1");
    // Clients could make up methods without end.
    counted("minilm_requests_total{path=\"/embed\",method=\"other\",status=\"405\"", "1");
    counted("minilm_texts_total", "2");
    counted("minilm_tokens_total", "29");
    counted("minilm_truncated_texts_total", "1");
}
