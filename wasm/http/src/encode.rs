//! From the input of a request to vectors, within the limits: what all protocols share.

use std::time::Instant;

use http::StatusCode;
use minilm::{EncodeOptions, Tokens, Truncation};
use serde::Deserialize;

use crate::input::Input;
use crate::{Limit, Problem, Service, Work};

/// What to embed, and how.
#[derive(Debug)]
pub struct Task {
    /// Name of the input in the request.
    pub param: &'static str,
    /// The input.
    pub input: Input,
    /// As in the core.
    pub options: EncodeOptions,
}

/// Vectors of a task.
#[derive(Debug)]
pub struct Vectors {
    /// `[texts, dim]`.
    pub data: Vec<f32>,
    /// Dimensions.
    pub dim: usize,
    /// What it took.
    pub work: Work,
}

/// Which end of a text is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TruncationDirection {
    /// The first tokens.
    #[serde(rename = "left", alias = "Left")]
    Left,
    /// The last tokens.
    #[default]
    #[serde(rename = "right", alias = "Right")]
    Right,
}

/// What happens to texts that are too long.
pub fn truncation(truncate: bool, direction: TruncationDirection) -> Truncation {
    match (truncate, direction) {
        (false, _) => Truncation::Off,
        (true, TruncationDirection::Left) => Truncation::Left,
        (true, TruncationDirection::Right) => Truncation::Right,
    }
}

impl Service {
    /// The vectors that a request asks for.
    ///
    /// # Errors
    /// What the request has too much of, or what is wrong with an option.
    pub fn encode(&self, task: Task) -> Result<Vectors, Problem> {
        let Task { param, input, options } = task;
        self.check_size(param, &input)?;
        let encodings = match input {
            Input::Texts(texts) => self.embedder.tokenize(&texts, &options)?,
            Input::Ids(ids) => ids.into_iter().map(|ids| self.encoding(param, ids)).collect::<Result<_, _>>()?,
        };
        let tokens = encodings.iter().map(Tokens::len).sum();
        self.check_tokens(param, tokens)?;
        let start = Instant::now();
        let embeddings = self.embedder.encode_tokens(&encodings, &options)?;
        let work = Work {
            texts: embeddings.len(),
            tokens,
            truncated: embeddings.truncated.iter().filter(|&&truncated| truncated).count(),
            inference: start.elapsed(),
        };
        Ok(Vectors { data: embeddings.data, dim: embeddings.dim, work })
    }

    /// Refuses an empty batch, too many texts, and texts that are too large.
    pub fn check_size(&self, param: &'static str, input: &Input) -> Result<(), Problem> {
        if input.len() == 0 {
            return Err(Problem::empty(param));
        }
        let most = self.settings.max_client_batch_size;
        if input.len() > most {
            let limit = Limit { name: "MAX_CLIENT_BATCH_SIZE", value: most, actual: input.len() };
            let what = format!("`{param}` has a batch size of");
            return Err(Problem::over(StatusCode::UNPROCESSABLE_ENTITY, &what, limit).with_param(param));
        }
        let Input::Texts(texts) = input else { return Ok(()) };
        let most = self.settings.max_text_bytes;
        match texts.iter().position(|text| text.len() > most) {
            Some(index) => {
                let limit = Limit { name: "MAX_TEXT_BYTES", value: most, actual: texts[index].len() };
                let what = format!("text {index} of `{param}` has a size in bytes of");
                Err(Problem::over(StatusCode::PAYLOAD_TOO_LARGE, &what, limit).with_param(param))
            }
            None => Ok(()),
        }
    }

    /// Refuses more tokens than a request may have.
    pub fn check_tokens(&self, param: &'static str, tokens: usize) -> Result<(), Problem> {
        let most = self.settings.max_batch_tokens;
        if tokens <= most {
            return Ok(());
        }
        let limit = Limit { name: "MAX_BATCH_TOKENS", value: most, actual: tokens };
        let what = format!("`{param}` has a number of tokens of");
        Err(Problem::over(StatusCode::UNPROCESSABLE_ENTITY, &what, limit).with_param(param))
    }

    /// Token ids of a caller, read as they are.
    fn encoding(&self, param: &'static str, ids: Vec<u32>) -> Result<Tokens, Problem> {
        let most = self.embedder.config().max_seq_length;
        if ids.is_empty() {
            return Err(Problem::empty(param));
        }
        if ids.len() > most {
            let limit = Limit { name: "max_input_length", value: most, actual: ids.len() };
            let what = format!("token ids of `{param}` are never cut: their number is");
            return Err(Problem::over(StatusCode::UNPROCESSABLE_ENTITY, &what, limit).with_param(param));
        }
        Ok(Tokens { type_ids: vec![0; ids.len()], offsets: vec![0..0; ids.len()], truncated: false, ids })
    }
}
