//! The protocol of Ollama: `/api/embed`.

use std::time::Instant;

use minilm::EncodeOptions;
use minilm_serving::embed::EmbedTask;
use minilm_serving::{Input, Problem, Response, Texts, json};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Request;
use crate::truncation::{TruncationDirection, truncation};
use crate::vectors::vectors_response;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedBody {
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
struct EmbedResponse<'a> {
    model: &'a str,
    embeddings: Vec<&'a [f32]>,
    total_duration: u64,
    load_duration: u64,
    prompt_eval_count: usize,
}

pub fn embed(request: &Request<'_>) -> Result<Response, Problem> {
    let start = Instant::now();
    let body: EmbedBody = json::parse(request.body)?;
    request.app.state.check_model(&body.model)?;
    let options = EncodeOptions {
        normalize_embeddings: true,
        truncate_dim: body.dimensions,
        truncation: truncation(body.truncate.unwrap_or(true), TruncationDirection::Right),
        ..EncodeOptions::default()
    };
    let vectors = request.app.state.embed(EmbedTask { param: "input", input: Input::Texts(body.input.0), options })?;
    Ok(vectors_response(request.headers, &vectors, |vectors| {
        Response::json(&EmbedResponse {
            model: &body.model,
            embeddings: vectors.data.chunks_exact(vectors.dim).collect(),
            total_duration: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
            load_duration: 0,
            prompt_eval_count: vectors.usage.tokens,
        })
    }))
}
