//! Every way in which a model file, a configuration or an input can be refused.

/// What went wrong, with the offending name and the sizes involved. [`Error::kind`] says who can put it right.
///
/// Nothing in this crate panics on input: whatever the bytes of a model file or of a text are, the outcome is a value or
/// one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file ends before the length prefix or before the header it announces.
    #[error("model file is truncated: it has {found} bytes and needs at least {needed}")]
    Truncated {
        /// Bytes in the file.
        found: usize,
        /// Bytes that must be there.
        needed: usize,
    },
    /// The header announces more bytes than any model of this format needs.
    #[error("model file header of {found} bytes is over the limit of {limit} bytes: this is not a packed MiniLM model")]
    HeaderTooLarge {
        /// Header length that the file announces.
        found: u64,
        /// Longest header that is read.
        limit: usize,
    },
    /// The header is not a valid safetensors header (foreign file, overlapping or oversized tensors, wrong total size).
    #[error("model file is not valid safetensors: {0}")]
    Safetensors(safetensors::SafeTensorError),
    /// Valid safetensors, but without the metadata of the packed format.
    #[error("model file has no `{0}` metadata: pack the model first with `minilm pack`")]
    NotPacked(&'static str),
    /// Written by another version of the packed format.
    #[error("model file has format version {found:?}, this build reads version {supported}")]
    FormatVersion {
        /// Version that the file states.
        found: String,
        /// Version that this build reads.
        supported: u32,
    },
    /// The content differs from what was packed: some byte was changed after the file was written.
    #[error("model file is corrupt: its content hashes to {found:016x}, the file says {expected:016x}")]
    Checksum {
        /// xxh3-64 stored in the file.
        expected: u64,
        /// xxh3-64 of the bytes.
        found: u64,
    },
    /// A tensor that the configuration calls for is not in the file.
    #[error("model file has no tensor `{0}`")]
    MissingTensor(String),
    /// A tensor has another shape than the configuration calls for.
    #[error("tensor `{name}` has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// Name of the tensor.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape that follows from the configuration.
        expected: Vec<usize>,
    },
    /// A tensor has another element type than the format calls for.
    #[error("tensor `{name}` has dtype {found}, expected {expected}")]
    TensorDtype {
        /// Name of the tensor.
        name: String,
        /// Element type in the file.
        found: String,
        /// Element type that is read.
        expected: &'static str,
    },
    /// The bytes do not start on a boundary on which `f32` values can be read in place.
    #[error(
        "model bytes start at an address that is not a multiple of {required}: use `include_model!` or `AlignedBytes`"
    )]
    Misaligned {
        /// Alignment in bytes.
        required: usize,
    },
    /// The allocator has no memory for a buffer.
    #[error("there is no memory for a model of {bytes} bytes")]
    OutOfMemory {
        /// Size of the buffer.
        bytes: usize,
    },
    /// A field of the configuration has a value that this crate cannot honour.
    #[error("configuration field `{field}`: {reason}")]
    Config {
        /// Name of the field, with its file where there are several.
        field: String,
        /// What is wrong, and what is accepted.
        reason: String,
    },
    /// A text has more tokens than the model reads, and truncation is off.
    #[error("text {index} has {n_tokens} tokens, the limit is {limit}: shorten it or allow truncation")]
    TooManyTokens {
        /// Position of the text in the call.
        index: usize,
        /// Its tokens, the special ones included.
        n_tokens: usize,
        /// Most tokens allowed.
        limit: usize,
    },
    /// Tokens that a caller made cannot be read by the model.
    #[error("the tokens of text {index}: {reason}")]
    Tokens {
        /// Position of the text in the call.
        index: usize,
        /// What is wrong, and what is accepted.
        reason: String,
    },
    /// A token id is not a row of the word embeddings.
    #[error(
        "text {index} has {}, and the model has word embeddings for {vocab_size} ids, from 0",
        token.as_ref().map_or_else(|| format!("token id {id}"), |token| format!("the added token {token:?} with id {id}"))
    )]
    TokenId {
        /// Position of the text in the call.
        index: usize,
        /// The id.
        id: u32,
        /// The text of the token, where it is one of the model's added tokens.
        token: Option<String>,
        /// Rows of the word embeddings.
        vocab_size: usize,
    },
    /// A token id that no token of the vocabulary has cannot be decoded.
    #[error("text {index} has token id {id}, and the vocabulary has no token with this id")]
    UnknownToken {
        /// Position of the text in the call.
        index: usize,
        /// The id.
        id: u32,
    },
    /// An option of a call has a value outside its range.
    #[error("option `{option}`: {reason}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What is wrong, and what is accepted.
        reason: String,
    },
    /// Two sets of vectors that are compared have different widths, or a buffer is not a whole number of rows.
    #[error("`{name}` has {len} values, which is not a whole number of rows of {dim}")]
    Rows {
        /// Name of the argument.
        name: &'static str,
        /// Its length in values.
        len: usize,
        /// Width of a row.
        dim: usize,
    },
    /// The vector of a text is not finite; the model's weights are damaged.
    #[error("the vector of text {index} is not finite: the weights of the model are damaged")]
    NotFinite {
        /// Position of the text in the call.
        index: usize,
    },
    /// The JSON text of the configuration cannot be read.
    #[error("{file}: {cause}")]
    Json {
        /// Metadata key of the text.
        file: String,
        /// The parser's error, with line and column. The message has it, so it is no source beside.
        cause: serde_json::Error,
    },
}

// By hand, as `#[from]` would make it a source too, and it is in the message already.
impl From<safetensors::SafeTensorError> for Error {
    fn from(error: safetensors::SafeTensorError) -> Self {
        Self::Safetensors(error)
    }
}

/// Who can put an [`Error`] right. The list is complete: a caller that handles all four handles every error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Whoever gave the texts, tokens or vectors of the call.
    Input,
    /// Whoever set the options of the call.
    Option,
    /// Whoever made or chose the model file: it is damaged, of another format, or does not fit its own configuration.
    Model,
    /// Whoever runs the program: it gave memory that cannot be used, or too little of it.
    Engine,
}

impl Error {
    /// Who can put this error right.
    ///
    /// ```
    /// use minilm::{Embedder, ErrorKind};
    ///
    /// let error = Embedder::from_bytes(Vec::new()).expect_err("no bytes are no model");
    /// assert_eq!(error.kind(), ErrorKind::Model);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooManyTokens { .. }
            | Self::Tokens { .. }
            | Self::TokenId { .. }
            | Self::UnknownToken { .. }
            | Self::Rows { .. } => ErrorKind::Input,
            Self::Option { .. } => ErrorKind::Option,
            Self::Truncated { .. }
            | Self::HeaderTooLarge { .. }
            | Self::Safetensors(_)
            | Self::NotPacked(_)
            | Self::FormatVersion { .. }
            | Self::Checksum { .. }
            | Self::MissingTensor(_)
            | Self::TensorShape { .. }
            | Self::TensorDtype { .. }
            | Self::Config { .. }
            | Self::NotFinite { .. }
            | Self::Json { .. } => ErrorKind::Model,
            Self::Misaligned { .. } | Self::OutOfMemory { .. } => ErrorKind::Engine,
        }
    }

    /// The same error about a text that stands `first` places further back: for callers that split their texts into several
    /// calls and want the position in the whole.
    #[must_use]
    pub fn with_first_index(mut self, first: usize) -> Self {
        if let Self::TooManyTokens { index, .. }
        | Self::Tokens { index, .. }
        | Self::TokenId { index, .. }
        | Self::UnknownToken { index, .. }
        | Self::NotFinite { index } = &mut self
        {
            *index = index.saturating_add(first);
        }
        self
    }

    pub(crate) fn config(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { field: field.into(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_move_with_the_call() {
        let error = Error::TooManyTokens { index: 1, n_tokens: 400, limit: 256 }.with_first_index(2);
        assert!(error.to_string().starts_with("text 3 has 400 tokens"), "{error}");
        assert!(matches!(Error::NotFinite { index: 2 }.with_first_index(3), Error::NotFinite { index: 5 }));
        let error = Error::NotFinite { index: 1 }.with_first_index(usize::MAX);
        assert!(matches!(error, Error::NotFinite { index: usize::MAX }));
        let error = Error::MissingTensor("norm.bias".to_owned()).with_first_index(2);
        assert!(matches!(error, Error::MissingTensor(name) if name == "norm.bias"));
    }
}
