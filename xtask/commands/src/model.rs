//! Models for builds, tests and benchmarks, from the cache of the user.

use std::path::PathBuf;

use anyhow::Result;
use minilm::Precision;
use minilm_hub::Context;
pub use minilm_hub::{ModelDir, Request, file_name};

/// The directory of the requested model, fetched where it is not in the cache.
pub fn resolve(request: &Request) -> Result<ModelDir> {
    Ok(Context::from_env()?.resolve(request)?)
}

/// The packed file of a model, made where it is not in the cache.
pub fn packed(model: &ModelDir, precision: Precision) -> Result<PathBuf> {
    Ok(Context::from_env()?.packed(model, precision)?.path)
}
