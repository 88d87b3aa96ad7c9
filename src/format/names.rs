//! Names of the tensors of a packed file.

/// The trie over the vocabulary `[slots]`, `U32`; see [`vocabulary_trie`](super::vocabulary_trie).
pub const TRIE: &str = "tokenizer.trie";

/// The word embeddings `[vocab_size, hidden_size]`: `F32`, or `I8` with a scale a row in `embeddings.word.scale`, `BF16`. In a
/// file of precision `int6-e4`, 4-bit integers in `U8` `[vocab_size, int4_len(hidden_size)]`, with the same scales, and with
/// the multipliers of each row's groups in `embeddings.word.multiplier`, 4-bit integers too.
pub const WORD: &str = "embeddings.word";

/// The position embeddings `[max_position_embeddings, hidden_size]`, `F32` or `I8` as the word embeddings. Where there is a `padding_id`,
/// its row comes before them.
pub const POSITION: &str = "embeddings.position";

/// The token type embeddings `[type_vocab_size, hidden_size]`, `F32`; not there where `type_vocab_size` is 0.
pub const TOKEN_TYPE: &str = "embeddings.token_type";

/// What attention adds to the scores of each head `[num_attention_heads, 2 * relative_attention_distance + 1]`, `F32`, in every layer: by
/// the distance from the query to the key, keys before it first; not there where `relative_attention_distance` is 0.
pub const ATTENTION_BIAS: &str = "attention.bias";

/// Prefix of `weight` and `bias` `[hidden_size]` of the normalization of the embeddings, `F32`.
pub const EMBEDDINGS_NORM: &str = "embeddings.norm";

/// What the names of the tensors of the modules behind the pooling begin with.
pub const MODULES: &str = "modules.";

/// Name of part `part` of module `index` behind the pooling, `modules.0.weight` for instance: `weight` and `bias` of each, and of a
/// dense one the matrix `residual`; all `F32`, in the shapes that torch gives them.
#[must_use]
pub fn module(index: usize, part: &str) -> String {
    format!("{MODULES}{index}.{part}")
}

/// The last tensor of the file, 8 bytes: xxh3-64 of every byte before it.
pub const CHECKSUM: &str = "checksum";

/// The linear layers of a transformer layer, in the order in which it uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinearLayer {
    /// Query, key and value projections side by side: `hidden_size` to `3 * hidden_size`.
    Qkv,
    /// The output projection of attention: `hidden_size` to `hidden_size`.
    AttentionOutput,
    /// First layer of the feed-forward block: `hidden_size` to `intermediate_size`.
    Intermediate,
    /// Second layer of the feed-forward block: `intermediate_size` to `hidden_size`.
    Output,
}

impl LinearLayer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Qkv, Self::AttentionOutput, Self::Intermediate, Self::Output];
}

/// Prefix of the tensors of a linear layer of transformer layer `index`, `layer.0.qkv` for instance.
#[must_use]
pub fn linear(index: usize, linear: LinearLayer) -> String {
    layer(
        index,
        match linear {
            LinearLayer::Qkv => "qkv",
            LinearLayer::AttentionOutput => "attention_output",
            LinearLayer::Intermediate => "intermediate",
            LinearLayer::Output => "output",
        },
    )
}

/// Name of part `part` of transformer layer `index`, `layer.0.attention_norm` for instance.
#[must_use]
pub fn layer(index: usize, part: &str) -> String {
    format!("layer.{index}.{part}")
}
