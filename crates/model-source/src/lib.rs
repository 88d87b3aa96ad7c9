//! Where a component finds its model: baked into it, else in a packed file.
//!
//! The core has no file system, so this is a crate of its own, which every component shares.
//!
//! # Features
//! - `model-path` (default): [`load`] reads a packed file where no model is baked in. Without the feature a
//!   component imports nothing of `wasi:filesystem`: this is the build to bake models into.

#[cfg(feature = "model-path")]
use std::path::PathBuf;

use minilm::{Embedder, baked_model};

/// The packed file that is read where no other is named.
pub const DEFAULT_PATH: &str = "/model.minilm";

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No model is baked in.
    #[error("this component has no model: bake one into it with `minilm bake`")]
    NotBaked,
    /// The baked model is no packed file of this format.
    #[error("the baked model: {0}")]
    Baked(minilm::Error),
    /// The packed file cannot be read.
    #[cfg(feature = "model-path")]
    #[error(
        "cannot read {}: {cause} (this component has no baked model, so MODEL_PATH must name a packed model file in a folder \
         that the host lets it see)", path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the host says.
        cause: std::io::Error,
    },
    /// The file is no packed model, or damaged.
    #[cfg(feature = "model-path")]
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: minilm::Error,
    },
}

/// The baked model, else the packed file at `path`, the value of `MODEL_PATH`; without one, or with an empty one, at
/// [`DEFAULT_PATH`].
///
/// # Errors
/// There is no model, or it is damaged; see [`LoadError`].
#[cfg(feature = "model-path")]
pub fn load(path: Option<&str>) -> Result<Embedder, LoadError> {
    match load_baked() {
        Err(LoadError::NotBaked) => load_file(path.filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH).into()),
        loaded => loaded,
    }
}

/// The baked model. This build reads no files, so `path` is not used.
///
/// # Errors
/// [`LoadError::NotBaked`] in a component as compiled; [`LoadError::Baked`] for a file of another format.
#[cfg(not(feature = "model-path"))]
pub fn load(_path: Option<&str>) -> Result<Embedder, LoadError> {
    load_baked()
}

/// The baked model.
///
/// # Errors
/// [`LoadError::NotBaked`] in a component as compiled; [`LoadError::Baked`] for a file of another format.
pub fn load_baked() -> Result<Embedder, LoadError> {
    Embedder::from_static(baked_model().ok_or(LoadError::NotBaked)?).map_err(LoadError::Baked)
}

/// The packed file at `path`, which is checked completely. It stays in memory as long as the instance.
#[cfg(feature = "model-path")]
fn load_file(path: PathBuf) -> Result<Embedder, LoadError> {
    match std::fs::read(&path) {
        Ok(bytes) => Embedder::from_bytes(bytes).map_err(|cause| LoadError::File { path, cause }),
        Err(cause) => Err(LoadError::Read { path, cause }),
    }
}

#[cfg(all(test, feature = "model-path"))]
mod tests {
    use super::{LoadError, load, load_baked};

    #[test]
    fn a_program_as_compiled_reads_the_file_that_is_named() {
        assert!(matches!(load_baked(), Err(LoadError::NotBaked)));
        for (path, expected) in [(None, "/model.minilm"), (Some(""), "/model.minilm"), (Some("/none"), "/none")] {
            let error = load(path).expect_err("there is no such file").to_string();
            assert!(error.starts_with(&format!("cannot read {expected}: ")) && error.contains("MODEL_PATH"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_model_is_named() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = load(Some(manifest)).expect_err("it is no packed model").to_string();
        assert!(error.starts_with(&format!("{manifest}: ")), "{error}");
    }
}
