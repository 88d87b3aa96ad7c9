//! The packed file, written into this module's memory from outside while it arrives.

use minilm::{AlignedBytes, Embedder};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use crate::Model;
use crate::error::Fault;

/// A buffer for a packed file. JavaScript writes to it in place, at [`ModelFile::address`] of the module's memory.
#[wasm_bindgen]
pub struct ModelFile {
    bytes: AlignedBytes,
    sha256: Sha256,
    hashed: usize,
}

#[wasm_bindgen]
impl ModelFile {
    /// A buffer of `len` zero bytes.
    ///
    /// # Errors
    /// `memory` where there is not so much.
    #[wasm_bindgen(constructor)]
    pub fn new(len: usize) -> Result<ModelFile, JsValue> {
        let bytes = AlignedBytes::zeroed(len).map_err(|error| Fault::from(error).into_js())?;
        Ok(Self { bytes, sha256: Sha256::new(), hashed: 0 })
    }

    /// Where the buffer starts in the module's memory, in bytes: a multiple of 64.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> usize {
        self.bytes.as_ptr().addr()
    }

    /// Adds the bytes before position `end`, as far as they are not in it yet, to the hash. They are not written to afterwards.
    pub fn hash(&mut self, end: usize) {
        let end = end.min(self.bytes.len());
        if let Some(new) = self.bytes.get(self.hashed..end) {
            self.sha256.update(new);
            self.hashed = end;
        }
    }

    /// SHA-256 of the bytes that [`ModelFile::hash`] was told of, as 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        self.sha256.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The model in the buffer, which is checked completely and read in place from then on.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(self) -> Result<Model, JsValue> {
        Ok(Model(Embedder::from_bytes(self.bytes).map_err(|error| Fault::from(error).into_js())?))
    }
}

#[cfg(test)]
mod tests {
    use super::ModelFile;

    #[test]
    fn the_buffer_is_aligned_and_hashed_as_it_fills() {
        let Ok(mut file) = ModelFile::new(65) else { panic!("there is memory for 65 bytes") };
        assert!(file.address().is_multiple_of(64));
        assert_eq!(file.bytes.len(), 65);
        for end in [0, 10, 10, 3, 65, 1000] {
            file.hash(end);
        }
        // SHA-256 of 65 zero bytes.
        assert_eq!(file.sha256(), "98ce42deef51d40269d542f5314bef2c7468d401ad5d85168bfab4c0108f75f7");
    }
}
