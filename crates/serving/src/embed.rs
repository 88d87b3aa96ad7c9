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
        let encodings = self.encodings(&task, budget).await?;
        self.encode(task.param, &encodings, &task.options, budget).await
    }

    /// Hands `sink` the position of each text and the vectors of its tokens `[n_tokens, hidden_size]`, in an order of its own. Of the
    /// options, those about whole texts do nothing. `bytes_per_value` are the fewest bytes that a value takes in the answer.
    ///
    /// # Errors
    /// Those of [`ServerState::embed`], 422 for an answer that is too large for certain, and those of `sink`.
    pub async fn embed_tokens(
        &self,
        task: EmbedTask,
        bytes_per_value: usize,
        budget: &Budget,
        mut sink: impl FnMut(usize, &[f32]) -> Result<(), Problem>,
    ) -> Result<Usage, Problem> {
        let encodings = self.encodings(&task, budget).await?;
        let tokens: usize = encodings.iter().map(Tokens::len).sum();
        let width = self.embedder.config().encoder.hidden_size;
        budget.check_response(tokens.saturating_mul(width).saturating_mul(bytes_per_value))?;
        let start = Instant::now();
        let mut run = self.embedder.token_embeddings_in_batches(&encodings)?;
        while let Some(batch) = run.step()? {
            batch.iter().try_for_each(|text| sink(text.index, &text.data))?;
            let left = run.texts_left();
            if left > 0 {
                budget.pause(|| progress(encodings.len() - left, encodings.len(), task.param)).await?;
            }
        }
        Ok(usage(&encodings, start))
    }

    /// The tokens of a task, within the limits of a request.
    async fn encodings(&self, task: &EmbedTask, budget: &Budget) -> Result<Vec<Tokens>, Problem> {
        let EmbedTask { param, input, options } = task;
        self.check_size(param, input)?;
        match input {
            Input::Texts(texts) => self.tokenize(param, texts, options, self.settings.max_batch_tokens, budget).await,
            Input::Ids(ids) => {
                let encodings: Vec<_> = ids.iter().map(|ids| self.encoding(param, ids)).collect::<Result<_, _>>()?;
                self.check_tokens(param, encodings.iter().map(Tokens::len).sum())?;
                Ok(encodings)
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
                budget.pause(|| progress(encodings.len() - left, encodings.len(), param)).await?;
            }
        }
        let embeddings = run.finish();
        Ok(Vectors { data: embeddings.data, dim: embeddings.dim, usage: usage(encodings, start) })
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
    fn encoding(&self, param: &'static str, ids: &[u32]) -> Result<Tokens, Problem> {
        if ids.is_empty() {
            return Err(Problem::empty(param));
        }
        let limit = Limit { name: "max_input_length", value: self.embedder.config().max_seq_length, actual: ids.len() };
        limit
            .check(StatusCode::UNPROCESSABLE_ENTITY, || {
                format!("token ids of `{param}` are never truncated: their number is")
            })
            .map_err(|problem| problem.with_param(param))?;
        Ok(Tokens { type_ids: vec![0; ids.len()], offsets: vec![0..0; ids.len()], truncated: false, ids: ids.to_vec() })
    }
}

/// What a request has done, where it is stopped.
fn progress(done: usize, all: usize, param: &str) -> String {
    format!("embedding {done} of {all} texts of `{param}`")
}

/// What the model did since `start`.
fn usage(encodings: &[Tokens], start: Instant) -> Usage {
    Usage {
        texts: encodings.len(),
        tokens: encodings.iter().map(Tokens::len).sum(),
        truncated: encodings.iter().filter(|tokens| tokens.truncated).count(),
        inference: start.elapsed(),
    }
}

/// The error of one text, as that of the text at `index`.
fn at(index: usize, error: Error) -> Error {
    match error {
        Error::TooManyTokens { n_tokens, limit, .. } => Error::TooManyTokens { index, n_tokens, limit },
        other => other,
    }
}
