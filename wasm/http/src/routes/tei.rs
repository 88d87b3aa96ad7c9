//! The protocol of text-embeddings-inference: `/embed`, `/similarity`, `/tokenize`.

use minilm::{EncodeOptions, Tokens, Truncation};
use minilm_serving::embed::EmbedTask;
use minilm_serving::json::Object;
use minilm_serving::{Input, Limit, Problem, Response, ServerState, Texts, Usage};
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
    let body: EmbedBody = request.app.state.parse(request.body)?;
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
    let SimilarityBody { inputs: Object(inputs), parameters } = request.app.state.parse(request.body)?;
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

#[derive(Serialize)]
struct Token {
    id: u32,
    text: String,
    special: bool,
    start: Option<usize>,
    stop: Option<usize>,
}

pub fn tokenize(request: &Request<'_>) -> Result<Response, Problem> {
    let body: TokenizeBody = request.app.state.parse(request.body)?;
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
    let mut characters = Characters::of(text);
    let token = |(index, (&id, bytes)): (usize, (&u32, &std::ops::Range<usize>))| {
        // The frame, and not a `[SEP]` that the text itself holds.
        let special = framed && (index == 0 || index == last);
        let place = (!special).then(|| [characters.before(bytes.start), characters.before(bytes.end)]);
        let written = match place {
            Some(_) => text[bytes.clone()].to_owned(),
            None => state.embedder.tokenizer().id_to_token(id).unwrap_or_default(),
        };
        Token { id, text: written, special, start: place.map(|at| at[0]), stop: place.map(|at| at[1]) }
    };
    let tokens = encoding.ids.iter().zip(&encoding.offsets).enumerate().map(token);
    tokens.filter(|token| add_special_tokens || !token.special).collect()
}

/// Counts characters up to a byte, from the byte that was asked for before: one character can be many tokens, which are asked for in turn.
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
            self.character -= self.text[byte..self.byte].chars().count();
        } else {
            self.character += self.text[self.byte..byte].chars().count();
        }
        self.byte = byte;
        self.character
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::Characters;

    #[test]
    fn characters_are_counted_in_either_direction() {
        let text = "a한é b";
        let mut characters = Characters::of(text);
        // The second character is three tokens, of which each has the place of the whole.
        let asked = [(0, 0), (1, 1), (4, 2), (1, 1), (4, 2), (1, 1), (4, 2), (6, 3), (8, 5), (0, 0), (8, 5)];
        assert_eq!(asked.map(|(byte, _)| characters.before(byte)), asked.map(|(_, character)| character));
    }
}
