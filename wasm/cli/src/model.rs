//! Where the model comes from: a file, or the program itself.

use std::path::Path;

use anyhow::{Context, Result};
use minilm::{Embedder, Error};
use minilm_model_source::load_baked;

use crate::files;

/// The model in `path`, else the one baked into this program.
///
/// A file stays in memory until the program ends, which is right after the command that asked for it: so it is leaked
/// rather than carried along beside everything that borrows it.
pub fn load(path: Option<&Path>) -> Result<Embedder<'static>> {
    let Some(path) = path else {
        return load_baked().context("no model: pass --model FILE (or set MINILM_MODEL) with a packed model file");
    };
    let bytes = files::read(path).context("model")?;
    Embedder::from_bytes(bytes.leak()).with_context(|| format!("model {}", path.display()))
}

/// Where [`load`] finds the model, for people.
pub fn source(path: Option<&Path>) -> String {
    path.map_or_else(|| "built in".to_owned(), |path| path.display().to_string())
}

/// `error` of a batch that starts with text `first`, as an error about the whole input.
pub fn in_whole_input(error: Error, first: usize) -> Error {
    match error {
        Error::TooManyTokens { index, n_tokens, limit } => {
            Error::TooManyTokens { index: first + index, n_tokens, limit }
        }
        Error::NotFinite { index } => Error::NotFinite { index: first + index },
        other => other,
    }
}
