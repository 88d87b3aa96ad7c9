//! What is known about a model, for people and for programs that show it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::{Pooling, Precision, SimilarityFunction};
use crate::format::ModelFile;
use crate::kernel::arch::BACKEND;

/// What is known about a model and the code that runs it. [`Embedder::info`](crate::Embedder::info) gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Name of the model, `paraphrase-MiniLM-L3-v2` for instance.
    pub name: String,
    /// The identity of the model: [`Config::model_sha256`](crate::Config::model_sha256), 64 hexadecimal digits.
    pub model_sha256: String,
    /// Number format of the packed weights.
    pub precision: Precision,
    /// Width of the vectors.
    pub dim: usize,
    /// Longest input in tokens, special ones included, unless a call asks for another limit.
    pub max_seq_length: usize,
    /// Longest input in tokens that a call can ask for.
    pub max_position_embeddings: usize,
    /// Rows of the word embeddings.
    pub vocab_size: usize,
    /// Number of transformer layers.
    pub num_hidden_layers: usize,
    /// How token vectors become one sentence vector, unless a call asks for another way.
    pub pooling: Pooling,
    /// Whether the model scales its vectors to length 1 by itself.
    pub normalize: bool,
    /// The measure that is meant for the vectors.
    pub similarity: SimilarityFunction,
    /// Named texts that can be put before an input.
    pub prompts: BTreeMap<String, String>,
    /// The prompt used when a call names none.
    pub default_prompt_name: Option<String>,
    /// Size of the packed file in bytes.
    pub file_bytes: usize,
    /// xxh3-64 of the packed file as 16 hexadecimal digits: a number of 64 bits does not fit into one of JSON.
    pub file_checksum: String,
    /// Name of the instructions that the kernels use, [`BACKEND`].
    pub backend: &'static str,
}

impl ModelInfo {
    pub(crate) fn of(file: &ModelFile<'_>) -> Self {
        let config = file.config().clone();
        Self {
            dim: config.dim(),
            name: config.name,
            model_sha256: config.model_sha256,
            precision: config.precision,
            max_seq_length: config.max_seq_length,
            max_position_embeddings: config.encoder.max_position_embeddings,
            vocab_size: config.encoder.vocab_size,
            num_hidden_layers: config.encoder.num_hidden_layers,
            pooling: config.pooling,
            normalize: config.normalize,
            similarity: config.similarity,
            prompts: config.prompts,
            default_prompt_name: config.default_prompt_name,
            file_bytes: file.file_len(),
            file_checksum: format!("{:016x}", file.checksum()),
            backend: BACKEND,
        }
    }
}
