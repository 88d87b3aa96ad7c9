//! Every scratch buffer of a forward pass. `tokens` is the number of tokens of all texts of the batch.

use crate::config::EncoderConfig;
use crate::kernel::{Attention, Int8Scratch};

/// Tokens that go through everything but attention together: enough that weights, which come from the second-level cache, are
/// used often; few enough that all that is computed in between stays there too. Results do not depend on it.
pub(crate) const BLOCK_TOKENS: usize = 32;

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

/// Buffers for up to [`BLOCK_TOKENS`] tokens.
#[derive(Debug, Default)]
pub(crate) struct BlockWorkspace {
    /// What is added to the token vectors `[block, hidden_size]`.
    pub(crate) update: Vec<f32>,
    /// Inside of the feed-forward block `[block, intermediate_size]`.
    pub(crate) intermediate: Vec<f32>,
    /// Scratch of linear layers in `int8` models.
    pub(crate) int8: Int8Scratch,
}

impl Workspace {
    /// Makes room for `tokens` tokens.
    pub(crate) fn resize(&mut self, config: &EncoderConfig, tokens: usize) {
        let hidden = tokens * config.hidden_size;
        self.hidden.resize(hidden, 0.0);
        self.qkv.resize(3 * hidden, 0.0);
        self.context.resize(hidden, 0.0);
        let block = tokens.min(BLOCK_TOKENS);
        self.block.update.resize(block * config.hidden_size, 0.0);
        self.block.intermediate.resize(block * config.intermediate_size, 0.0);
    }
}
