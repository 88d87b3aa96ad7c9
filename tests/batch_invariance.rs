//! A text has one vector, to the bit: alone, in any batch, in any order, beside itself.

mod common;

use common::random::Random;
use common::{MODELS, packed, texts};
use minilm::{Embedder, EncodeOptions};

const DIM: usize = 384;

fn check(model: &str, precision: &str) {
    let file = packed(model, precision);
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let texts = texts();
    let longest = embedder.config().max_seq_length;
    let encode = |texts: &[&str]| {
        let embeddings = embedder.encode(texts, &EncodeOptions::default()).expect("texts are cut at the limit");
        (embeddings.data, embeddings.n_tokens)
    };
    let alone: Vec<(Vec<f32>, Vec<usize>)> = texts.iter().map(|text| encode(&[text])).collect();
    let has = |tokens: usize| alone.iter().any(|(_, n_tokens)| n_tokens == &[tokens]);
    assert!(has(2) && has(3) && has(longest), "the texts are of every length, the empty one included");

    let mut random = Random(1);
    for count in [1, 2, 3, 7, 64, 300] {
        // Some rows are there twice, the order is any.
        let rows: Vec<usize> = (0..count).map(|_| random.below(texts.len())).collect();
        check_rows(&rows, &texts, &alone, &encode);
    }
    let mut rows: Vec<usize> = (0..texts.len()).collect();
    random.shuffle(&mut rows);
    check_rows(&rows, &texts, &alone, &encode);
    check_rows(&[5; 7], &texts, &alone, &encode);
    assert!(encode(&[]).0.is_empty());
}

fn check_rows(
    rows: &[usize],
    texts: &[String],
    alone: &[(Vec<f32>, Vec<usize>)],
    encode: &impl Fn(&[&str]) -> (Vec<f32>, Vec<usize>),
) {
    let batch: Vec<&str> = rows.iter().map(|&row| texts[row].as_str()).collect();
    let (vectors, n_tokens) = encode(&batch);
    assert_eq!(vectors.len(), rows.len() * DIM);
    for ((&row, vector), n_tokens) in rows.iter().zip(vectors.chunks_exact(DIM)).zip(n_tokens) {
        assert_eq!([n_tokens], alone[row].1[..]);
        let same = vector.iter().zip(&alone[row].0).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "text {row} in a batch of {}", rows.len());
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn int8() {
    MODELS.into_iter().for_each(|model| check(model, "int8"));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn int6_e4() {
    check(MODELS[1], "int6-e4");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn f32() {
    // The float kernel is slow, and that of the small model is the same.
    check(MODELS[1], "f32");
}
