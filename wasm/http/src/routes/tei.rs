//! The protocol of text-embeddings-inference: `/embed`, `/similarity`, `/tokenize`.

use minilm::{EncodeOptions, Tokens, Truncation};
use serde::{Deserialize, Serialize};

use super::Call;
use crate::encode::{Task, TruncationDirection, truncation};
use crate::input::{Input, Texts};
use crate::{Answer, Limit, Problem, Service, Work, json, negotiation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedRequest {
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

pub fn embed(call: &Call<'_>) -> Result<Answer, Problem> {
    let request: EmbedRequest = json::parse(call.body)?;
    let truncate = request.truncate.unwrap_or(call.service.settings.auto_truncate);
    let options = EncodeOptions {
        prompt_name: request.prompt_name,
        normalize_embeddings: request.normalize,
        truncate_dim: request.dimensions,
        truncation: truncation(truncate, request.truncation_direction),
        ..EncodeOptions::default()
    };
    let vectors = call.service.encode(Task { param: "inputs", input: request.inputs, options })?;
    let rows = |data: &[f32], dim| Answer::json(&data.chunks_exact(dim).collect::<Vec<_>>());
    Ok(negotiation::vectors(call.headers, &vectors, |vectors| rows(&vectors.data, vectors.dim)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimilarityRequest {
    inputs: SimilarityInputs,
    #[serde(default)]
    parameters: Option<SimilarityParameters>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimilarityInputs {
    source_sentence: String,
    sentences: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SimilarityParameters {
    #[serde(default)]
    truncate: Option<bool>,
    #[serde(default)]
    truncation_direction: TruncationDirection,
    #[serde(default)]
    prompt_name: Option<String>,
}

pub fn similarity(call: &Call<'_>) -> Result<Answer, Problem> {
    let SimilarityRequest { inputs, parameters } = json::parse(call.body)?;
    let parameters = parameters.unwrap_or_default();
    if inputs.sentences.is_empty() {
        return Err(Problem::empty("sentences"));
    }
    let truncate = parameters.truncate.unwrap_or(call.service.settings.auto_truncate);
    let options = EncodeOptions {
        prompt_name: parameters.prompt_name,
        truncation: truncation(truncate, parameters.truncation_direction),
        ..EncodeOptions::default()
    };
    let mut texts = inputs.sentences;
    texts.insert(0, inputs.source_sentence);
    let vectors = call.service.encode(Task { param: "inputs", input: Input::Texts(texts), options })?;
    let (source, sentences) = vectors.data.split_at(vectors.dim);
    let function = call.service.embedder.config().similarity;
    let scores = minilm::similarity(source, sentences, vectors.dim, function)?;
    Ok(Answer::json(&scores).with_work(vectors.work))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenizeRequest {
    inputs: Texts,
    #[serde(default = "yes")]
    add_special_tokens: bool,
    #[serde(default)]
    prompt_name: Option<String>,
}

#[derive(Serialize)]
struct Token {
    id: u32,
    text: String,
    special: bool,
    start: Option<usize>,
    stop: Option<usize>,
}

pub fn tokenize(call: &Call<'_>) -> Result<Answer, Problem> {
    let request: TokenizeRequest = json::parse(call.body)?;
    let service = call.service;
    let input = Input::Texts(request.inputs.0);
    service.check_size("inputs", &input)?;
    let Input::Texts(mut texts) = input else { return Err(Problem::empty("inputs")) };
    let options = EncodeOptions { prompt_name: request.prompt_name, ..EncodeOptions::default() };
    let prompt = service.embedder.prompt(&options)?;
    texts.iter_mut().for_each(|text| text.insert_str(0, prompt));

    let mut work = Work { texts: texts.len(), ..Work::default() };
    let mut answer = Vec::with_capacity(texts.len());
    for text in &texts {
        let encoding = whole(service, text, work.tokens)?;
        work.tokens += encoding.len();
        answer.push(tokens(service, text, &encoding, request.add_special_tokens));
    }
    Ok(Answer::json(&answer).with_work(work))
}

/// All tokens of a text, where they are no more than a request may have, `before` being those of the texts before it.
fn whole(service: &Service, text: &str, before: usize) -> Result<Tokens, Problem> {
    let most = service.settings.max_batch_tokens;
    let encoding = service.embedder.tokenizer().encode(text, usize::MAX, Truncation::Right);
    let encoding = encoding.map_err(|too_long| {
        let limit = Limit { name: "MAX_BATCH_TOKENS", value: most, actual: before + too_long.n_tokens };
        Problem::over(http::StatusCode::UNPROCESSABLE_ENTITY, "`inputs` has a number of tokens of", limit)
    })?;
    service.check_tokens("inputs", before + encoding.len())?;
    Ok(encoding)
}

fn tokens(service: &Service, text: &str, encoding: &Tokens, add_special_tokens: bool) -> Vec<Token> {
    let last = encoding.len() - 1;
    let mut characters = Characters::of(text);
    let token = |(index, (&id, bytes)): (usize, (&u32, &std::ops::Range<usize>))| {
        // The frame, and not a `[SEP]` that the text itself holds.
        let special = index == 0 || index == last;
        let place = (!special).then(|| [characters.before(bytes.start), characters.before(bytes.end)]);
        let written = match place {
            Some(_) => text[bytes.clone()].to_owned(),
            None => service.embedder.tokenizer().id_to_token(id).unwrap_or_default(),
        };
        Token { id, text: written, special, start: place.map(|at| at[0]), stop: place.map(|at| at[1]) }
    };
    let tokens = encoding.ids.iter().zip(&encoding.offsets).enumerate().map(token);
    tokens.filter(|token| add_special_tokens || !token.special).collect()
}

/// Counts characters up to bytes that are asked for in ascending order.
struct Characters<'a> {
    text: &'a str,
    byte: usize,
    character: usize,
}

impl<'a> Characters<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, byte: 0, character: 0 }
    }

    /// Characters before `byte`.
    fn before(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.character) = (0, 0);
        }
        self.character += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.character
    }
}

fn yes() -> bool {
    true
}
