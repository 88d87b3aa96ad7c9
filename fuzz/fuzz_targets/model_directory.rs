//! Any bytes as the weights or the configuration of a model directory, and valid ones with some bytes changed: an error or a model that
//! embeds, never a panic.
//!
//! The first byte says which file is replaced, and whether by the rest of the input or by a valid file with changes, as `changed`
//! reads them.
#![no_main]

mod common;
#[path = "../../crates/convert/tests/onnx/mod.rs"]
#[allow(dead_code, reason = "written for the tests of the converter")]
mod onnx;

use std::sync::LazyLock;

use common::tiny::{Shape, TEXTS, Tiny};
use common::{changed, split};
use libfuzzer_sys::fuzz_target;
use minilm::{Embedder, EncodeOptions, Precision};
use minilm_convert::{ModelFiles, Source, Weights};
use prost::Message;

/// The model of the files from PyTorch.
static TINY: LazyLock<Tiny> = LazyLock::new(|| Tiny::new(Shape { hidden: 8, heads: 2, layers: 1, intermediate: 16 }));

/// Each file with a valid content.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    vec![
        ("model.safetensors", TINY.safetensors()),
        ("pytorch_model.bin", include_bytes!("../../crates/convert/tests/torch/tiny.bin").to_vec()),
        ("pytorch_model.bin", include_bytes!("../../crates/convert/tests/torch/legacy.bin").to_vec()),
        ("onnx/model.onnx", onnx::onnx(&TINY).encode_to_vec()),
        ("config.json", TINY.json["config.json"].to_string().into_bytes()),
        ("modules.json", TINY.json["modules.json"].to_string().into_bytes()),
        ("1_Pooling/config.json", TINY.json["1_Pooling/config.json"].to_string().into_bytes()),
    ]
});

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let (path, valid) = &FILES[usize::from(mode / 2) % FILES.len()];
    let content = if mode % 2 == 0 { data.to_vec() } else { changed(valid, data) };
    let mut files = ModelFiles::default();
    TINY.json.iter().for_each(|(path, value)| files.insert(path, value.to_string().into_bytes()));
    if path.ends_with(".json") {
        files.insert("model.safetensors", TINY.safetensors());
    }
    files.insert(*path, content);
    if let Ok(weights) = Weights::of(&files) {
        for (_, shape, values) in weights.iter() {
            assert_eq!(values.len(), shape.iter().product::<usize>());
        }
    }
    let Ok(source) = Source::read("fuzz", &files) else { return };
    for precision in [Precision::F32, Precision::Int8] {
        let Ok(packed) = source.pack(precision) else { continue };
        let embedder = Embedder::from_bytes(packed).expect("what was packed is a model");
        // Its numbers may be too large to be finite.
        let _ = embedder.encode(&TEXTS[..2], &EncodeOptions::default());
    }
});
