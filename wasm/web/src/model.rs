//! A loaded model: texts in, vectors out.

use js_sys::{Float32Array, Uint32Array};
use minilm::{Embedder, Tokens};
use serde::Serialize;
use serde_wasm_bindgen::{Serializer, preserve};
use wasm_bindgen::prelude::*;

use crate::error::Fault;
use crate::{info, options, quantize};

/// Most values of a result, 64 MiB: an allocation that fails would end the instance, an error does not.
const MAX_VALUES: u64 = 1 << 24;

/// A model ready to encode. Whatever a method throws is an object with a `code` and a `message`.
#[wasm_bindgen]
pub struct Model(pub(crate) Embedder);

/// Vectors of a call.
#[derive(Serialize)]
struct Encoded {
    /// The values, row after row.
    #[serde(serialize_with = "preserve::serialize")]
    data: Float32Array,
    /// Values in a row.
    dim: usize,
    /// Tokens that the model read of each text.
    #[serde(serialize_with = "preserve::serialize")]
    tokens: Uint32Array,
    /// Whether each text was cut at the limit.
    truncated: Vec<bool>,
}

/// The tokens of a text.
#[derive(Serialize)]
struct TokenList {
    #[serde(serialize_with = "preserve::serialize")]
    ids: Uint32Array,
    tokens: Vec<String>,
    truncated: bool,
}

#[wasm_bindgen]
impl Model {
    /// Vectors of `texts`, in their order: `{ data, dim, tokens, truncated }`. Errors count texts from `first` on.
    pub fn encode(&self, texts: Vec<String>, options: JsValue, first: usize) -> Result<JsValue, JsValue> {
        answer(|| {
            check_size(texts.len(), self.0.dim())?;
            let embeddings =
                self.0.encode(&texts, &options::read(options)?).map_err(|error| error.with_first_index(first))?;
            let tokens: Vec<u32> = embeddings.n_tokens.iter().map(|&tokens| to_u32(tokens)).collect();
            Ok(Encoded {
                data: Float32Array::from(&embeddings.data[..]),
                dim: embeddings.dim,
                tokens: Uint32Array::from(&tokens[..]),
                truncated: embeddings.truncated,
            })
        })
    }

    /// Vectors `data` `[rows, dim]` in the number format `precision`: `{ data, dim }`. `ranges` are `undefined`, or the smallest and
    /// largest values of each dimension: `{ min, max }`.
    pub fn quantize(&self, data: &[f32], dim: usize, precision: &str, ranges: JsValue) -> Result<JsValue, JsValue> {
        answer(|| quantize::quantize(data, dim, precision, ranges))
    }

    /// Similarity of every row of `a` `[n, dim]` to every row of `b` `[m, dim]` by the model's own measure: a `Float32Array` `[n, m]`.
    pub fn similarity(&self, a: &[f32], b: &[f32], dim: usize) -> Result<Float32Array, JsValue> {
        let similarity = || {
            // A width of 0 is for the core to refuse.
            check_size(a.len() / dim.max(1), b.len() / dim.max(1))?;
            Ok(minilm::similarity(a, b, dim, self.0.config().similarity)?)
        };
        similarity().map(|scores| Float32Array::from(&scores[..])).map_err(Fault::into_js)
    }

    /// The `top_k` rows of `corpus` `[m, dim]` closest to each row of `queries` `[n, dim]`, best first: an array of `{ index, score }`
    /// for each query.
    pub fn search(&self, queries: &[f32], corpus: &[f32], dim: usize, top_k: usize) -> Result<JsValue, JsValue> {
        answer(|| {
            let rows = |values: &[f32]| values.len() / dim.max(1);
            check_size(rows(queries), top_k.min(rows(corpus)))?;
            Ok(minilm::semantic_search(queries, corpus, dim, top_k, self.0.config().similarity)?)
        })
    }

    /// The tokens that [`Model::encode`] would read: `{ ids, tokens, truncated }` for each text.
    pub fn tokenize(&self, texts: Vec<String>, options: JsValue) -> Result<JsValue, JsValue> {
        answer(|| {
            let texts = self.0.tokenize(&texts, &options::read(options)?)?;
            Ok(texts.iter().map(|tokens| self.list(tokens)).collect::<Vec<TokenList>>())
        })
    }

    /// What is known about the model.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        info::to_js(&self.0.info())
    }
}

impl Model {
    fn list(&self, tokens: &Tokens) -> TokenList {
        let token = |&id: &u32| self.0.tokenizer().id_to_token(id).unwrap_or_default();
        TokenList {
            ids: Uint32Array::from(&tokens.ids[..]),
            tokens: tokens.ids.iter().map(token).collect(),
            truncated: tokens.truncated,
        }
    }
}

/// What `compute` gives, as a value of JavaScript: structs and maps as plain objects, `None` as `null`.
fn answer<T: Serialize>(compute: impl FnOnce() -> Result<T, Fault>) -> Result<JsValue, JsValue> {
    let value = compute().map_err(Fault::into_js)?;
    Ok(value.serialize(&Serializer::json_compatible())?)
}

/// Whether a result `[rows, columns]` may be made.
fn check_size(rows: usize, columns: usize) -> Result<(), Fault> {
    let values = rows as u64 * columns as u64;
    if values > MAX_VALUES { Err(Fault::too_large(values, MAX_VALUES)) } else { Ok(()) }
}

/// A size as a typed array carries it. Memory has 32-bit addresses where this crate runs, so nothing is lost.
fn to_u32(size: usize) -> u32 {
    size as u32
}
