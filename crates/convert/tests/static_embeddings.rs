//! Directories with static embeddings: the vectors are those of sentence-transformers.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::{Tiny, VOCABULARY, f16_bits};
use minilm::{Embedder, EncodeOptions, Pooling, Precision};
use minilm_convert::{Error, ModelFiles, Source};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// A value of a tensor by its index, as `make_static.py` has it.
fn value(index: usize) -> f32 {
    ((index * 31 % 97) as f32 - 48.0) / 64.0
}

fn content(name: &str, dtype: Dtype, index: usize) -> Vec<u8> {
    let number = if name == "weights" { 1.0 + value(index) } else { value(index) };
    match dtype {
        Dtype::I64 => (index as i64 / 2).to_le_bytes().to_vec(),
        Dtype::F64 => f64::from(number).to_le_bytes().to_vec(),
        Dtype::F16 => f16_bits(number).to_le_bytes().to_vec(),
        _ => number.to_le_bytes().to_vec(),
    }
}

/// A safetensors file of tensors given by type and shape.
fn weights(tensors: &Value) -> Vec<u8> {
    let tensors = tensors.as_object().expect("an object").iter().map(|(name, spec)| {
        let dtype: Dtype = serde_json::from_value(spec[0].clone()).expect("a type");
        let shape: Vec<usize> = serde_json::from_value(spec[1].clone()).expect("a shape");
        let data: Vec<u8> = (0..shape.iter().product()).flat_map(|index| content(name, dtype, index)).collect();
        (name.clone(), dtype, shape, data)
    });
    let tensors: Vec<_> = tensors.collect();
    let view = |dtype, shape: &Vec<usize>, data| TensorView::new(dtype, shape.clone(), data).expect("sizes agree");
    let views = tensors.iter().map(|(name, dtype, shape, data)| (name.as_str(), view(*dtype, shape, data)));
    safetensors::serialize(views, None).expect("the tensors are valid")
}

fn tokenizer() -> Value {
    let mut tokenizer = Tiny::default().json["tokenizer.json"].clone();
    tokenizer["post_processor"] = Value::Null;
    tokenizer
}

fn files(variant: &Value) -> ModelFiles {
    let mut files = ModelFiles::default();
    let folder = variant["folder"].as_str().filter(|folder| !folder.is_empty());
    let path = |file: &str| folder.map_or_else(|| file.to_owned(), |folder| format!("{folder}/{file}"));
    let mut tokenizer = tokenizer();
    for (name, value) in variant["tokenizer"].as_object().expect("an object") {
        tokenizer[name] = value.clone();
    }
    files.insert("modules.json", variant["modules"].to_string().into_bytes());
    files.insert(path("tokenizer.json"), tokenizer.to_string().into_bytes());
    files.insert(path("model.safetensors"), weights(&variant["tensors"]));
    files
}

/// The model whose tensors are `tensors`, with nothing else that is remarkable.
fn plain(tensors: Value) -> Value {
    json!({
        "modules": [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}],
        "tokenizer": {}, "folder": "", "tensors": tensors,
    })
}

fn pack(variant: &Value, precision: Precision) -> Result<Embedder, Error> {
    Ok(Embedder::from_bytes(Source::read("static", &files(variant))?.pack(precision)?)?)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    let golden: Value = serde_json::from_slice(&common::golden_file("static_embeddings.json")).expect("it is JSON");
    let texts: Vec<String> = serde_json::from_value(golden["texts"].clone()).expect("texts");
    for variant in golden["variants"].as_array().expect("an array") {
        let name = &variant["name"];
        let expected: Vec<Vec<f32>> = serde_json::from_value(variant["vectors"].clone()).expect("vectors");
        // The reference computes in half precision where the table is.
        let tolerance = if name == "half precision" { 1e-3 } else { 1e-6 };
        for precision in [Precision::F32, Precision::Int8] {
            let embedder = pack(variant, precision).unwrap_or_else(|error| panic!("{name}: {error}"));
            let found = embedder.encode(&texts, &EncodeOptions::default()).expect("texts are cut");
            for ((found, expected), text) in found.data.chunks_exact(found.dim).zip(&expected).zip(&texts) {
                match precision {
                    Precision::F32 => {
                        let close = found.iter().zip(expected).all(|(x, y)| (x - y).abs() < tolerance);
                        assert!(close, "{name}, {text:?}: {found:?}, not {expected:?}");
                    }
                    _ if expected.iter().all(|&x| x == 0.0) => assert_eq!(found, expected, "{name}, {text:?}"),
                    _ => assert!(cosine(found, expected) > 0.9995, "{name}, {text:?}"),
                }
            }
        }
    }
}

#[test]
fn a_text_without_words_has_no_tokens_and_the_zero_vector() {
    let embedder = pack(&plain(json!({"embeddings": ["F32", [40, 8]]})), Precision::Int8).expect("it is valid");
    assert!(embedder.config().is_static());
    assert_eq!(embedder.info().num_hidden_layers, 0);
    for pooling in [Pooling::Cls, Pooling::Mean, Pooling::Max, Pooling::MeanSqrtLen] {
        let options = EncodeOptions { pooling: Some(pooling), normalize_embeddings: true, ..EncodeOptions::default() };
        let found = embedder.encode(&["", "cat", " \n"], &options).expect("they are valid");
        assert_eq!(found.n_tokens, [0, 1, 0]);
        assert_eq!(found.data[..8], [0.0; 8]);
        assert!(found.data[8..16].iter().any(|&x| x != 0.0));
        assert_eq!(found.data[16..], [0.0; 8]);
    }
    assert!(embedder.encode::<&str>(&[], &EncodeOptions::default()).expect("no texts are fine").data.is_empty());
}

#[test]
fn a_long_text_is_cut_at_the_limit_of_the_format() {
    let embedder = pack(&plain(json!({"embeddings": ["F32", [40, 8]]})), Precision::F32).expect("it is valid");
    let found = embedder.encode(&["cat ".repeat(70_000)], &EncodeOptions::default()).expect("it is cut");
    assert_eq!((found.n_tokens[0], found.truncated[0]), (65_536, true));
}

/// The mean is taken without the vectors of the tokens, with the bits that it has with them: those of one added to the other.
#[test]
fn the_mean_has_the_bits_of_the_rows() {
    for precision in Precision::ALL {
        let embedder = pack(&plain(json!({"embeddings": ["F32", [40, 24]]})), precision).expect("it is valid");
        for text in ["cat", "the cat sat on the mat.", "12 21 1 2 中国 thes cating mated"] {
            let tokens = &embedder.tokenize(&[text], &EncodeOptions::default()).expect("there is no limit")[0];
            let rows = embedder.token_vectors(tokens).expect("the ids are those of the tokenizer");
            let mut expected = rows[..24].to_vec();
            for row in rows.chunks_exact(24).skip(1) {
                expected.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            expected.iter_mut().for_each(|x| *x /= tokens.len() as f32);
            let found = embedder.encode(&[text], &EncodeOptions::default()).expect("there is no limit").data;
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(&expected), "{precision}: {text}");
        }
    }
}

#[test]
fn a_batch_changes_no_bit() {
    let embedder = pack(&plain(json!({"embeddings": ["F32", [40, 24]]})), Precision::Int8).expect("it is valid");
    let texts: Vec<String> = (0..200).map(|i| VOCABULARY[5..5 + i % 30].join(" ").repeat(1 + i % 7)).collect();
    let together = embedder.encode(&texts, &EncodeOptions::default()).expect("they are valid");
    for (text, row) in texts.iter().zip(together.data.chunks_exact(24)) {
        assert_eq!(embedder.encode(&[text], &EncodeOptions::default()).expect("it is valid").data, row);
    }
}

#[test]
fn damaged_files_are_refused_by_name() {
    for (tensors, expected) in [
        (json!({}), "embeddings"),
        (json!({"embeddings": ["F32", [40]]}), "a table has two dimensions"),
        (json!({"embeddings": ["I64", [40, 8]]}), "F32, F16 or BF16"),
        (json!({"embeddings": ["F32", [39, 8]]}), "word embeddings for 39 ids"),
        (json!({"embeddings": ["F32", [40, 0]]}), "`hidden_size`: 0 is not in 1..=65536"),
        (json!({"embeddings": ["F32", [10, 8]], "mapping": ["I64", [40]]}), "row 10 is not in 0..10"),
        (json!({"embeddings": ["F32", [20, 8]], "mapping": ["F32", [40]]}), "I64 or I32"),
        (json!({"embeddings": ["F32", [40, 8]], "weights": ["F32", [20]]}), "[40]"),
        (json!({"embeddings": ["F32", [40, 8]], "weights": ["I64", [40]]}), "F64, F32, F16 or BF16"),
    ] {
        let error = pack(&plain(tensors.clone()), Precision::Int8).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(expected)), "{tensors}: {error:?}");
    }
    let mut left = plain(json!({"embeddings": ["F32", [40, 8]]}));
    left["tokenizer"]["truncation"] =
        json!({"direction": "Left", "max_length": 4, "strategy": "LongestFirst", "stride": 0});
    let error = pack(&left, Precision::F32).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("truncation on the left")));
}
