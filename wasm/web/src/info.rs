//! Facts about a model.

use std::collections::BTreeMap;

use minilm::{BACKEND, Embedder, Pooling, Precision, SimilarityFunction};
use serde::Serialize;

/// What is known about a model, and the code that runs it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info<'a> {
    name: &'a str,
    weights_sha256: &'a str,
    precision: Precision,
    dim: usize,
    max_seq_length: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
    num_hidden_layers: usize,
    pooling: Pooling,
    normalize: bool,
    similarity: SimilarityFunction,
    prompts: &'a BTreeMap<String, String>,
    default_prompt_name: Option<&'a str>,
    file_bytes: usize,
    file_checksum: String,
    backend: &'static str,
}

impl<'a> Info<'a> {
    /// What is known about the model of `embedder`.
    pub fn of(embedder: &'a Embedder) -> Self {
        let config = embedder.config();
        let package = embedder.package();
        Self {
            name: &config.name,
            weights_sha256: &config.weights_sha256,
            precision: config.precision,
            dim: embedder.dim(),
            max_seq_length: config.max_seq_length,
            max_position_embeddings: config.encoder.max_position_embeddings,
            vocab_size: config.encoder.vocab_size,
            num_hidden_layers: config.encoder.num_hidden_layers,
            pooling: config.pooling,
            normalize: config.normalize,
            similarity: config.similarity,
            prompts: &config.prompts,
            default_prompt_name: config.default_prompt_name.as_deref(),
            file_bytes: package.file_len(),
            // 64 bits do not fit into a number of JavaScript.
            file_checksum: format!("{:016x}", package.checksum()),
            backend: BACKEND,
        }
    }
}
