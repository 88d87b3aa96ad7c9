//! Where the model comes from.

use minilm::Embedder;

/// The model that this crate was built with.
#[cfg(feature = "baked")]
pub fn load(_path: &str) -> Result<Embedder<'static>, String> {
    let model = minilm::include_model!(env!("MINILM_MODEL_FILE"));
    Embedder::from_static(model).map_err(|error| format!("the built-in model: {error}"))
}

/// The model in the packed file `path`. The file stays in memory as long as the instance, so it is leaked.
#[cfg(not(feature = "baked"))]
pub fn load(path: &str) -> Result<Embedder<'static>, String> {
    let hint = "this component carries no model, so MODEL_PATH must name a packed model file in a folder that it sees";
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {path}: {error} ({hint})"))?;
    Embedder::from_bytes(bytes.leak()).map_err(|error| format!("{path}: {error}"))
}
