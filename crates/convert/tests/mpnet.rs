//! MPNet: what is read of its directory, and what is refused. `shapes.rs` compares its vectors.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::{SHAPE, Tiny};
use minilm::{Embedder, EncodeOptions, Precision};
use serde_json::{Value, json};

fn refused(tiny: &Tiny, parts: &[&str]) {
    let error = tiny.read().and_then(|source| source.pack(Precision::F32)).expect_err("the directory is not supported");
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}, expected {parts:?}");
}

#[test]
fn positions_begin_behind_those_of_padding() {
    let config = Tiny::of_mpnet(SHAPE).read().expect("it is valid").config().clone();
    let encoder = &config.encoder;
    assert_eq!((encoder.max_position_embeddings, encoder.type_vocab_size, encoder.padding_id), (32, 0, Some(1)));
    assert_eq!(encoder.relative_attention_distance, 91);
    let embedder = Embedder::from_bytes(Tiny::of_mpnet(SHAPE).pack(Precision::F32)).expect("packed files are valid");
    let options = EncodeOptions { max_seq_length: Some(32), ..EncodeOptions::default() };
    let embeddings = embedder.encode(&["the cat ".repeat(40)], &options).expect("the text is cut");
    assert_eq!(embeddings.n_tokens, [32], "as many as there are positions");
}

#[test]
fn names_may_have_a_prefix() {
    let plain = Tiny::of_mpnet(SHAPE);
    let mut prefixed = plain.clone();
    prefixed.weights = plain.weights.iter().map(|(name, tensor)| (format!("mpnet.{name}"), tensor.clone())).collect();
    prefixed.weights.insert("lm_head.bias".to_owned(), (vec![1], vec![0.0]));
    assert!(plain.pack(Precision::Int8) == prefixed.pack(Precision::Int8));
}

#[test]
fn what_is_missing_or_different_is_named() {
    for (field, value) in [("relative_attention_num_buckets", json!(64)), ("hidden_act", json!("relu"))] {
        let name = format!("`{}`", value.as_str().map_or(value.to_string(), str::to_owned));
        let tiny = Tiny::of_mpnet(SHAPE).set("config.json", &format!("/{field}"), value);
        refused(&tiny, &["config.json", field, &name]);
    }
    for positions in [0, 1, 2] {
        let tiny = Tiny::of_mpnet(SHAPE).set("config.json", "/max_position_embeddings", json!(positions));
        refused(&tiny, &["position_embeddings"]);
    }
    for tensor in [
        "encoder.relative_attention_bias.weight",
        "embeddings.position_embeddings.weight",
        "encoder.layer.1.attention.attn.o.bias",
        "encoder.layer.0.attention.LayerNorm.weight",
    ] {
        let mut tiny = Tiny::of_mpnet(SHAPE);
        let (shape, values) = tiny.weights.get_mut(tensor).expect("it is there");
        let row = values.len() / shape[0];
        shape[0] -= 1;
        values.truncate(shape[0] * row);
        let error = tiny.read().and_then(|source| source.pack(Precision::F32));
        let shaped = matches!(error, Err(minilm_convert::Error::Model(minilm::Error::TensorShape { .. })));
        assert!(shaped, "{tensor}: {error:?}");
        tiny.weights.remove(tensor);
        let missing = tiny.read().and_then(|source| source.pack(Precision::F32));
        let missing = matches!(missing, Err(minilm_convert::Error::Model(minilm::Error::MissingTensor(_))));
        assert!(missing, "{tensor}");
    }
}

/// Where no class is named, transformers takes that of the architecture.
#[test]
fn the_tokenizer_is_that_of_the_architecture() {
    let unnamed = Tiny::of_mpnet(SHAPE).without("tokenizer_config.json");
    refused(&unnamed, &["the vocabulary has no \"<s>\""]);
    let tokens: Value = json!({"bos_token": "[CLS]", "eos_token": "[SEP]", "cls_token": "[CLS]", "sep_token": "[SEP]",
        "pad_token": "[PAD]", "mask_token": "[MASK]"});
    let named = unnamed.with("tokenizer_config.json", tokens);
    assert!(named.read().expect("it is valid").config().tokenizer.double_sep);
}
