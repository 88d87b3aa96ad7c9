//! Models for builds, tests and benchmarks, from the cache of the user.

use std::path::PathBuf;

use anyhow::Result;
use minilm::Precision;
use minilm_hub::Context;
pub use minilm_hub::{ModelDir, Request, file_name};

/// The two models of tests and benchmarks.
pub const L3: &str = "paraphrase-MiniLM-L3-v2";
pub const L6: &str = "all-MiniLM-L6-v2";

/// The directory of the model with this name.
pub fn named(name: &str) -> Result<ModelDir> {
    resolve(&Request::Named(name.to_owned()))
}

/// The directory of the requested model, fetched where it is not in the cache.
pub fn resolve(request: &Request) -> Result<ModelDir> {
    Ok(Context::from_env()?.resolve(request)?)
}

/// The packed file of a model, made where it is not in the cache.
pub fn packed(model: &ModelDir, precision: Precision) -> Result<PathBuf> {
    Ok(Context::from_env()?.packed(model, precision)?.path)
}
