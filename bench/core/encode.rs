//! The core on this machine, without WebAssembly: whole texts, and the linear layers alone.
//!
//! `MINILM_MODEL` names the packed file; `minilm pack` makes one.

use std::fs;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use minilm::bench::LinearPass;
use minilm::{Embedder, EncodeOptions};

static EMBEDDER: LazyLock<Embedder> = LazyLock::new(|| {
    let path = std::env::var("MINILM_MODEL").expect("set MINILM_MODEL to a packed file: minilm pack");
    let file = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Embedder::from_bytes(file).unwrap_or_else(|error| panic!("{path}: {error}"))
});

fn main() {
    divan::main();
}

/// One text of so many tokens.
#[divan::bench(args = [8, 16, 32, 128, 256])]
fn encode(bencher: Bencher<'_, '_>, tokens: usize) {
    let text = "word ".repeat(tokens - 2);
    bencher.bench(|| EMBEDDER.encode(&[&text], &EncodeOptions::default()));
}

/// A batch of 32 texts of 16 tokens.
#[divan::bench]
fn encode_batch(bencher: Bencher<'_, '_>) {
    let texts = vec!["word ".repeat(14); 32];
    bencher.bench(|| EMBEDDER.encode(&texts, &EncodeOptions::default()));
}

/// The questions of the page in one call: what static embeddings spend most of their time on is the tokenizer.
#[divan::bench]
fn short_texts(bencher: Bencher<'_, '_>) {
    let questions: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../www/data/questions.json")).expect("questions.json is an array");
    let texts: Vec<&str> = questions.iter().filter_map(|item| item["question"].as_str()).collect();
    let bencher = bencher.counter(ItemsCount::new(texts.len()));
    bencher.bench(|| EMBEDDER.encode(&texts, &EncodeOptions::default()));
}

/// All linear layers over so many rows.
#[divan::bench(args = [8, 16, 32])]
fn linear(bencher: Bencher<'_, '_>, rows: usize) {
    let mut pass = LinearPass::new(&EMBEDDER, rows);
    bencher.bench_local(|| pass.run(&EMBEDDER));
}
