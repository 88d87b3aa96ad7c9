//! Directories that differ in the files of their tokenizer: the ids are those of transformers.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::Tiny;
use minilm::Truncation;
use minilm_convert::{ModelFiles, Source};
use serde_json::{Value, json};

/// The files of a variant, beside the weights.
fn files(variant: &Value) -> ModelFiles {
    let mut tiny = Tiny::default().without("tokenizer_config.json");
    // Two more rows, for tokens that are added.
    let rows = tiny.weights.get_mut("embeddings.word_embeddings.weight").expect("it is there");
    rows.0[0] += 2;
    let more = rows.1[..2 * rows.0[1]].to_vec();
    rows.1.extend(more);
    tiny = tiny.set("config.json", "/vocab_size", json!(42));
    let mut plain = Vec::new();
    for (path, content) in variant["files"].as_object().expect("an object") {
        tiny = match content {
            Value::Null => tiny.without(path),
            Value::String(text) => {
                plain.push((path.clone(), text.clone().into_bytes()));
                tiny
            }
            content => tiny.with(path, content.clone()),
        };
    }
    let mut files = tiny.files();
    plain.into_iter().for_each(|(path, content)| files.insert(path, content));
    files
}

#[test]
fn ids_are_those_of_transformers() {
    let golden: Value = serde_json::from_slice(&common::golden_file("tokenizer_files.json")).expect("it is JSON");
    let texts: Vec<&str> = golden["texts"].as_array().expect("an array").iter().filter_map(Value::as_str).collect();
    let variants = golden["variants"].as_array().expect("an array");
    assert!(variants.len() >= 20);
    for variant in variants {
        let source = Source::read("tiny", &files(variant));
        let source = source.unwrap_or_else(|error| panic!("{}: {error}", variant["name"]));
        let tokenizer = source.tokenizer();
        for (text, expected) in texts.iter().zip(variant["ids"].as_array().expect("an array")) {
            let found = tokenizer.encode(text, 32, Truncation::Right).expect("texts are cut").ids;
            assert_eq!(json!(found), *expected, "{}: {text}", variant["name"]);
        }
    }
}

/// No file makes the converter panic, whatever the class is.
#[test]
fn hostile_files_are_refused() {
    let base = Tiny::default().json["tokenizer.json"].clone();
    let token = |field: &str, value: Value| {
        let mut file = base.clone();
        file["added_tokens"][0][field] = value;
        file
    };
    let model = |model: Value| {
        let mut file = base.clone();
        file["model"] = model;
        file
    };
    for class in ["BertTokenizer", "PreTrainedTokenizerFast"] {
        let refused = |files: Value| {
            let source = Source::read("tiny", &self::files(&json!({ "files": files })));
            assert!(source.is_err(), "{class}: {files}");
        };
        let settings = json!({ "tokenizer_class": class });
        for tokenizer in [
            json!(3),
            json!([]),
            model(json!(3)),
            model(json!(null)),
            model(json!({ "type": "WordPiece", "vocab": [] })),
            model(json!({ "type": "WordPiece", "vocab": { "[UNK]": "x" } })),
            token("content", json!(5)),
            token("special", json!("yes")),
            token("id", json!(-1)),
        ] {
            refused(json!({ "tokenizer.json": tokenizer, "tokenizer_config.json": settings }));
        }
        for decoder in [json!(null), json!([]), json!({ "x": {} }), json!({ "40": 3 })] {
            let settings = json!({ "tokenizer_class": class, "added_tokens_decoder": decoder });
            refused(json!({ "tokenizer_config.json": settings }));
        }
        for (file, content) in [
            ("added_tokens.json", json!([])),
            ("added_tokens.json", json!({ "x": -1 })),
            ("special_tokens_map.json", json!(3)),
            ("tokenizer_config.json", json!("x")),
        ] {
            refused(json!({ file: content }));
        }
    }
    for (field, value) in [("do_lower_case", json!(1)), ("strip_accents", json!("no")), ("cls_token", json!("[NONE]"))]
    {
        let source = Source::read("tiny", &files(&json!({ "files": { "tokenizer_config.json": { field: value } } })));
        let error = source.expect_err("it has another type, or is not there").to_string();
        assert!(error.contains(field) || error.contains("[NONE]"), "{error}");
    }
    // The largest id there is.
    let source = Source::read("tiny", &files(&json!({ "files": { "tokenizer.json": token("id", json!(u64::MAX)) } })));
    assert!(source.is_ok(), "for BERT the vocabulary counts");
}
