//! `minilm:embed`: sentence embeddings as a component for other components, whatever they are written in.
//!
//! This crate only translates between the types of `wit/minilm.wit` and those of the [`minilm`] crate. It is no Rust library:
//! `cargo xtask build component` makes the component.

mod bindings;
mod error;
mod info;
mod model;
mod options;

use bindings::exports::minilm::embed::embedder::{Embeddings, EncodeOptions, Error, Guest, ModelInfo};

/// The exports of the component.
struct Component;

/// Most values of a result, 64 MiB: an allocation that fails would take the whole composition down, an error does not.
const MAX_VALUES: u64 = 1 << 24;

impl Guest for Component {
    fn encode(texts: Vec<String>, options: Option<EncodeOptions>) -> Result<Embeddings, Error> {
        let embedder = model::get()?;
        check_size(texts.len(), embedder.dim())?;
        let options = options.map(Into::into).unwrap_or_default();
        let embeddings = embedder.encode(&texts, &options)?;
        Ok(Embeddings {
            data: embeddings.data,
            dim: to_u32(embeddings.dim),
            n_tokens: embeddings.n_tokens.into_iter().map(to_u32).collect(),
            truncated: embeddings.truncated,
        })
    }

    fn similarity(a: Vec<f32>, b: Vec<f32>, dim: u32) -> Result<Vec<f32>, Error> {
        let embedder = model::get()?;
        let dim = dim as usize;
        // A width of 0 is for the core to refuse.
        check_size(a.len() / dim.max(1), b.len() / dim.max(1))?;
        Ok(minilm::similarity(&a, &b, dim, embedder.config().similarity)?)
    }

    fn info() -> Result<ModelInfo, Error> {
        Ok(model::get()?.info().into())
    }
}

/// Whether a result `[rows, columns]` may be made.
fn check_size(rows: usize, columns: usize) -> Result<(), Error> {
    let values = rows as u64 * columns as u64;
    if values > MAX_VALUES { Err(error::too_large(values, MAX_VALUES)) } else { Ok(()) }
}

/// A size as the interface carries it. Memory has 32-bit addresses where this crate runs, so nothing is lost.
fn to_u32(size: usize) -> u32 {
    size as u32
}
