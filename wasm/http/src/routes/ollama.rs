//! The protocol of Ollama: `/api/embed`.

use std::time::Instant;

use minilm::EncodeOptions;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Call;
use crate::encode::{Task, TruncationDirection, truncation};
use crate::input::{Input, Texts};
use crate::{Answer, Problem, json, negotiation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedRequest {
    model: String,
    input: Texts,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    dimensions: Option<usize>,
    /// Settings of language models.
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
    /// The model is always there.
    #[serde(default, rename = "keep_alive")]
    _keep_alive: Option<IgnoredAny>,
}

/// Durations are in nanoseconds.
#[derive(Serialize)]
struct EmbedAnswer<'a> {
    model: &'a str,
    embeddings: Vec<&'a [f32]>,
    total_duration: u64,
    load_duration: u64,
    prompt_eval_count: usize,
}

pub fn embed(call: &Call<'_>) -> Result<Answer, Problem> {
    let start = Instant::now();
    let request: EmbedRequest = json::parse(call.body)?;
    call.service.check_model(&request.model)?;
    let options = EncodeOptions {
        normalize_embeddings: true,
        truncate_dim: request.dimensions,
        truncation: truncation(request.truncate.unwrap_or(true), TruncationDirection::Right),
        ..EncodeOptions::default()
    };
    let vectors = call.service.encode(Task { param: "input", input: Input::Texts(request.input.0), options })?;
    Ok(negotiation::vectors(call.headers, &vectors, |vectors| {
        Answer::json(&EmbedAnswer {
            model: &request.model,
            embeddings: vectors.data.chunks_exact(vectors.dim).collect(),
            total_duration: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            load_duration: 0,
            prompt_eval_count: vectors.work.tokens,
        })
    }))
}
