//! Vectors of tokens against those that sentence-transformers gives (`tests/golden/make_token_embeddings.py`).

mod common;

use common::{Agreement, MODELS, golden_file, packed, texts};
use minilm::{Embedder, EncodeOptions, Tokens};
use safetensors::SafeTensors;

/// The texts of the golden file.
fn golden_texts(bytes: &[u8]) -> Vec<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("golden files are safetensors");
    let metadata = metadata.metadata().clone().expect("it says which texts");
    let positions: Vec<usize> = serde_json::from_str(&metadata["positions"]).expect("positions are numbers");
    let texts = texts();
    positions.into_iter().map(|at| texts[at].clone()).collect()
}

/// A tensor of 4-byte values.
fn tensor<T>(bytes: &[u8], name: &str, read: fn([u8; 4]) -> T) -> Vec<T> {
    let file = SafeTensors::deserialize(bytes).expect("golden files are safetensors");
    let view = file.tensor(name).expect("golden files have this tensor");
    view.data().as_chunks().0.iter().map(|&value| read(value)).collect()
}

/// How close the vectors are, those of every token counting alike.
fn agreement(model: &str, precision: &str) -> Agreement {
    let bytes = golden_file("token_embeddings.safetensors");
    let embedder = Embedder::from_bytes(packed(model, precision)).expect("packed files are valid");
    let tokens = embedder.tokenize(&golden_texts(&bytes), &EncodeOptions::default()).expect("texts are cut");
    let n_tokens = tensor(&bytes, &format!("{model}.n_tokens"), i32::from_le_bytes);
    assert!(tokens.iter().map(Tokens::len).eq(n_tokens.iter().map(|&n| n as usize)));
    let found = embedder.token_embeddings(&tokens).expect("tokens of the model");
    assert!(found.iter().zip(&tokens).all(|(vectors, tokens)| vectors.len() == tokens.len() * 384));
    let agreement = Agreement::of(&found.concat(), &tensor(&bytes, model, f32::from_le_bytes), 384);
    println!("{model} {precision}, tokens, against sentence-transformers: {agreement:?}");
    agreement
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn f32_is_sentence_transformers() {
    for model in MODELS {
        let agreement = agreement(model, "f32");
        assert!(agreement.min_cosine >= 0.999_999 && agreement.max_difference <= 2e-5, "{model}: {agreement:?}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn int8_is_close() {
    for model in MODELS {
        let agreement = agreement(model, "int8");
        assert!(agreement.mean_cosine >= 0.999 && agreement.min_cosine >= 0.99, "{model}: {agreement:?}");
    }
}

/// Alone and in any batch: the same bits.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn batches_change_nothing() {
    for precision in ["int8", "f32"] {
        let embedder = Embedder::from_bytes(packed(MODELS[1], precision)).expect("packed files are valid");
        let tokens = embedder.tokenize(&texts()[..60], &EncodeOptions::default()).expect("texts are cut");
        let together = embedder.token_embeddings(&tokens).expect("tokens of the model");
        for (tokens, expected) in tokens.iter().zip(&together) {
            assert_eq!(&embedder.token_embeddings(std::slice::from_ref(tokens)).expect("tokens")[0], expected);
        }
    }
}
