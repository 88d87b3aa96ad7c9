//! The routes of text-embeddings-inference beside its source, version 1.9.3 (`router/src/http`): what requests mean, which fields answers
//! have, and what differs.

use minilm::Truncation;
use minilm_test_support::{embedder, static_embedder};
use serde_json::{Value, json};

use super::{client, client_of};

/// Names of an object's fields.
fn fields(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Route, the body without a field, the field, its default, other values, and values that are refused.
type Case<'a> = (&'a str, &'a Value, &'a str, Value, &'a [Value], &'a [Value]);

/// Every value that a field takes there, and its default.
#[test]
fn fields_of_requests_and_their_defaults() {
    let (text, flags) = (json!({ "inputs": "the cat" }), [json!(true), json!(false)]);
    let directions = ["left", "right", "Left", "Right"].map(Value::from);
    let openai = json!({ "input": "the cat" });
    let cases: &[Case<'_>] = &[
        ("/embed", &text, "truncate", json!(null), &flags, &[json!("yes")]),
        ("/embed", &text, "truncation_direction", json!("right"), &directions, &[json!("RIGHT"), json!(null)]),
        ("/embed", &text, "prompt_name", json!(null), &[json!("query")], &[json!("poem"), json!(1)]),
        ("/embed", &text, "normalize", json!(true), &flags, &[json!(null)]),
        ("/embed", &text, "dimensions", json!(null), &[json!(8)], &[json!(0), json!(17), json!(-1)]),
        ("/embed_all", &text, "truncate", json!(null), &flags, &[json!("yes")]),
        ("/embed_all", &text, "truncation_direction", json!("right"), &directions, &[json!("RIGHT"), json!(null)]),
        ("/embed_all", &text, "prompt_name", json!(null), &[json!("query")], &[json!("poem"), json!(1)]),
        ("/tokenize", &text, "add_special_tokens", json!(true), &flags, &[json!(null)]),
        ("/tokenize", &text, "prompt_name", json!(null), &[json!("query")], &[json!("poem"), json!(1)]),
        ("/decode", &json!({ "ids": [2, 6, 3] }), "skip_special_tokens", json!(true), &flags, &[json!(null)]),
        ("/v1/embeddings", &openai, "encoding_format", json!("float"), &[json!("base64")], &[json!("hex")]),
        ("/v1/embeddings", &openai, "dimensions", json!(null), &[json!(8)], &[json!(0), json!(17)]),
        ("/v1/embeddings", &openai, "model", json!(null), &[json!("tiny")], &[json!(1)]),
        ("/v1/embeddings", &openai, "user", json!(null), &[json!("someone")], &[json!(1)]),
    ];
    let client = client(&[]);
    for (path, body, field, default, others, refused) in cases {
        let with = |value: &Value| {
            let mut body = (*body).clone();
            body[*field] = value.clone();
            client.post(path, body.to_string())
        };
        let usual = client.post(path, body.to_string());
        assert_eq!((usual.status, with(default).text()), (200, usual.text()), "{path} {field}");
        for value in *others {
            assert_eq!(with(value).status, 200, "{path} {field} {value}");
        }
        for value in *refused {
            let reply = with(value);
            assert_eq!(reply.status, 422, "{path} {field} {value}: {}", reply.text());
        }
    }
}

/// One text or many, and their token ids, on the routes that take them: the answer has always one entry an input.
#[test]
fn forms_of_the_input() {
    let client = client(&[]);
    for (path, field, forms) in [
        (
            "/embed",
            "inputs",
            vec![(json!("a"), 1), (json!(["a", "b"]), 2), (json!([2, 3]), 1), (json!([[2], [2, 3]]), 2)],
        ),
        (
            "/embed_all",
            "inputs",
            vec![(json!("a"), 1), (json!(["a", "b"]), 2), (json!([2, 3]), 1), (json!([[2], [2, 3]]), 2)],
        ),
        ("/tokenize", "inputs", vec![(json!("a"), 1), (json!(["a", "b"]), 2)]),
        ("/decode", "ids", vec![(json!([6]), 1), (json!([[6], [7]]), 2), (json!([[]]), 1)]),
    ] {
        for (input, expected) in forms {
            let reply = client.post(path, json!({ field: input }).to_string());
            assert_eq!(reply.json().as_array().map(Vec::len), Some(expected), "{path} {input}: {}", reply.text());
        }
    }
}

#[test]
fn fields_of_answers() {
    let client = client(&[]);
    let token = &client.post("/tokenize", json!({ "inputs": "a" }).to_string()).json()[0][1];
    assert_eq!(fields(token), ["id", "special", "start", "stop", "text"]);
    let error = client.post("/embed", json!({ "inputs": [] }).to_string()).json();
    assert_eq!(fields(&error), ["error", "error_type"]);
    let list = client.post("/v1/embeddings", json!({ "input": "a" }).to_string()).json();
    assert_eq!(fields(&list), ["data", "model", "object", "usage"]);
    assert_eq!(fields(&list["data"][0]), ["embedding", "index", "object"]);
    assert_eq!(fields(&list["usage"]), ["prompt_tokens", "total_tokens"]);

    let info = client.get("/info").json();
    let theirs = "model_id model_sha model_dtype served_model_name model_type max_concurrent_requests max_input_length \
                  max_batch_tokens max_batch_requests max_client_batch_size auto_truncate tokenization_workers version sha docker_label";
    let ours = "payload_limit max_text_bytes embedding_dimension backend";
    let mut expected: Vec<&str> = theirs.split_whitespace().chain(ours.split_whitespace()).collect();
    expected.sort_unstable();
    assert_eq!(fields(&info), expected);
    assert_eq!(info["model_type"], json!({ "embedding": { "pooling": "mean" } }));
}

/// `ErrorType` and its status. Theirs are the same but for `Backend`, which is 424 there.
#[test]
fn kinds_of_errors() {
    let client = client(&[]);
    let too_long = json!({ "inputs": "a ".repeat(30), "truncate": false });
    for (path, body, status, kind) in [
        ("/embed_all", json!({ "inputs": [] }), 400, "Empty"),
        ("/decode", json!({ "ids": [] }), 400, "Empty"),
        ("/tokenize", json!({ "inputs": [] }), 400, "Empty"),
        ("/embed", too_long.clone(), 422, "Validation"),
        ("/embed_all", too_long, 422, "Validation"),
        // There the id is left out in silence.
        ("/decode", json!({ "ids": [99] }), 422, "Validation"),
    ] {
        let reply = client.post(path, body.to_string());
        assert_eq!((reply.status, &reply.json()["error_type"]), (status, &json!(kind)), "{path} {body}");
    }
    let busy = super::client(&[("MAX_REQUEST_MS", "1")]);
    let reply = busy.post("/embed_all", json!({ "inputs": vec!["a ".repeat(400); 2000] }).to_string());
    assert_eq!((reply.status, &reply.json()["error_type"]), (503, &json!("Overloaded")));
}

/// The whole frame is there, nothing is normalized, and no order of texts or batch changes a bit.
#[test]
fn embed_all_gives_the_vectors_of_the_core() {
    let (client, embedder) = (client(&[]), embedder());
    let texts: Vec<String> = (0..40).map(|index| "cat sat ".repeat(index * 7 % 13)).collect();
    let reply = client.post("/embed_all", json!({ "inputs": texts }).to_string());
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let found: Vec<Vec<Vec<f32>>> = serde_json::from_value(reply.json()).expect("rows of rows");
    let tokens = embedder.tokenize(&texts, &minilm::EncodeOptions::default()).expect("texts");
    assert_eq!(reply.header("x-compute-tokens"), tokens.iter().map(minilm::Tokens::len).sum::<usize>().to_string());
    for (index, tokens) in tokens.iter().enumerate() {
        let expected = embedder.token_embeddings(std::slice::from_ref(tokens)).expect("tokens");
        assert_eq!((found[index].len(), found[index].concat()), (tokens.len(), expected.concat()), "text {index}");
    }
    // Pooling is the mean of these, and a module normalizes it.
    let mut mean: Vec<f32> = (0..16).map(|at| found[1].iter().map(|row| row[at]).sum()).collect();
    minilm::normalize(&mut mean);
    let pooled: Vec<Vec<f32>> =
        serde_json::from_value(client.post("/embed", json!({ "inputs": [texts[1]] }).to_string()).json())
            .expect("rows");
    assert!(mean.iter().zip(&pooled[0]).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_eq!(
        client.post("/embed_all", json!({ "inputs": ["a ".repeat(300)] }).to_string()).header("x-truncated"),
        "1"
    );
}

/// They have neither a frame nor layers: the rows of the table.
#[test]
fn embed_all_of_static_embeddings() {
    let client = client_of(static_embedder(), &[]);
    let found = client.post("/embed_all", json!({ "inputs": ["cat cat on", "", "on"] }).to_string()).json();
    let rows = |text: usize| found[text].as_array().expect("rows");
    assert_eq!([rows(0).len(), rows(1).len(), rows(2).len()], [3, 0, 1]);
    assert_eq!((&rows(0)[0], &rows(0)[2]), (&rows(0)[1], &rows(2)[0]));
    assert_eq!(rows(0)[0].as_array().map(Vec::len), Some(16));
}

#[test]
fn decode_gives_the_text_of_what_tokenize_gave() {
    let client = client(&[]);
    let text = "the cats sat, hello world!";
    let ids = embedder().tokenizer().encode(text, usize::MAX, Truncation::Off).expect("there is no limit").ids;
    let decode = |body: Value| client.post("/decode", body.to_string()).json();
    assert_eq!(decode(json!({ "ids": ids })), json!([text]));
    let framed = format!("[CLS] {text} [SEP]");
    assert_eq!(decode(json!({ "ids": [ids, []], "skip_special_tokens": false })), json!([framed, ""]));
}
