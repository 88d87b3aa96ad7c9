//! Any bytes as a model file, and a valid file with some bytes changed: an error or a value, never a panic.
//!
//! The first byte of the input says what the rest is: a file as it is (0), a file that gets the right checksum (1), or
//! changes to a tiny int8 (2), f32 (3) or int6-e4 (4) file, as `changed` reads them.
#![no_main]

mod common;

use std::sync::LazyLock;

use common::packed_file::seal;
use common::tiny::{TEXTS, Tiny};
use common::{changed, split};
use libfuzzer_sys::fuzz_target;
use minilm::{Embedder, EncodeOptions, ModelFile, Pooling, Precision};

static FILES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    [Precision::Int8, Precision::F32, Precision::Int6E4].map(|precision| Tiny::default().pack(precision))
});

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let mut file = match mode % 5 {
        0 | 1 => data.to_vec(),
        mode => changed(&FILES[usize::from(mode) - 2], data),
    };
    if mode % 5 > 0 {
        seal(&mut file);
    }
    if let Ok(opened) = ModelFile::trust(&file) {
        let _ = opened.tensors();
    }
    let Ok(embedder) = Embedder::from_bytes(file) else {
        return;
    };
    for pooling in [Pooling::Mean, Pooling::Max] {
        let options = EncodeOptions { pooling: Some(pooling), ..EncodeOptions::default() };
        let _ = embedder.encode(&TEXTS[..4], &options);
    }
    let _ = embedder.tokenizer().id_to_token(7);
});
