//! The components under wasmtime, built for every backend, against the core compiled for this machine: the same bits.

use std::fs;
use std::path::{Path, PathBuf};

use minilm::{Embedder, EncodeOptions};

use super::{World, run};
use crate::cargo::{Backend, build_cli};
use crate::paths;

mod component;
mod composition;

/// The packed model that the tests bake in.
fn model_file() -> PathBuf {
    let models = std::env::var("MINILM_TEST_MODELS").expect("MINILM_TEST_MODELS is not set");
    Path::new(&models).join("slice-L3-of-all-MiniLM-L6-v2-int8.minilm")
}

/// The golden texts.
fn golden_texts() -> Vec<String> {
    let texts = fs::read(paths::root().join("tests/golden/texts.json")).expect("texts.json is there");
    serde_json::from_slice(&texts).expect("texts.json is an array of strings")
}

/// Whether `found` is `expected` to the bit.
fn same_bits(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// The rows of a `.npy` file of floats.
fn read_npy(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).expect("the component wrote the file");
    let header_len = u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    let data = &bytes[10 + header_len..];
    data.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect()
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn every_backend_gives_the_same_bits() {
    let file = model_file();
    let texts = golden_texts();

    let bytes = fs::read(&file).expect("the model is packed");
    let embedder = Embedder::from_bytes(bytes).expect("the model is valid");
    let expected = embedder.encode(&texts, &EncodeOptions::default()).expect("texts are cut at the limit");
    let expected = &expected.data[..];

    let folder = tempfile::tempdir().expect("a folder can be made");
    let lines: Vec<String> = texts.iter().map(|text| serde_json::json!({ "text": text }).to_string()).collect();
    fs::write(folder.path().join("texts.jsonl"), lines.join("\n")).expect("a file can be written");
    for backend in Backend::ALL {
        let component = build_cli(backend, Some(&file)).expect("the component builds");
        let world = World { dirs: vec![(folder.path().to_owned(), "work".to_owned())], env: Vec::new() };
        let args = ["embed", "--file", "work/texts.jsonl", "--format", "npy", "--output", "work/out.npy"];
        run(&component, &args, &world).expect("the component runs");
        let found = read_npy(&folder.path().join("out.npy"));
        assert!(same_bits(&found, expected), "{} differs from the native build", backend.name());
    }
}
