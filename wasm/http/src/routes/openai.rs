//! The protocol of OpenAI: `/v1/embeddings` and `/v1/models`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minilm::EncodeOptions;
use serde::{Deserialize, Serialize};

use super::Call;
use crate::encode::{Task, TruncationDirection, Vectors, truncation};
use crate::input::Input;
use crate::{Answer, Problem, json, negotiation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbeddingsRequest {
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

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EncodingFormat {
    #[default]
    Float,
    /// Little-endian floats in base64.
    Base64,
}

#[derive(Serialize)]
struct EmbeddingsAnswer<'a> {
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

pub fn embeddings(call: &Call<'_>) -> Result<Answer, Problem> {
    let request: EmbeddingsRequest = json::parse(call.body)?;
    if let Some(model) = &request.model {
        call.service.check_model(model)?;
    }
    let options = EncodeOptions {
        normalize_embeddings: true,
        truncate_dim: request.dimensions,
        truncation: truncation(call.service.settings.auto_truncate, TruncationDirection::Right),
        ..EncodeOptions::default()
    };
    let vectors = call.service.encode(Task { param: "input", input: request.input, options })?;
    let format = request.encoding_format.unwrap_or_default();
    Ok(negotiation::vectors(call.headers, &vectors, |vectors| list(vectors, format, call.service.model_name())))
}

fn list(vectors: &Vectors, format: EncodingFormat, model: &str) -> Answer {
    let values = |row| match format {
        EncodingFormat::Float => Values::Float(row),
        EncodingFormat::Base64 => {
            Values::Base64(STANDARD.encode(row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
        }
    };
    let rows = vectors.data.chunks_exact(vectors.dim).enumerate();
    let tokens = vectors.work.tokens;
    Answer::json(&EmbeddingsAnswer {
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
    fn served(call: &Call<'a>) -> Self {
        Self { id: call.service.model_name(), object: "model", created: 0, owned_by: "minilm" }
    }
}

pub fn models(call: &Call<'_>) -> Result<Answer, Problem> {
    Ok(Answer::json(&Models { object: "list", data: [Model::served(call)] }))
}

pub fn model(call: &Call<'_>) -> Result<Answer, Problem> {
    call.service.check_model(&call.rest)?;
    Ok(Answer::json(&Model::served(call)))
}
