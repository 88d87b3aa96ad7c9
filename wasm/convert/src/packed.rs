//! A packed file on its way out.

use minilm::{Config, Precision};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

/// A packed file in this module's memory, and what is known about it.
#[wasm_bindgen]
pub struct Packed {
    bytes: Vec<u8>,
    info: Info,
}

/// Facts about a packed model, named as those of a loaded one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    name: String,
    model_sha256: String,
    precision: Precision,
    dim: usize,
    max_seq_length: usize,
    vocab_size: usize,
    num_hidden_layers: usize,
    file_bytes: usize,
}

#[wasm_bindgen]
impl Packed {
    /// Where the file starts in the module's memory, in bytes.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> usize {
        self.bytes.as_ptr().addr()
    }

    /// Bytes of the file.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// What is known about the model.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        Ok(self.info.serialize(&Serializer::json_compatible())?)
    }
}

impl Packed {
    pub(crate) fn new(config: &Config, precision: Precision, bytes: Vec<u8>) -> Self {
        let info = Info {
            name: config.name.clone(),
            model_sha256: config.model_sha256.clone(),
            precision,
            dim: config.dim(),
            max_seq_length: config.max_seq_length,
            vocab_size: config.encoder.vocab_size,
            num_hidden_layers: config.encoder.num_hidden_layers,
            file_bytes: bytes.len(),
        };
        Self { bytes, info }
    }
}
