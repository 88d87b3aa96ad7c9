//! Where the model comes from: a file, or the program itself.

use std::path::Path;

use anyhow::{Context, Result};
use minilm::Embedder;

use crate::files;

/// The model in `path`, else the one built into this program.
pub fn load(path: Option<&Path>) -> Result<Embedder> {
    let Some(path) = path else { return baked() };
    let bytes = files::read(path).context("model")?;
    Embedder::from_bytes(bytes).with_context(|| format!("model {}", path.display()))
}

/// Where [`load`] finds the model, for people.
pub fn source(path: Option<&Path>) -> String {
    path.map_or_else(|| "built in".to_owned(), |path| path.display().to_string())
}

#[cfg(feature = "baked")]
fn baked() -> Result<Embedder> {
    Embedder::from_static(minilm::include_model!(env!("MINILM_MODEL_FILE"))).context("the built-in model")
}

#[cfg(not(feature = "baked"))]
fn baked() -> Result<Embedder> {
    anyhow::bail!(
        "no model: this build carries none. Pass --model FILE (or set MINILM_MODEL) with a packed model file, \
         or build one in: cargo xtask build cli --model NAME"
    )
}
