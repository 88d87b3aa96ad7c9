//! Every way in which a model directory can be refused.

/// What is wrong with a model directory, by file, field and tensor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that every model directory has is not there.
    #[error("the model directory has no `{0}`")]
    MissingFile(String),
    /// A JSON file of the model directory cannot be read.
    #[error("{file}: {cause}")]
    Json {
        /// Name of the file inside the model directory.
        file: String,
        /// The parser's error, with line and column. The message has it, so it is no source beside.
        cause: serde_json::Error,
    },
    /// `tokenizer.json` describes a pipeline that cannot be reproduced exactly.
    #[error("tokenizer.json: {0}")]
    UnsupportedTokenizer(String),
    /// There are no weights in a form that is read.
    #[error(
        "the model directory has no weights: `model.safetensors`, `pytorch_model.bin`, the shards of either, or `model.onnx` \
         is needed{found}"
    )]
    NoWeights {
        /// What there is instead, as a part of the message.
        found: String,
    },
    /// A file of weights that cannot be read.
    #[error("{file}: {reason}")]
    WeightsFile {
        /// Name of the file inside the model directory.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// Two different tensors have the same name in an encoder, as where a file holds two encoders.
    #[error("there are two different tensors `{0}`: weights of one encoder are needed")]
    TwoTensors(String),
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
