//! Where the model comes from: the component itself, or a file.

use std::sync::OnceLock;

use minilm::Embedder;

use crate::bindings::exports::minilm::embed::embedder::Error;

/// The model. It is loaded by the first call and then kept, and so is the reason where it cannot be: a file that is no model
/// must not be read again by every call.
pub fn get() -> Result<&'static Embedder, Error> {
    static MODEL: OnceLock<Result<Embedder, Error>> = OnceLock::new();
    MODEL.get_or_init(load).as_ref().map_err(Clone::clone)
}

#[cfg(feature = "baked")]
fn load() -> Result<Embedder, Error> {
    Ok(Embedder::from_static(minilm::include_model!(env!("MINILM_MODEL_FILE")))?)
}

/// The packed file that the environment variable MODEL_PATH names, without it `/model.minilm`.
#[cfg(not(feature = "baked"))]
fn load() -> Result<Embedder, Error> {
    use crate::bindings::exports::minilm::embed::embedder::ErrorKind;

    let path = std::env::var("MODEL_PATH").unwrap_or_else(|_| "/model.minilm".to_owned());
    let fault = |message| Error { kind: ErrorKind::Model, message };
    let bytes = std::fs::read(&path).map_err(|error| {
        fault(format!(
            "cannot read the packed model {path} ({error}): a component sees only the folders it is given. Mount it there, \
             name another place with MODEL_PATH, or build a model in: cargo xtask build component --model NAME"
        ))
    })?;
    Embedder::from_bytes(bytes).map_err(|error| fault(format!("model {path}: {error}")))
}
