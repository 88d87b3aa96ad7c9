//! The protocol of text-embeddings-inference: `/embed`, `/embed_all`, `/similarity`, `/tokenize`, `/decode`.

use minilm::{EncodeOptions, Tokens, Truncation};
use minilm_serving::embed::EmbedTask;
use minilm_serving::json::Object;
use minilm_serving::{Input, Limit, Problem, Response, ServerState, Texts, TokenIds, Usage};
use serde::{Deserialize, Serialize};

use super::Request;
use crate::truncation::{TruncationDirection, truncation};
use crate::vectors::vectors_response;

#[derive(Deserialize)]
struct EmbedBody {
    inputs: Input,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: TruncationDirection,
    #[serde(default)]
    prompt_name: Option<String>,
    #[serde(default = "yes")]
    normalize: bool,
    #[serde(default)]
    dimensions: Option<usize>,
}

pub async fn embed(request: &Request<'_>) -> Result<Response, Problem> {
    let body: EmbedBody = request.app.state.parse(&request.take_body())?;
    let truncate = body.truncate.unwrap_or(request.app.state.settings.auto_truncate);
    let options = EncodeOptions {
        prompt_name: body.prompt_name,
        normalize_embeddings: body.normalize,
        truncate_dim: body.dimensions,
        truncation: truncation(truncate, body.truncation_direction),
        ..EncodeOptions::default()
    };
    let vectors =
        request.app.state.embed(EmbedTask { param: "inputs", input: body.inputs, options }, &request.budget).await?;
    let rows = |data: &[f32], dim| Response::json(&data.chunks_exact(dim).collect::<Vec<_>>());
    Ok(vectors_response(request.headers, &vectors, |vectors| rows(&vectors.data, vectors.dim)))
}

#[derive(Deserialize)]
struct EmbedAllBody {
    inputs: Input,
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: TruncationDirection,
    #[serde(default)]
    prompt_name: Option<String>,
}

/// A number takes three bytes in JSON, and what is between two numbers one.
const BYTES_PER_VALUE: usize = "0.0,".len();

/// The vectors of all tokens, special ones included.
pub async fn embed_all(request: &Request<'_>) -> Result<Response, Problem> {
    let body: EmbedAllBody = request.app.state.parse(&request.take_body())?;
    let state = &request.app.state;
    let truncate = body.truncate.unwrap_or(state.settings.auto_truncate);
    let options = EncodeOptions {
        prompt_name: body.prompt_name,
        truncation: truncation(truncate, body.truncation_direction),
        ..EncodeOptions::default()
    };
    let width = state.embedder.config().encoder.hidden_size;
    let mut texts = vec![Vec::new(); body.inputs.len()];
    let mut bytes = 0;
    let task = EmbedTask { param: "inputs", input: body.inputs, options };
    // As text they take thrice the memory of the floats, so each batch is written and counted when it is there.
    let write = |index: usize, vectors: &[f32]| {
        texts[index] = Response::json(&vectors.chunks_exact(width).collect::<Vec<_>>()).body;
        bytes += texts[index].len() + 1;
        request.budget.check_response(bytes)
    };
    let usage = state.embed_tokens(task, BYTES_PER_VALUE, &request.budget, write).await?;
    let mut answer = Vec::with_capacity(bytes + 1);
    for (index, text) in texts.into_iter().enumerate() {
        answer.push(if index == 0 { b'[' } else { b',' });
        answer.extend(text);
    }
    answer.push(b']');
    Ok(Response::new("application/json", answer).with_usage(usage))
}

#[derive(Deserialize)]
struct SimilarityBody {
    inputs: Object<SimilarityInputs>,
    #[serde(default)]
    parameters: Option<Object<SimilarityParameters>>,
}

#[derive(Deserialize)]
struct SimilarityInputs {
    source_sentence: String,
    sentences: Vec<String>,
}

#[derive(Default, Deserialize)]
struct SimilarityParameters {
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: TruncationDirection,
    #[serde(default)]
    prompt_name: Option<String>,
}

pub async fn similarity(request: &Request<'_>) -> Result<Response, Problem> {
    let SimilarityBody { inputs: Object(inputs), parameters } = request.app.state.parse(&request.take_body())?;
    let Object(parameters) = parameters.unwrap_or_default();
    if inputs.sentences.is_empty() {
        return Err(Problem::empty("sentences"));
    }
    let truncate = parameters.truncate.unwrap_or(request.app.state.settings.auto_truncate);
    let options = EncodeOptions {
        prompt_name: parameters.prompt_name,
        truncation: truncation(truncate, parameters.truncation_direction),
        ..EncodeOptions::default()
    };
    let mut texts = inputs.sentences;
    texts.insert(0, inputs.source_sentence);
    let vectors = request
        .app
        .state
        .embed(EmbedTask { param: "inputs", input: Input::Texts(texts), options }, &request.budget)
        .await?;
    let (source, sentences) = vectors.data.split_at(vectors.dim);
    let function = request.app.state.embedder.config().similarity;
    let scores = minilm::similarity(source, sentences, vectors.dim, function)?;
    Ok(Response::json(&scores).with_usage(vectors.usage))
}

#[derive(Deserialize)]
struct TokenizeBody {
    inputs: Texts,
    #[serde(default = "yes")]
    add_special_tokens: bool,
    #[serde(default)]
    prompt_name: Option<String>,
}

/// `start` and `stop` are bytes of the text with its prompt.
#[derive(Serialize)]
struct Token {
    id: u32,
    text: String,
    special: bool,
    start: Option<usize>,
    stop: Option<usize>,
}

pub fn tokenize(request: &Request<'_>) -> Result<Response, Problem> {
    let body: TokenizeBody = request.app.state.parse(&request.take_body())?;
    let state = &request.app.state;
    let input = Input::Texts(body.inputs.0);
    state.check_size("inputs", &input)?;
    let Input::Texts(mut texts) = input else { return Err(Problem::empty("inputs")) };
    let options = EncodeOptions { prompt_name: body.prompt_name, ..EncodeOptions::default() };
    let prompt = state.embedder.prompt(&options)?;
    texts.iter_mut().for_each(|text| text.insert_str(0, prompt));

    let mut usage = Usage { texts: texts.len(), ..Usage::default() };
    let mut response = Vec::with_capacity(texts.len());
    for text in &texts {
        let encoding = whole(state, text, usage.tokens)?;
        usage.tokens += encoding.len();
        response.push(tokens(state, text, &encoding, body.add_special_tokens));
    }
    Ok(Response::json(&response).with_usage(usage))
}

/// All tokens of a text, where they are no more than a request may have, `before` being those of the texts before it.
fn whole(state: &ServerState, text: &str, before: usize) -> Result<Tokens, Problem> {
    let most = state.settings.max_batch_tokens;
    let encoding = state.embedder.tokenizer().encode(text, usize::MAX, Truncation::Right);
    let encoding = encoding.map_err(|too_long| {
        let limit = Limit { name: "MAX_BATCH_TOKENS", value: most, actual: before + too_long.n_tokens };
        Problem::over(http::StatusCode::UNPROCESSABLE_ENTITY, "`inputs` has a number of tokens of", limit)
    })?;
    state.check_tokens("inputs", before + encoding.len())?;
    Ok(encoding)
}

fn tokens(state: &ServerState, text: &str, encoding: &Tokens, add_special_tokens: bool) -> Vec<Token> {
    let framed = state.embedder.tokenizer().frame_len() > 0;
    let last = encoding.len().saturating_sub(1);
    let token = |(index, (&id, bytes)): (usize, (&u32, &std::ops::Range<usize>))| {
        // The frame, and not a `[SEP]` that the text itself holds.
        let special = framed && (index == 0 || index == last);
        let covered = match special {
            true => state.embedder.tokenizer().id_to_token(id).unwrap_or_default(),
            false => text[bytes.clone()].to_owned(),
        };
        let place = (!special).then_some(bytes);
        Token { id, text: covered, special, start: place.map(|at| at.start), stop: place.map(|at| at.end) }
    };
    let tokens = encoding.ids.iter().zip(&encoding.offsets).enumerate().map(token);
    tokens.filter(|token| add_special_tokens || !token.special).collect()
}

#[derive(Deserialize)]
struct DecodeBody {
    ids: TokenIds,
    #[serde(default = "yes")]
    skip_special_tokens: bool,
}

/// The texts of token ids.
pub fn decode(request: &Request<'_>) -> Result<Response, Problem> {
    let body: DecodeBody = request.app.state.parse(&request.take_body())?;
    let state = &request.app.state;
    let input = Input::Ids(body.ids.0);
    state.check_size("ids", &input)?;
    let Input::Ids(ids) = input else { return Err(Problem::empty("ids")) };
    state.check_tokens("ids", ids.iter().map(Vec::len).sum())?;
    let decode = |(index, ids): (usize, &Vec<u32>)| {
        let text = state.embedder.tokenizer().decode(ids, body.skip_special_tokens);
        text.map_err(|error| Problem::from(error.with_first_index(index)).with_param("ids"))
    };
    let texts: Vec<String> = ids.iter().enumerate().map(decode).collect::<Result<_, _>>()?;
    Ok(Response::json(&texts))
}

fn yes() -> bool {
    true
}
