//! wasmtime in this process: runs the components of minilm without an installation of its own.
//!
//! [`command::run`] runs a command component, [`serve::Server`] serves an HTTP component, [`databases`] are Spin's interfaces to SQLite
//! and PostgreSQL. What a component may see of this machine is a [`HostEnv`]. Compiled code is kept in the cache folder of the user.

#[doc(hidden)]
pub mod bench;
pub mod command;
pub mod databases;
mod env;
pub mod serve;

use anyhow::{Context, Result};
use wasmtime::{Cache, CacheConfig, Config, Engine};

pub use env::{Access, Folder, HostEnv};

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
