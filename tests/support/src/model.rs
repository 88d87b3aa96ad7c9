//! Models of 40 tokens and random weights.

use std::sync::OnceLock;

use minilm::{Embedder, Precision};
use serde_json::json;

use crate::tiny::{Shape, Tiny};

/// The packed file of a model with 16 dimensions. It reads up to 24 tokens, and has the prompts `query` and `document`.
pub fn packed() -> &'static [u8] {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    PACKED.get_or_init(|| {
        let prompts = json!({ "prompts": { "query": "query ", "document": "" } });
        Tiny::default().with("config_sentence_transformers.json", prompts).pack(Precision::Int8)
    })
}

/// The model of [`packed`]; its name is `tiny`.
pub fn embedder() -> Embedder {
    Embedder::from_bytes(packed()).expect("the model is valid")
}

/// Another model: 32 dimensions, other weights.
pub fn other_embedder() -> Embedder {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    let shape = Shape { hidden: 32, heads: 2, layers: 1, intermediate: 64 };
    let packed = PACKED.get_or_init(|| Tiny::new(shape).pack(Precision::Int8));
    Embedder::from_bytes(packed).expect("the model is valid")
}

/// Static embeddings: 16 dimensions, and no special tokens.
pub fn static_embedder() -> Embedder {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    let packed = PACKED.get_or_init(|| Tiny::of_static_embeddings(16).pack(Precision::Int8));
    Embedder::from_bytes(packed).expect("the model is valid")
}

/// A model whose weights are damaged: it loads, and no vector that it computes is finite.
pub fn damaged_embedder() -> Embedder {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    let packed = PACKED.get_or_init(|| {
        let mut tiny = Tiny::default();
        let (_, values) = tiny.weights.get_mut("encoder.layer.1.output.LayerNorm.weight").expect("it has this tensor");
        values.fill(f32::MAX);
        tiny.pack(Precision::Int8)
    });
    Embedder::from_bytes(packed).expect("all weights are finite")
}
