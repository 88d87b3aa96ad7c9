//! Options of JavaScript as those of the core.

use minilm::{Pooling, Truncation};
use serde::Deserialize;
use wasm_bindgen::JsValue;

use crate::error::Fault;

/// Options of `encode` and `tokenize`. What is left out has its default.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    prompt: Option<String>,
    prompt_name: Option<String>,
    normalize: bool,
    truncate: Truncate,
    truncate_dim: Option<usize>,
    pooling: Option<Pooling>,
    max_seq_length: Option<usize>,
}

/// What happens to a text with too many tokens.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Truncate {
    #[default]
    Right,
    Left,
    Off,
}

/// The options of a call, from an object or `undefined`.
pub fn read(options: JsValue) -> Result<minilm::EncodeOptions, Fault> {
    let options: Option<Options> =
        serde_wasm_bindgen::from_value(options).map_err(|error| Fault::options(error.to_string()))?;
    Ok(options.unwrap_or_default().into())
}

impl From<Options> for minilm::EncodeOptions {
    fn from(options: Options) -> Self {
        Self {
            prompt: options.prompt,
            prompt_name: options.prompt_name,
            normalize_embeddings: options.normalize,
            truncation: match options.truncate {
                Truncate::Right => Truncation::Right,
                Truncate::Left => Truncation::Left,
                Truncate::Off => Truncation::Off,
            },
            truncate_dim: options.truncate_dim,
            pooling: options.pooling,
            max_seq_length: options.max_seq_length,
        }
    }
}
