//! Facts about the model in the types of the interface.

use crate::bindings::exports::minilm::embed::embedder::{ModelInfo, Pooling, Precision, Prompt, SimilarityFunction};
use crate::to_u32;

impl From<minilm::ModelInfo> for ModelInfo {
    fn from(info: minilm::ModelInfo) -> Self {
        Self {
            name: info.name,
            model_sha256: info.model_sha256,
            precision: info.precision.into(),
            dim: to_u32(info.dim),
            max_seq_length: to_u32(info.max_seq_length),
            max_position_embeddings: to_u32(info.max_position_embeddings),
            vocab_size: to_u32(info.vocab_size),
            num_hidden_layers: to_u32(info.num_hidden_layers),
            pooling: info.pooling.into(),
            normalize: info.normalize,
            similarity: info.similarity.into(),
            prompts: info.prompts.into_iter().map(|(name, text)| Prompt { name, text }).collect(),
            default_prompt_name: info.default_prompt_name,
            backend: info.backend.to_owned(),
        }
    }
}

impl From<minilm::Precision> for Precision {
    fn from(precision: minilm::Precision) -> Self {
        match precision {
            minilm::Precision::Int8 => Self::Int8,
            minilm::Precision::Int6E4 => Self::Int6E4,
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
