//! Directories that differ in the files of their tokenizer: the ids are those of transformers, and so are the texts that fail.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::Tiny;
use minilm::{Embedder, EncodeOptions, Error, ErrorKind, Precision, Truncation};
use minilm_convert::{ModelFiles, Source};
use serde_json::{Value, json};

/// The files of a variant, beside the weights.
fn files(variant: &Value) -> ModelFiles {
    let mut tiny = Tiny::default().without("tokenizer_config.json");
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
    assert!(variants.len() >= 36);
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

/// Tokens that are added may have ids that are no rows of the word embeddings: 40 and more. Texts without them have vectors, whatever is in
/// their batch or not.
#[test]
fn a_token_without_a_row_fails_where_a_text_has_it() {
    let golden: Value = serde_json::from_slice(&common::golden_file("tokenizer_files.json")).expect("it is JSON");
    let texts: Vec<&str> = golden["texts"].as_array().expect("an array").iter().filter_map(Value::as_str).collect();
    let mut failing = 0;
    for variant in golden["variants"].as_array().expect("an array") {
        for precision in Precision::ALL {
            let packed = Source::read("tiny", &files(variant)).and_then(|source| source.pack(precision));
            let embedder = Embedder::from_bytes(packed.expect("it is read")).expect("it is loaded");
            for (text, fails) in texts.iter().zip(variant["fails"].as_array().expect("an array")) {
                let Err(error) = embedder.encode(&["a", text], &EncodeOptions::default()) else {
                    assert_eq!(*fails, json!(false), "{}: {text}", variant["name"]);
                    continue;
                };
                assert_eq!(*fails, json!(true), "{}: {text}: {error}", variant["name"]);
                assert_eq!(error.kind(), ErrorKind::Input);
                let Error::TokenId { index: 1, id, token: Some(token), vocab_size: 40 } = &error else {
                    panic!("{error:?}");
                };
                let expected = format!(
                    "text 1 has the added token {token:?} with id {id}, and the model has word embeddings for 40 ids, from 0"
                );
                assert_eq!(error.to_string(), expected);
                assert!(text.to_lowercase().contains(&token.to_lowercase()), "{text}: {token}");
                failing += 1;
            }
        }
    }
    assert!(failing > 40, "{failing}");
}

/// A word of the texts that the converter measures.
#[test]
fn a_word_without_a_row_does_not_stop_the_conversion() {
    let token = json!({ "content": "the", "normalized": true });
    let settings = json!({ "added_tokens_decoder": { "77": token }, "tokenizer_class": "PreTrainedTokenizerFast" });
    let mut tokenizer = Tiny::default().json["tokenizer.json"].clone();
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().expect("an object");
    let id = vocabulary.remove("the").expect("it is a piece");
    vocabulary.insert("that".to_owned(), id);
    let files = files(&json!({ "files": { "tokenizer.json": tokenizer, "tokenizer_config.json": settings } }));
    let packed = Source::read("tiny", &files).and_then(|source| source.pack(Precision::Int8));
    let embedder = Embedder::from_bytes(packed.expect("it is packed")).expect("it is loaded");
    assert!(embedder.encode(&["a cat"], &EncodeOptions::default()).is_ok());
    let error = embedder.encode(&["the cat"], &EncodeOptions::default()).expect_err("there is no row");
    assert!(error.to_string().contains("the added token \"the\" with id"), "{error}");
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
