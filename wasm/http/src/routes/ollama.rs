//! The protocol of Ollama: embeddings, and what its clients ask for before they embed.

use std::time::Instant;

use minilm::{EncodeOptions, ModelInfo};
use minilm_serving::embed::EmbedTask;
use minilm_serving::{Input, Problem, Response, Texts};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Request;
use crate::truncation::{TruncationDirection, truncation};
use crate::vectors::vectors_response;

#[derive(Deserialize)]
struct EmbedBody {
    model: String,
    input: Texts,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    dimensions: Option<usize>,
    /// Settings of language models.
    #[serde(default, rename = "options")]
    _options: Option<Box<RawValue>>,
    /// The model is always there.
    #[serde(default, rename = "keep_alive")]
    _keep_alive: Option<Box<RawValue>>,
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

/// `POST /api/embed`.
pub async fn embed(request: &Request<'_>) -> Result<Response, Problem> {
    let start = Instant::now();
    let body: EmbedBody = request.app.state.parse(&request.take_body())?;
    request.app.state.check_model(&body.model)?;
    let options = EncodeOptions {
        normalize_embeddings: true,
        truncate_dim: body.dimensions,
        truncation: truncation(body.truncate.unwrap_or(true), TruncationDirection::Right),
        ..EncodeOptions::default()
    };
    let vectors = request
        .app
        .state
        .embed(EmbedTask { param: "input", input: Input::Texts(body.input.0), options }, &request.budget)
        .await?;
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

#[derive(Deserialize)]
struct EmbeddingsBody {
    model: String,
    prompt: String,
    #[serde(default, rename = "options")]
    _options: Option<Box<RawValue>>,
    #[serde(default, rename = "keep_alive")]
    _keep_alive: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct EmbeddingsResponse<'a> {
    embedding: &'a [f32],
}

/// `POST /api/embeddings`, which came before `/api/embed`: one text, and its vector as the model gives it.
pub async fn embeddings(request: &Request<'_>) -> Result<Response, Problem> {
    let body: EmbeddingsBody = request.app.state.parse(&request.take_body())?;
    request.app.state.check_model(&body.model)?;
    let options =
        EncodeOptions { truncation: truncation(true, TruncationDirection::Right), ..EncodeOptions::default() };
    let input = Input::Texts(vec![body.prompt]);
    let vectors = request.app.state.embed(EmbedTask { param: "prompt", input, options }, &request.budget).await?;
    Ok(vectors_response(request.headers, &vectors, |vectors| {
        Response::json(&EmbeddingsResponse { embedding: &vectors.data })
    }))
}

#[derive(Deserialize)]
struct ShowBody {
    #[serde(alias = "name")]
    model: String,
    /// Whether tensors are listed, of which there are none to list.
    #[serde(default, rename = "verbose")]
    _verbose: Option<Box<RawValue>>,
}

/// `POST /api/show`: the shape of the model.
pub fn show(request: &Request<'_>) -> Result<Response, Problem> {
    let body: ShowBody = request.app.state.parse(&request.take_body())?;
    request.app.state.check_model(&body.model)?;
    let model = request.app.state.embedder.info();
    Ok(Response::json(&json!({
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": details(&model),
        "model_info": {
            "general.architecture": FAMILY,
            "general.basename": model.name,
            "bert.block_count": model.num_hidden_layers,
            "bert.context_length": model.max_seq_length,
            "bert.embedding_length": model.dim,
        },
        "capabilities": ["embedding"],
        "modified_at": NEVER,
    })))
}

/// `GET /api/tags`: the one model that is served.
pub fn tags(request: &Request<'_>) -> Result<Response, Problem> {
    Ok(Response::json(&json!({ "models": [summary(request)] })))
}

/// `GET /api/ps`: the same, as it is always loaded.
pub fn ps(request: &Request<'_>) -> Result<Response, Problem> {
    let mut model = summary(request);
    model["expires_at"] = FOREVER.into();
    model["size_vram"] = 0.into();
    Ok(Response::json(&json!({ "models": [model] })))
}

/// `GET /api/version`.
pub fn version(_: &Request<'_>) -> Result<Response, Problem> {
    Ok(Response::json(&json!({ "version": env!("CARGO_PKG_VERSION") })))
}

/// The architecture, as Ollama calls it.
const FAMILY: &str = "bert";

/// A packed model does not say when it was made.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// A model that is part of an instance does not expire.
const FOREVER: &str = "9999-12-31T23:59:59Z";

fn summary(request: &Request<'_>) -> Value {
    // Names in such a list have a tag, and clients look for one with it.
    let name = match request.app.state.model_name() {
        name if name.contains(':') => name.to_owned(),
        name => format!("{name}:latest"),
    };
    let model = request.app.state.embedder.info();
    json!({
        "name": name,
        "model": name,
        "modified_at": NEVER,
        "size": model.file_bytes,
        "digest": model.model_sha256,
        "details": details(&model),
    })
}

fn details(model: &ModelInfo) -> Value {
    json!({
        "parent_model": "",
        "format": "minilm",
        "family": FAMILY,
        "families": [FAMILY],
        "parameter_size": "",
        "quantization_level": model.precision.to_string(),
    })
}
