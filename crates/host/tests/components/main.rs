//! The components in real wasmtime. `cargo xtask test` builds them and names their folder.

mod cli;
mod component;
mod composition;
mod contents;
mod http;
mod kb;
mod legacy_sse;
mod running;
mod site;

use std::fs;
use std::path::{Path, PathBuf};

/// Name of the model of most tests.
pub const L3: &str = "paraphrase-MiniLM-L3-v2-int8";
/// Name of the other model.
pub const L6: &str = "all-MiniLM-L6-v2-int8";

/// The folder that a variable names.
fn folder(variable: &str) -> PathBuf {
    let folder = std::env::var_os(variable);
    PathBuf::from(folder.unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`")))
}

/// A packed model; without a name, the folder of all.
pub fn model(name: &str) -> PathBuf {
    let models = folder("MINILM_TEST_MODELS");
    if name.is_empty() { models } else { models.join(format!("{name}.minilm")) }
}

/// A component without a model.
pub fn bare(name: &str) -> PathBuf {
    folder("MINILM_TEST_COMPONENTS").join(format!("{name}.wasm"))
}

/// A component with a model in it.
pub fn component(name: &str, model: &str) -> PathBuf {
    bare(&format!("{name}+{model}"))
}

/// The bytes of a file.
pub fn bytes(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The golden texts.
pub fn golden_texts() -> Vec<String> {
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/texts.json");
    serde_json::from_slice(&bytes(&texts)).expect("texts.json is an array of strings")
}

/// Whether `found` is `expected` to the bit.
pub fn same_bits(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits())
}
