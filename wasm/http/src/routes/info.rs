//! `GET /info`: the model and the limits. `GET /`: what to try first.

use minilm::Pooling;
use minilm_serving::{Problem, Response};
use serde::Serialize;

use super::Request;

/// The fields of text-embeddings-inference, then ours.
#[derive(Serialize)]
struct Info<'a> {
    model_id: &'a str,
    model_sha: &'a str,
    model_dtype: String,
    served_model_name: &'a str,
    model_type: ModelType,
    max_concurrent_requests: usize,
    max_input_length: usize,
    max_batch_tokens: usize,
    max_batch_requests: Option<usize>,
    max_client_batch_size: usize,
    auto_truncate: bool,
    tokenization_workers: usize,
    version: &'static str,
    sha: Option<&'static str>,
    docker_label: Option<&'static str>,
    payload_limit: usize,
    max_text_bytes: usize,
    embedding_dimension: usize,
    backend: &'static str,
}

#[derive(Serialize)]
struct ModelType {
    embedding: EmbeddingModel,
}

#[derive(Serialize)]
struct EmbeddingModel {
    pooling: Pooling,
}

pub fn info(request: &Request<'_>) -> Result<Response, Problem> {
    let state = &request.app.state;
    let (settings, model) = (&state.settings, state.embedder.info());
    Ok(Response::json(&Info {
        model_id: &model.name,
        model_sha: &model.model_sha256,
        model_dtype: model.precision.to_string(),
        served_model_name: state.model_name(),
        model_type: ModelType { embedding: EmbeddingModel { pooling: model.pooling } },
        max_concurrent_requests: settings.max_concurrent_requests,
        max_input_length: model.max_seq_length,
        max_batch_tokens: settings.max_batch_tokens,
        max_batch_requests: None,
        max_client_batch_size: settings.max_client_batch_size,
        auto_truncate: settings.auto_truncate,
        tokenization_workers: 1,
        version: env!("CARGO_PKG_VERSION"),
        sha: None,
        docker_label: None,
        payload_limit: settings.payload_limit,
        max_text_bytes: settings.max_text_bytes,
        embedding_dimension: model.dim,
        backend: model.backend,
    }))
}

pub fn welcome(request: &Request<'_>) -> Result<Response, Problem> {
    let host = request.host.as_deref().unwrap_or("127.0.0.1:5001");
    let name = request.app.state.model_name();
    let text = format!(
        "MiniLM embeddings, model {name}. Routes: http://{host}/openapi.json\n\n\
         curl http://{host}/embed --json '{{\"inputs\": \"What is a neuron?\"}}'\n\
         curl http://{host}/v1/embeddings --json '{{\"input\": [\"one text\", \"another\"]}}'\n\
         curl http://{host}/similarity --json '{{\"inputs\": {{\"source_sentence\": \"A cat sleeps.\", \
         \"sentences\": [\"A kitten naps.\", \"Stocks fell.\"]}}}}'\n"
    );
    Ok(Response::new("text/plain; charset=utf-8", text))
}
