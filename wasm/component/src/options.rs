//! Options of the interface as those of the core.

use crate::bindings::exports::minilm::embed::embedder::{EncodeOptions, Pooling, Truncation};

impl From<EncodeOptions> for minilm::EncodeOptions {
    fn from(options: EncodeOptions) -> Self {
        Self {
            prompt: options.prompt,
            prompt_name: options.prompt_name,
            normalize_embeddings: options.normalize_embeddings,
            truncate_dim: options.truncate_dim.map(|dim| dim as usize),
            pooling: options.pooling.map(Into::into),
            truncation: options.truncation.into(),
            max_seq_length: options.max_seq_length.map(|limit| limit as usize),
        }
    }
}

impl From<Truncation> for minilm::Truncation {
    fn from(truncation: Truncation) -> Self {
        match truncation {
            Truncation::Right => Self::Right,
            Truncation::Left => Self::Left,
            Truncation::Off => Self::Off,
        }
    }
}

impl From<Pooling> for minilm::Pooling {
    fn from(pooling: Pooling) -> Self {
        match pooling {
            Pooling::Cls => Self::Cls,
            Pooling::Mean => Self::Mean,
            Pooling::Max => Self::Max,
            Pooling::MeanSqrtLen => Self::MeanSqrtLen,
        }
    }
}
