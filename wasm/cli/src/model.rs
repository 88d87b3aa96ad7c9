//! Where the model comes from: a file, or the program itself.

use std::path::Path;

use anyhow::{Context, Result};
use minilm::Embedder;
use minilm_model_source::load_baked;

use crate::files;

/// The model in `path`, else the one baked into this program.
pub fn load(path: Option<&Path>) -> Result<Embedder> {
    let Some(path) = path else {
        return load_baked().context("no model: pass --model FILE (or set MINILM_MODEL) with a packed model file");
    };
    let bytes = files::read(path).context("model")?;
    Embedder::from_bytes(bytes).with_context(|| format!("model {}", path.display()))
}

/// Where [`load`] finds the model, for people.
pub fn source(path: Option<&Path>) -> String {
    path.map_or_else(|| "built in".to_owned(), |path| path.display().to_string())
}
