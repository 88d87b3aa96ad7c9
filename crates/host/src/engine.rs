//! The engine that everything here runs in.

use anyhow::{Context, Result};
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// An engine that keeps compiled code in the cache folder of the user: a component is compiled once for each version of wasmtime.
///
/// # Errors
/// There is no cache folder, or wasmtime does not support this processor.
pub fn engine() -> Result<Engine> {
    let folder = dirs::cache_dir().context("there is no cache folder; set HOME")?;
    let mut cache = CacheConfig::new();
    cache.with_directory(folder.join("minilm-wasm").join("compiled"));
    let mut config = Config::new();
    config.cache(Some(Cache::new(cache)?));
    Ok(Engine::new(&config)?)
}
