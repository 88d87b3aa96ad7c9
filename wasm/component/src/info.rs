//! Facts about the model in the types of the interface.

use minilm::{BACKEND, Embedder};

use crate::bindings::exports::minilm::embed::embedder::{ModelInfo, Pooling, Precision, Prompt, SimilarityFunction};
use crate::to_u32;

/// What is known about the model of `embedder`.
pub fn of(embedder: &Embedder) -> ModelInfo {
    let config = embedder.config();
    let prompt = |(name, text): (&String, &String)| Prompt { name: name.clone(), text: text.clone() };
    ModelInfo {
        name: config.name.clone(),
        weights_sha256: config.weights_sha256.clone(),
        precision: config.precision.into(),
        dim: to_u32(embedder.dim()),
        max_seq_length: to_u32(config.max_seq_length),
        max_position_embeddings: to_u32(config.encoder.max_position_embeddings),
        vocab_size: to_u32(config.encoder.vocab_size),
        num_hidden_layers: to_u32(config.encoder.num_hidden_layers),
        pooling: config.pooling.into(),
        normalize: config.normalize,
        similarity: config.similarity.into(),
        prompts: config.prompts.iter().map(prompt).collect(),
        default_prompt_name: config.default_prompt_name.clone(),
        backend: BACKEND.to_owned(),
    }
}

impl From<minilm::Precision> for Precision {
    fn from(precision: minilm::Precision) -> Self {
        match precision {
            minilm::Precision::Int8 => Self::Int8,
            minilm::Precision::F32 => Self::F32,
        }
    }
}

impl From<minilm::Pooling> for Pooling {
    fn from(pooling: minilm::Pooling) -> Self {
        match pooling {
            minilm::Pooling::Cls => Self::Cls,
            minilm::Pooling::Mean => Self::Mean,
            minilm::Pooling::Max => Self::Max,
            minilm::Pooling::MeanSqrtLen => Self::MeanSqrtLen,
        }
    }
}

impl From<minilm::SimilarityFunction> for SimilarityFunction {
    fn from(function: minilm::SimilarityFunction) -> Self {
        match function {
            minilm::SimilarityFunction::Cosine => Self::Cosine,
            minilm::SimilarityFunction::Dot => Self::Dot,
            minilm::SimilarityFunction::Euclidean => Self::Euclidean,
            minilm::SimilarityFunction::Manhattan => Self::Manhattan,
        }
    }
}
