//! Every scratch buffer of a forward pass. `tokens` is the number of tokens of all texts of the batch.

use crate::config::EncoderConfig;
use crate::kernel::QuantizedRows;

/// Buffers that are reused from layer to layer and from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Token vectors, input and output of each layer `[tokens, hidden_size]`.
    pub(crate) hidden: Vec<f32>,
    /// Queries, keys and values side by side `[tokens, 3 * hidden_size]`.
    pub(crate) qkv: Vec<f32>,
    /// Attention's result before its output layer `[tokens, hidden_size]`.
    pub(crate) context: Vec<f32>,
    /// What a block adds to the token vectors `[tokens, hidden_size]`.
    pub(crate) update: Vec<f32>,
    /// Inside of the feed-forward block `[tokens, intermediate_size]`.
    pub(crate) intermediate: Vec<f32>,
    /// Keys of one head, transposed `[head_size, keys]`, keys padded to whole lanes.
    pub(crate) keys: Vec<f32>,
    /// Attention scores of one query `[keys]`, padded to whole lanes.
    pub(crate) scores: Vec<f32>,
    /// The quantized input of a linear layer.
    pub(crate) quantized: QuantizedRows,
}

impl Workspace {
    /// Makes room for `tokens` tokens.
    pub(crate) fn resize(&mut self, config: &EncoderConfig, tokens: usize) {
        let hidden = tokens * config.hidden_size;
        self.hidden.resize(hidden, 0.0);
        self.qkv.resize(3 * hidden, 0.0);
        self.context.resize(hidden, 0.0);
        self.update.resize(hidden, 0.0);
        self.intermediate.resize(tokens * config.intermediate_size, 0.0);
    }
}
