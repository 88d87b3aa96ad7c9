//! From texts to embeddings, within the limits: what all protocols share.

use std::time::Instant;

use http::StatusCode;
use minilm::{EncodeOptions, Tokens};

use crate::input::Input;
use crate::problem::{Limit, Problem};
use crate::response::Usage;
use crate::state::ServerState;

/// What to embed, and how.
#[derive(Debug)]
pub struct EmbedTask {
    /// Name of the input in the request, for error messages.
    pub param: &'static str,
    /// The texts, or their token ids.
    pub input: Input,
    /// Options of the core.
    pub options: EncodeOptions,
}

/// The embeddings of a task.
#[derive(Debug)]
pub struct Vectors {
    /// Row-major, shape `[texts, dim]`.
    pub data: Vec<f32>,
    /// Number of dimensions.
    pub dim: usize,
    /// What the model did.
    pub usage: Usage,
}

impl ServerState {
    /// The embeddings that a request asks for.
    ///
    /// # Errors
    /// 400 for an empty input, 413 and 422 for one over a limit, 422 for an option out of range.
    pub fn embed(&self, task: EmbedTask) -> Result<Vectors, Problem> {
        let EmbedTask { param, input, options } = task;
        self.check_size(param, &input)?;
        let encodings = match input {
            Input::Texts(texts) => self.embedder.tokenize(&texts, &options)?,
            Input::Ids(ids) => ids.into_iter().map(|ids| self.encoding(param, ids)).collect::<Result<_, _>>()?,
        };
        self.check_tokens(param, encodings.iter().map(Tokens::len).sum())?;
        self.encode(&encodings, &options)
    }

    /// The embeddings of `texts`, truncated at the model's limit. No limit of a request is checked.
    ///
    /// # Errors
    /// 500 where the weights of the model are damaged.
    pub fn embed_unchecked(&self, texts: &[&str]) -> Result<Vectors, Problem> {
        let options = EncodeOptions::default();
        self.encode(&self.embedder.tokenize(texts, &options)?, &options)
    }

    fn encode(&self, encodings: &[Tokens], options: &EncodeOptions) -> Result<Vectors, Problem> {
        let start = Instant::now();
        let embeddings = self.embedder.encode_tokens(encodings, options)?;
        let usage = Usage {
            texts: embeddings.len(),
            tokens: embeddings.n_tokens.iter().sum(),
            truncated: embeddings.truncated.iter().filter(|&&truncated| truncated).count(),
            inference: start.elapsed(),
        };
        Ok(Vectors { data: embeddings.data, dim: embeddings.dim, usage })
    }

    /// 400 for an empty batch, 422 for too many texts, 413 for a text that is too large.
    ///
    /// # Errors
    /// As said.
    pub fn check_size(&self, param: &'static str, input: &Input) -> Result<(), Problem> {
        if input.is_empty() {
            return Err(Problem::empty(param));
        }
        let limit =
            Limit { name: "MAX_CLIENT_BATCH_SIZE", value: self.settings.max_client_batch_size, actual: input.len() };
        limit
            .check(StatusCode::UNPROCESSABLE_ENTITY, || format!("`{param}` has a batch size of"))
            .map_err(|problem| problem.with_param(param))?;
        let Input::Texts(texts) = input else { return Ok(()) };
        texts.iter().enumerate().try_for_each(|(index, text)| {
            self.check_text(text, || format!("text {index} of `{param}`")).map_err(|problem| problem.with_param(param))
        })
    }

    /// 413 for a text over `MAX_TEXT_BYTES`; `name` is how the message calls it.
    ///
    /// # Errors
    /// As said.
    pub fn check_text(&self, text: &str, name: impl FnOnce() -> String) -> Result<(), Problem> {
        let limit = Limit { name: "MAX_TEXT_BYTES", value: self.settings.max_text_bytes, actual: text.len() };
        limit.check(StatusCode::PAYLOAD_TOO_LARGE, || format!("{} has a size in bytes of", name()))
    }

    /// 422 for more tokens than `MAX_BATCH_TOKENS`.
    ///
    /// # Errors
    /// As said.
    pub fn check_tokens(&self, param: &'static str, tokens: usize) -> Result<(), Problem> {
        let limit = Limit { name: "MAX_BATCH_TOKENS", value: self.settings.max_batch_tokens, actual: tokens };
        limit
            .check(StatusCode::UNPROCESSABLE_ENTITY, || format!("`{param}` has a number of tokens of"))
            .map_err(|problem| problem.with_param(param))
    }

    /// Token ids of a caller, read as they are and never truncated.
    fn encoding(&self, param: &'static str, ids: Vec<u32>) -> Result<Tokens, Problem> {
        if ids.is_empty() {
            return Err(Problem::empty(param));
        }
        let limit = Limit { name: "max_input_length", value: self.embedder.config().max_seq_length, actual: ids.len() };
        limit
            .check(StatusCode::UNPROCESSABLE_ENTITY, || {
                format!("token ids of `{param}` are never truncated: their number is")
            })
            .map_err(|problem| problem.with_param(param))?;
        Ok(Tokens { type_ids: vec![0; ids.len()], offsets: vec![0..0; ids.len()], truncated: false, ids })
    }
}
