//! Every scratch buffer of a forward pass. `tokens` is the number of tokens of all texts of the batch.

use crate::config::{Config, Precision};
use crate::kernel::{Attention, Int8Scratch};

/// Tokens that go through everything but attention together: enough that weights, which come from the second-level cache or from
/// beyond, are used often; few enough that all that is computed in between stays there too. Floats have weights of four times
/// the size, and activations that are not written four times over. Results do not depend on it.
const fn block_tokens(precision: Precision) -> usize {
    match precision {
        Precision::Int8 | Precision::Int6E4 => 32,
        Precision::F32 => 128,
    }
}

/// Buffers that are reused from layer to layer and from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Token vectors, input and output of each layer `[tokens, hidden_size]`.
    pub(crate) hidden: Vec<f32>,
    /// Queries, keys and values side by side `[tokens, 3 * hidden_size]`.
    pub(crate) qkv: Vec<f32>,
    /// Attention's result before its output layer `[tokens, hidden_size]`.
    pub(crate) context: Vec<f32>,
    /// Scratch of attention in `int8` models.
    pub(crate) int_attention: Attention<i16>,
    /// Scratch of attention in `f32` models.
    pub(crate) f32_attention: Attention<f32>,
    /// What a block of tokens needs.
    pub(crate) block: BlockWorkspace,
}

/// Buffers for a block of tokens.
#[derive(Debug, Default)]
pub(crate) struct BlockWorkspace {
    /// Tokens of a block; the last one has what is left.
    pub(crate) tokens: usize,
    /// What is added to the token vectors `[block, hidden_size]`.
    pub(crate) update: Vec<f32>,
    /// Inside of the feed-forward block `[block, intermediate_size]`.
    pub(crate) intermediate: Vec<f32>,
    /// Scratch of linear layers in `int8` models.
    pub(crate) int8: Int8Scratch,
}

impl Workspace {
    /// Gives every buffer the size for `tokens` tokens.
    pub(crate) fn resize(&mut self, config: &Config, tokens: usize) {
        let (hidden, inner) = (config.encoder.hidden_size, config.encoder.intermediate_size);
        self.hidden.resize(tokens * hidden, 0.0);
        self.qkv.resize(3 * tokens * hidden, 0.0);
        self.context.resize(tokens * hidden, 0.0);
        self.block.tokens = block_tokens(config.precision);
        let block = tokens.min(self.block.tokens);
        self.block.update.resize(block * hidden, 0.0);
        self.block.intermediate.resize(block * inner, 0.0);
    }
}
