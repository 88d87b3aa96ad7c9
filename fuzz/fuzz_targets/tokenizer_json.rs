//! Any bytes as a tokenizer.json, and a valid one with some bytes changed: an error or a tokenizer, never a panic.
//!
//! An even first byte says that the rest is the file, an odd one that it is changes to the tiny model's, of three bytes each:
//! where (two, little-endian), and what is there then.
#![no_main]

mod common;

use std::sync::LazyLock;

use common::split;
use common::tiny::{TEXTS, Tiny};
use libfuzzer_sys::fuzz_target;
use minilm::Truncation;
use minilm_convert::Source;

static TINY: LazyLock<Tiny> = LazyLock::new(Tiny::default);
static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| TINY.json["tokenizer.json"].to_string().into_bytes());

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let mut json = data.to_vec();
    if mode % 2 == 1 {
        json.clone_from(&JSON);
        for &[a, b, value] in data.as_chunks().0 {
            let at = usize::from(u16::from_le_bytes([a, b])) % json.len();
            json[at] = value;
        }
    }
    let mut files = TINY.files();
    files.insert("tokenizer.json", json);
    if let Ok(source) = Source::read("fuzz", &files) {
        for text in TEXTS {
            let _ = source.tokenizer().encode(text, 9, Truncation::Left);
        }
    }
});
