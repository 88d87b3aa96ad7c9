//! Models of awkward sizes: the packed files against the reference on candle.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::Agreement;
use common::tiny::{Shape, TEXTS, Tiny};
use minilm::{Embedder, EncodeOptions, Pooling, Precision};
use minilm_reference::Reference;
use serde_json::json;

const SHAPES: [Shape; 8] = [
    Shape { hidden: 12, heads: 3, layers: 2, intermediate: 36 },
    Shape { hidden: 20, heads: 2, layers: 2, intermediate: 36 },
    Shape { hidden: 20, heads: 20, layers: 1, intermediate: 20 },
    Shape { hidden: 33, heads: 3, layers: 2, intermediate: 65 },
    Shape { hidden: 7, heads: 1, layers: 3, intermediate: 5 },
    Shape { hidden: 64, heads: 4, layers: 2, intermediate: 256 },
    Shape { hidden: 48, heads: 2, layers: 1, intermediate: 17 },
    Shape { hidden: 16, heads: 2, layers: 12, intermediate: 64 },
];

fn agreement(tiny: &Tiny, precision: Precision, pooling: Pooling) -> Agreement {
    let source = tiny.read().expect("the directory is valid");
    let file = source.pack(precision).expect("the weights fit");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let options = EncodeOptions { pooling: Some(pooling), ..EncodeOptions::default() };
    let found = embedder.encode(&TEXTS, &options).expect("texts are cut");
    let encodings = embedder.tokenize(&TEXTS, &options).expect("texts are cut");
    let reference = Reference::new(&source).expect("candle takes the tensors");
    let expected: Vec<f32> =
        encodings.iter().flat_map(|encoding| reference.embed(encoding, pooling).expect("ids are in range")).collect();
    Agreement::of(&found.data, &expected, embedder.dim())
}

/// Widths and heads of models that people use, with one layer: MiniLM-L12, LaBSE, bert-tiny, a head of 26, bge-large.
const REAL: [Shape; 5] = [
    Shape { hidden: 384, heads: 12, layers: 1, intermediate: 1536 },
    Shape { hidden: 768, heads: 12, layers: 1, intermediate: 3072 },
    Shape { hidden: 128, heads: 2, layers: 1, intermediate: 512 },
    Shape { hidden: 312, heads: 12, layers: 1, intermediate: 1200 },
    Shape { hidden: 1024, heads: 16, layers: 1, intermediate: 4096 },
];

#[test]
fn shapes_that_people_use() {
    for shape in REAL {
        let tiny = Tiny::new(shape);
        let f32 = agreement(&tiny, Precision::F32, Pooling::Mean);
        assert!(f32.min_cosine >= 0.999_999 && f32.max_difference <= 1e-5, "{}: {f32:?}", shape.hidden);
        let int8 = agreement(&tiny, Precision::Int8, Pooling::Mean);
        println!("hidden {}: f32 {f32:?}, int8 {int8:?}", shape.hidden);
        assert!(int8.mean_cosine >= 0.998 && int8.min_cosine >= 0.99, "{}: {int8:?}", shape.hidden);
    }
}

/// A BERT may have no token types at all.
#[test]
fn no_token_types() {
    let mut tiny = Tiny::default().set("config.json", "/type_vocab_size", json!(0));
    tiny.weights.remove("embeddings.token_type_embeddings.weight");
    assert!(agreement(&tiny, Precision::F32, Pooling::Mean).max_difference <= 1e-4);
    assert!(agreement(&tiny, Precision::Int8, Pooling::Mean).min_cosine > 0.99);
}

#[test]
fn biases_of_attention() {
    for shape in SHAPES {
        let f32 = agreement(&Tiny::of_mpnet(shape), Precision::F32, Pooling::Mean);
        assert!(f32.max_difference <= 1e-4, "{}: {f32:?}", shape.hidden);
        let int8 = agreement(&Tiny::of_mpnet(shape), Precision::Int8, Pooling::Mean);
        println!("hidden {}, intermediate {}, int8: {int8:?}", shape.hidden, shape.intermediate);
        assert!(int8.min_cosine > 0.99, "{}: {int8:?}", shape.hidden);
    }
}

#[test]
fn f32_is_the_reference() {
    for shape in SHAPES {
        for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Max, Pooling::MeanSqrtLen] {
            let found = agreement(&Tiny::new(shape), Precision::F32, pooling);
            assert!(found.max_difference <= 1e-4, "{}, {pooling:?}: {found:?}", shape.hidden);
        }
    }
}

#[test]
fn int8_is_close_to_the_reference() {
    for shape in SHAPES {
        let found = agreement(&Tiny::new(shape), Precision::Int8, Pooling::Mean);
        println!("hidden {}, intermediate {}, int8: {found:?}", shape.hidden, shape.intermediate);
        assert!(found.min_cosine > 0.99, "{}: {found:?}", shape.hidden);
    }
}

/// A position or a token type may be the only one.
#[test]
fn tables_of_one_row() {
    let mut tiny = Tiny::default().set("config.json", "/type_vocab_size", json!(1));
    let (shape, values) = tiny.weights.get_mut("embeddings.token_type_embeddings.weight").expect("it is there");
    shape[0] = 1;
    values.truncate(16);
    assert!(agreement(&tiny, Precision::F32, Pooling::Mean).max_difference <= 1e-4);
}
