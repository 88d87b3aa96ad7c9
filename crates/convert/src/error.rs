//! Every way in which a model directory can be refused.

/// What is wrong with a model directory, by file, field and tensor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that every model directory has is not there.
    #[error("the model directory has no `{0}`")]
    MissingFile(String),
    /// A JSON file of the model directory cannot be read.
    #[error("{file}: {source}")]
    Json {
        /// Name of the file inside the model directory.
        file: String,
        /// The parser's error, with line and column.
        source: serde_json::Error,
    },
    /// `tokenizer.json` describes a pipeline that cannot be reproduced exactly.
    #[error("tokenizer.json: {0}")]
    UnsupportedTokenizer(String),
    /// There are no weights in a form that is read.
    #[error("the model directory has no weights: `model.safetensors`, its shards, or `model.onnx` is needed{found}")]
    NoWeights {
        /// What there is instead, as a part of the message.
        found: String,
    },
    /// An ONNX file that cannot be read.
    #[error("{file}: {reason}")]
    Onnx {
        /// Name of the file inside the model directory.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A tensor holds a NaN or an infinity.
    #[error("tensor `{0}` holds a value that is not finite")]
    TensorNotFinite(String),
    /// What the packed format itself refuses: a configuration that is out of range, or weights that do not fit it.
    #[error(transparent)]
    Model(#[from] minilm::Error),
}

impl Error {
    /// A setting that cannot be honoured.
    pub(crate) fn config(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Model(minilm::Error::Config { field: field.into(), reason: reason.into() })
    }
}
