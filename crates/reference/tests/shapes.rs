//! The reference on the models of other shapes, against sentence-transformers (`tests/golden/make_shapes.py`).

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;

use common::Agreement;
use minilm::Truncation;
use minilm_convert::{ModelFiles, Source};
use minilm_reference::{Error, Reference};
use serde_json::Value;

/// Vectors by the reference, those expected, and their width.
fn vectors(shape: &str) -> Result<(Vec<f32>, Vec<f32>, usize), Error> {
    let folder = Path::new("../../tests/golden/shapes").join(shape);
    let read = |file: &str| fs::read(folder.join(file)).ok();
    let mut files = ModelFiles::default();
    for file in [
        "config.json",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ] {
        files.insert(file, read(file).expect("it is there"));
    }
    for file in ["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"] {
        read(file).into_iter().for_each(|content| files.insert(file, content));
    }
    for (folder, rest) in [(3, "Dense"), (4, "LayerNorm"), (6, "Dense"), (7, "Dense"), (9, "Dense")] {
        for file in ["config.json", "model.safetensors"].map(|file| format!("{folder}_{rest}/{file}")) {
            read(&file).into_iter().for_each(|content| files.insert(&file, content));
        }
    }
    let source = Source::read(shape, &files).expect("the directory is valid");
    let expected: Value = serde_json::from_slice(&read("expected.json").expect("it is there")).expect("it is JSON");
    let reference = Reference::new(&source)?;
    let mut found = Vec::new();
    for text in expected["texts"].as_array().expect("it is a list") {
        let limit = source.config().max_seq_length;
        let tokens = source.tokenizer().encode(text.as_str().expect("it is a text"), limit, Truncation::Right);
        found.extend(reference.embed(&tokens.expect("texts are cut"), source.config().pooling)?);
    }
    let values = expected["vectors"].as_array().expect("it is a list").iter();
    let values = values.map(|x| x.as_f64().expect("it is a number") as f32).collect();
    Ok((found, values, source.config().dim()))
}

#[test]
fn candle_is_sentence_transformers() {
    for shape in ["leaf", "labse", "distiluse", "distilbert-sinusoidal", "one-token-type", "head-of-13", "mpnet"] {
        let (found, expected, dim) = vectors(shape).expect("candle has all of it");
        let agreement = Agreement::of(&found, &expected, dim);
        assert!(agreement.min_cosine >= 0.999_999 && agreement.max_difference <= 2e-6, "{shape}: {agreement:?}");
    }
}

#[test]
fn functions_that_candle_lacks_are_named() {
    let outcome = vectors("every-module");
    assert!(matches!(outcome, Err(Error::Activation(minilm::DenseActivation::LeakyRelu))), "{outcome:?}");
}
