//! The command line component, built for every backend, against the core compiled for this machine: the same bits.

use std::fs;
use std::path::Path;

use minilm::{Embedder, EncodeOptions};
use minilm_host::{Access, HostEnv, command};

use crate::{L3, bare, bytes, component, golden_texts, model, same_bits};

/// The backends that it is built for.
const BACKENDS: [&str; 3] = ["scalar", "simd128", "relaxed-simd"];

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
    check_backends(L3);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn every_backend_gives_the_same_bits_with_unpacked_weights() {
    check_backends(&format!("{}-int6-e4", L3.trim_end_matches("-int8")));
}

fn check_backends(name: &str) {
    let texts = golden_texts();

    let file = bytes(&model(name));
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let expected = embedder.encode(&texts, &EncodeOptions::default()).expect("texts are cut at the limit");
    let expected = expected.data;

    let folder = tempfile::tempdir().expect("a folder can be made");
    let lines: Vec<String> = texts.iter().map(|text| serde_json::json!({ "text": text }).to_string()).collect();
    fs::write(folder.path().join("texts.jsonl"), format!("\u{feff}\n{}\r\n \n", lines.join("\r\n\n")))
        .expect("a file can be written");
    for backend in BACKENDS {
        let component = bytes(&component(&format!("cli-{backend}"), name));
        let mut env = HostEnv::default();
        env.mount(folder.path(), "work", Access::Write);
        let args = ["embed", "--file", "work/texts.jsonl", "--format", "npy", "--output", "work/out.npy"];
        command::run(&component, "minilm.wasm", &args, &env).expect("the component runs");
        let found = read_npy(&folder.path().join("out.npy"));
        assert!(same_bits(&found, &expected), "{name}: {backend} differs from the native build");
    }
}

#[test]
#[ignore = "needs a model directory: run `cargo xtask test`"]
fn directories_are_packed_to_the_same_bytes() {
    let component = bytes(&bare("cli"));
    let output = tempfile::tempdir().expect("a folder can be made");
    let models = model("");
    let mut env = HostEnv::default();
    env.mount(&models, "models", Access::Read);
    env.mount(output.path(), "out", Access::Write);
    let name = L3.trim_end_matches("-int8");
    for precision in ["int8", "int6-e4", "f32"] {
        let directory = format!("models/{name}");
        let args = ["pack", &directory, "--precision", precision, "--output", "out/packed.minilm"];
        command::run(&component, "minilm.wasm", &args, &env).expect("the component runs");
        let found = fs::read(output.path().join("packed.minilm")).expect("the component wrote the file");
        let expected = bytes(&model(&format!("{name}-{precision}")));
        assert!(found == expected, "{precision} differs from the native converter");
    }
}
