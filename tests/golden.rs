//! Vectors against those that sentence-transformers gives for the same weights (`tests/golden/make_golden.py`).

mod common;

use common::{Agreement, MODELS, golden, golden_n_tokens, packed, texts};
use minilm::{Embedder, EncodeOptions, Pooling};

fn embed(file: Vec<u8>, texts: &[String], pooling: Option<Pooling>) -> (Vec<f32>, Vec<usize>) {
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let options = EncodeOptions { pooling, ..EncodeOptions::default() };
    let embeddings = embedder.encode(texts, &options).expect("texts are cut at the limit");
    (embeddings.data, embeddings.n_tokens)
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn f32_is_sentence_transformers() {
    for model in MODELS {
        let (found, n_tokens) = embed(packed(model, "f32"), &texts(), None);
        assert_eq!(n_tokens, golden_n_tokens(model));
        let agreement = Agreement::of(&found, &golden(model, "embeddings"), 384);
        println!("{model} f32 against sentence-transformers: {agreement:?}");
        assert!(agreement.min_cosine >= 0.999_999 && agreement.max_difference <= 2e-5, "{model}: {agreement:?}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn int8_is_close_to_f32() {
    for model in MODELS {
        let (found, _) = embed(packed(model, "int8"), &texts(), None);
        let agreement = Agreement::of(&found, &golden(model, "embeddings"), 384);
        println!("{model} int8 against sentence-transformers: {agreement:?}");
        assert!(agreement.mean_cosine >= 0.9993 && agreement.min_cosine >= 0.997, "{model}: {agreement:?}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn int6_e4_is_close_to_f32() {
    for model in MODELS {
        let (found, _) = embed(packed(model, "int6-e4"), &texts(), None);
        let agreement = Agreement::of(&found, &golden(model, "embeddings"), 384);
        println!("{model} int6-e4 against sentence-transformers: {agreement:?}");
        assert!(agreement.mean_cosine >= 0.995 && agreement.min_cosine >= 0.96, "{model}: {agreement:?}");
    }
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn every_pooling_is_that_of_sentence_transformers() {
    let texts = &texts()[..32];
    for model in MODELS {
        for (name, pooling) in [
            ("cls", Pooling::Cls),
            ("max", Pooling::Max),
            ("mean", Pooling::Mean),
            ("mean_sqrt_len", Pooling::MeanSqrtLen),
        ] {
            // The golden vectors are not normalized; those of a model may be.
            let mut expected = golden(model, name);
            let (mut found, _) = embed(packed(model, "f32"), texts, Some(pooling));
            for vectors in [&mut expected, &mut found] {
                vectors.chunks_exact_mut(384).for_each(minilm::normalize);
            }
            let agreement = Agreement::of(&found, &expected, 384);
            assert!(agreement.max_difference <= 2e-5, "{model} {name}: {agreement:?}");
        }
    }
}
