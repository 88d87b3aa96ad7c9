//! Names and shapes of the tensors of a packed file, for the writer and the reader alike.

use crate::kernel::{arch::PANEL, padded_len};

/// The linear layers of a transformer layer, in the order in which it uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinearName {
    /// Query, key and value projections side by side.
    Qkv,
    /// The output projection of attention.
    AttentionOutput,
    /// First layer of the feed-forward block.
    Intermediate,
    /// Second layer of the feed-forward block.
    Output,
}

/// Names of tensors.
pub(crate) struct Names;

impl Names {
    pub(crate) const TRIE: &'static str = "tokenizer.trie";
    pub(crate) const WORD: &'static str = "embeddings.word";
    pub(crate) const POSITION: &'static str = "embeddings.position";
    pub(crate) const TOKEN_TYPE: &'static str = "embeddings.token_type";
    pub(crate) const EMBEDDINGS_NORM: &'static str = "embeddings.norm";

    /// Prefix of the tensors of a linear layer of transformer layer `layer`.
    pub(crate) fn linear(layer: usize, linear: LinearName) -> String {
        Self::layer(
            layer,
            match linear {
                LinearName::Qkv => "qkv",
                LinearName::AttentionOutput => "attention_output",
                LinearName::Intermediate => "intermediate",
                LinearName::Output => "output",
            },
        )
    }

    /// Name of part `part` of layer `layer`, `layer.0.qkv` for instance.
    pub(crate) fn layer(layer: usize, part: &str) -> String {
        format!("layer.{layer}.{part}")
    }
}

/// Shape of 8-bit weights: panels of output channels, inputs in groups of four.
pub(crate) fn int8_weight_shape(in_features: usize, out_features: usize) -> [usize; 4] {
    [out_features.div_ceil(PANEL), padded_len(in_features) / 4, PANEL, 4]
}

/// Shape of float weights: panels of output channels.
pub(crate) fn f32_weight_shape(in_features: usize, out_features: usize) -> [usize; 3] {
    [out_features.div_ceil(PANEL), in_features, PANEL]
}
