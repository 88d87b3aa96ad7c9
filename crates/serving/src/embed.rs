//! From texts to embeddings, within the limits: what all protocols share.

use std::time::Instant;

use http::StatusCode;
use minilm::{EncodeOptions, Error, Tokens};

use crate::budget::Budget;
use crate::input::Input;
use crate::problem::{Limit, Problem};
use crate::response::Usage;
use crate::state::ServerState;

/// Bytes of text after which others get their turn: a few milliseconds of splitting into tokens.
const BYTES_PER_PAUSE: usize = 64 << 10;

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
    /// 400 for an empty input, 413 and 422 for one over a limit, 422 for an option out of range, 503 where it takes too long.
    pub async fn embed(&self, task: EmbedTask, budget: &Budget) -> Result<Vectors, Problem> {
        let EmbedTask { param, input, options } = task;
        self.check_size(param, &input)?;
        match input {
            Input::Texts(texts) => self.embed_texts(param, &texts, &options, budget).await,
            Input::Ids(ids) => {
                let encodings: Vec<_> =
                    ids.into_iter().map(|ids| self.encoding(param, ids)).collect::<Result<_, _>>()?;
                self.check_tokens(param, encodings.iter().map(Tokens::len).sum())?;
                self.encode(param, &encodings, &options, budget).await
            }
        }
    }

    /// The embeddings of `texts`, whose number and sizes were checked.
    ///
    /// # Errors
    /// 422 for more tokens than `MAX_BATCH_TOKENS`, before anything is computed, 422 for an option out of range, 503 where it takes too
    /// long.
    pub async fn embed_texts(
        &self,
        param: &'static str,
        texts: &[impl AsRef<str>],
        options: &EncodeOptions,
        budget: &Budget,
    ) -> Result<Vectors, Problem> {
        let encodings = self.tokenize(param, texts, options, self.settings.max_batch_tokens, budget).await?;
        self.encode(param, &encodings, options, budget).await
    }

    /// The embeddings of `texts`, truncated at the model's limit. No limit of a request but the time is checked.
    ///
    /// # Errors
    /// 500 where the weights of the model are damaged, 503 where it takes too long.
    pub async fn embed_unchecked(
        &self,
        param: &'static str,
        texts: &[impl AsRef<str>],
        budget: &Budget,
    ) -> Result<Vectors, Problem> {
        let options = EncodeOptions::default();
        let encodings = self.tokenize(param, texts, &options, usize::MAX, budget).await?;
        self.encode(param, &encodings, &options, budget).await
    }

    /// The tokens of `texts`, of which there may be `most`. Of more, only the number is kept.
    async fn tokenize(
        &self,
        param: &'static str,
        texts: &[impl AsRef<str>],
        options: &EncodeOptions,
        most: usize,
        budget: &Budget,
    ) -> Result<Vec<Tokens>, Problem> {
        let (mut encodings, mut total, mut bytes) = (Vec::new(), 0, 0);
        for (index, text) in texts.iter().enumerate() {
            let tokens = self.embedder.tokenize(&[text], options).map_err(|error| at(index, error))?;
            total += tokens.iter().map(Tokens::len).sum::<usize>();
            if total <= most {
                encodings.extend(tokens);
            }
            bytes += text.as_ref().len();
            if bytes >= BYTES_PER_PAUSE {
                bytes = 0;
                budget.pause(|| format!("splitting {} of {} texts of `{param}`", index + 1, texts.len())).await?;
            }
        }
        Self::check_tokens_of(param, total, most).map(|()| encodings)
    }

    async fn encode(
        &self,
        param: &'static str,
        encodings: &[Tokens],
        options: &EncodeOptions,
        budget: &Budget,
    ) -> Result<Vectors, Problem> {
        let start = Instant::now();
        let mut run = self.embedder.encode_in_batches(encodings, options)?;
        while run.step()? {
            // The work of the last batch is not thrown away.
            let left = run.texts_left();
            if left > 0 {
                let (done, all) = (encodings.len() - left, encodings.len());
                budget.pause(|| format!("embedding {done} of {all} texts of `{param}`")).await?;
            }
        }
        let embeddings = run.finish();
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
        Self::check_tokens_of(param, tokens, self.settings.max_batch_tokens)
    }

    fn check_tokens_of(param: &'static str, tokens: usize, most: usize) -> Result<(), Problem> {
        let limit = Limit { name: "MAX_BATCH_TOKENS", value: most, actual: tokens };
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

/// The error of one text, as that of the text at `index`.
fn at(index: usize, error: Error) -> Error {
    match error {
        Error::TooManyTokens { n_tokens, limit, .. } => Error::TooManyTokens { index, n_tokens, limit },
        other => other,
    }
}
