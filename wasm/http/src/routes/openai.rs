//! The protocol of OpenAI: `/v1/embeddings` and `/v1/models`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minilm::EncodeOptions;
use minilm_serving::embed::{EmbedTask, Vectors};
use minilm_serving::{Input, Problem, Response, json};
use serde::{Deserialize, Deserializer, Serialize};

use super::Request;
use crate::truncation::{TruncationDirection, truncation};
use crate::vectors::vectors_response;

#[derive(Deserialize)]
struct EmbeddingsBody {
    input: Input,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    encoding_format: Option<EncodingFormat>,
    #[serde(default)]
    dimensions: Option<usize>,
    /// An identifier of the caller's user, for their own statistics.
    #[serde(default, rename = "user")]
    _user: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum EncodingFormat {
    #[default]
    Float,
    /// Little-endian floats in base64.
    Base64,
}

impl<'de> Deserialize<'de> for EncodingFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::word(deserializer, &[("float", Self::Float), ("base64", Self::Base64)])
    }
}

#[derive(Serialize)]
struct EmbeddingsList<'a> {
    object: &'static str,
    data: Vec<Embedding<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Embedding<'a> {
    object: &'static str,
    index: usize,
    embedding: Values<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values<'a> {
    Float(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

pub async fn embeddings(request: &Request<'_>) -> Result<Response, Problem> {
    let body: EmbeddingsBody = request.app.state.parse(&request.take_body())?;
    if let Some(model) = &body.model {
        request.app.state.check_model(model)?;
    }
    let options = EncodeOptions {
        normalize_embeddings: true,
        truncate_dim: body.dimensions,
        truncation: truncation(request.app.state.settings.auto_truncate, TruncationDirection::Right),
        ..EncodeOptions::default()
    };
    let vectors =
        request.app.state.embed(EmbedTask { param: "input", input: body.input, options }, &request.budget).await?;
    let format = body.encoding_format.unwrap_or_default();
    Ok(vectors_response(request.headers, &vectors, |vectors| list(vectors, format, request.app.state.model_name())))
}

fn list(vectors: &Vectors, format: EncodingFormat, model: &str) -> Response {
    let values = |row| match format {
        EncodingFormat::Float => Values::Float(row),
        EncodingFormat::Base64 => {
            Values::Base64(STANDARD.encode(row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
        }
    };
    let rows = vectors.data.chunks_exact(vectors.dim).enumerate();
    let tokens = vectors.usage.tokens;
    Response::json(&EmbeddingsList {
        object: "list",
        data: rows.map(|(index, row)| Embedding { object: "embedding", index, embedding: values(row) }).collect(),
        model,
        usage: Usage { prompt_tokens: tokens, total_tokens: tokens },
    })
}

#[derive(Serialize)]
struct Models<'a> {
    object: &'static str,
    data: [Model<'a>; 1],
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    /// A packed model does not say when it was made.
    created: u64,
    owned_by: &'static str,
}

impl<'a> Model<'a> {
    fn served(request: &Request<'a>) -> Self {
        Self { id: request.app.state.model_name(), object: "model", created: 0, owned_by: "minilm" }
    }
}

pub fn models(request: &Request<'_>) -> Result<Response, Problem> {
    Ok(Response::json(&Models { object: "list", data: [Model::served(request)] }))
}

pub fn model(request: &Request<'_>) -> Result<Response, Problem> {
    request.app.state.check_model(&request.path_parameter)?;
    Ok(Response::json(&Model::served(request)))
}
