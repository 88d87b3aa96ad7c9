//! The model of this instance.

use std::sync::OnceLock;

use minilm::Embedder;
use minilm_model_source::load;

use crate::bindings::exports::minilm::embed::embedder::{Error, ErrorKind};

/// The model: baked into the component, else the packed file that MODEL_PATH names. It is loaded by the first call and then
/// kept, and so is the reason where it cannot be: a file that is no model must not be read again by every call.
pub fn get() -> Result<&'static Embedder<'static>, Error> {
    static MODEL: OnceLock<Result<Embedder<'static>, Error>> = OnceLock::new();
    let loaded = || {
        let path = std::env::var("MODEL_PATH").ok();
        load(path.as_deref()).map_err(|error| Error { kind: ErrorKind::Model, message: error.to_string() })
    };
    MODEL.get_or_init(loaded).as_ref().map_err(Clone::clone)
}
