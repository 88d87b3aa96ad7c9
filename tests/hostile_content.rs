//! Files whose structure and checksum are right and whose content is not: an error or a value, never a panic.

#![cfg(not(target_family = "wasm"))]

mod common;

use common::packed_file::PackedFile;
use common::random::Random;
use common::tiny::{SHAPE, TEXTS, Tiny};
use minilm::{Embedder, EncodeOptions, Error, Pooling, Precision, Truncation};
use serde_json::json;

/// Does with `file` whatever a user could do.
fn use_it(file: &PackedFile) -> Result<(), Error> {
    let file = file.seal();
    let embedder = Embedder::from_bytes(file)?;
    for pooling in [Pooling::Mean, Pooling::Max, Pooling::Cls, Pooling::MeanSqrtLen] {
        for truncation in [Truncation::Right, Truncation::Left] {
            let options = EncodeOptions { pooling: Some(pooling), truncation, ..EncodeOptions::default() };
            embedder.encode(&TEXTS, &options)?;
        }
    }
    for id in 0..50 {
        let _ = embedder.tokenizer().id_to_token(id);
    }
    let _ = embedder.tokenizer().encode_pair(TEXTS[0], TEXTS[3], 9, Truncation::Left);
    Ok(())
}

fn files() -> [PackedFile; 4] {
    [
        (&Tiny::default(), Precision::Int8),
        (&Tiny::default(), Precision::Int6E4),
        (&Tiny::default(), Precision::F32),
        (&Tiny::of_mpnet(SHAPE), Precision::Int8),
    ]
    .map(|(tiny, precision)| PackedFile::open(&tiny.pack(precision)))
}

const NAN: [u8; 4] = f32::NAN.to_le_bytes();

#[test]
fn every_tensor_filled_with_anything() {
    let patterns: [&[u8]; 9] = [
        &[0],
        &[0xff],
        &[0x7f],
        &[0x80],
        &NAN,
        &f32::INFINITY.to_le_bytes(),
        &f32::MAX.to_le_bytes(),
        &[0, 0, 0, 0x80],
        &1e-45_f32.to_le_bytes(),
    ];
    for file in files() {
        for name in file.tensors() {
            for pattern in patterns {
                let _ = use_it(&file.clone().fill(&name, pattern));
            }
        }
    }
}

#[test]
fn every_tensor_filled_with_noise() {
    let mut random = Random(7);
    for file in files() {
        for name in file.tensors() {
            for _ in 0..4 {
                let noise: Vec<u8> = (0..997).map(|_| random.next() as u8).collect();
                let _ = use_it(&file.clone().fill(&name, &noise));
            }
        }
    }
}

#[test]
fn vectors_that_are_not_finite_are_an_error() {
    for file in files() {
        for name in ["embeddings.norm.weight", "layer.0.attention_norm.bias", "layer.1.output_norm.weight"] {
            let outcome = use_it(&file.clone().fill(name, &NAN));
            assert!(matches!(outcome, Err(Error::NotFinite { .. })), "{name}: {outcome:?}");
        }
    }
}

#[test]
fn outliers_that_are_no_input_are_refused() {
    let [int8, ..] = files();
    for (name, inputs) in
        [("layer.0.qkv.outliers", 16u32), ("layer.1.intermediate.outliers", 16), ("layer.0.output.outliers", 64)]
    {
        for channel in [inputs, u32::MAX, 1 << 31] {
            let outcome = use_it(&int8.clone().fill(name, &channel.to_le_bytes()));
            assert!(matches!(&outcome, Err(Error::Config { field, .. }) if field == name), "{name}: {outcome:?}");
        }
        use_it(&int8.clone().fill(name, &(inputs - 1).to_le_bytes())).expect("the last input is one");
    }
}

#[test]
fn groups_that_do_not_divide_the_inputs_are_refused() {
    let [int8, ..] = files();
    let name = "layer.0.output.sum";
    assert_eq!(int8.header[name]["shape"], json!([2, 4, 8]), "64 inputs have four groups");
    // As many values, in another number of groups.
    for groups in [1, 2, 8, 16, 32, 64, 0] {
        let mut file = int8.clone();
        file.header[name]["shape"] = json!([64 / 8 / groups.max(1), groups, 8]);
        assert!(use_it(&file).is_err(), "{groups} groups");
    }
}

/// A vocabulary whose ids are no rows of the word embeddings.
#[test]
fn ids_beyond_the_vocabulary_are_an_error() {
    for file in files() {
        let mut file = file;
        let range = file.bytes_of("tokenizer.trie");
        let mut leaves = 0;
        for slot in file.data[range].chunks_exact_mut(4) {
            let node = u32::from_le_bytes([slot[0], slot[1], slot[2], slot[3]]);
            if node & 1 << 8 != 0 {
                slot.copy_from_slice(&(node | 1 << 20).to_le_bytes());
                leaves += 1;
            }
        }
        assert!(leaves > 20, "{leaves} leaves");
        assert!(matches!(use_it(&file), Err(Error::TokenId { token: None, vocab_size: 40, .. })));
    }
}

/// Slots that lead to each other: nodes without a byte of their own, above a leaf.
#[test]
fn tries_that_go_in_circles_end() {
    let [int8, ..] = files();
    let range = int8.bytes_of("tokenizer.trie");
    let node = |label: u32, is_leaf: bool, payload: u32| label | u32::from(is_leaf) << 8 | 1 << 9 | payload << 10;
    for circle in [
        vec![node(0, false, 9), node(0, false, 9), node(0, false, 9), 0xff, 0xff, node(0, false, 5), node(1, true, 7)],
        vec![node(0, false, 0), node(1, true, 7), node(2, false, 0), node(3, false, 0)],
        vec![node(0, false, 1), node(0, true, 7), node(1, false, 1), node(2, true, 7)],
    ] {
        let mut file = int8.clone();
        let slots = file.data[range.clone()].chunks_exact_mut(4);
        let circle = circle.into_iter().chain(std::iter::repeat(0xff));
        slots.zip(circle).for_each(|(slot, node)| slot.copy_from_slice(&node.to_le_bytes()));
        let file = file.seal();
        let embedder = Embedder::from_bytes(file).expect("any trie is safe to walk");
        for id in 0..20 {
            let _ = embedder.tokenizer().id_to_token(id);
        }
        let _ = embedder.encode(&TEXTS, &EncodeOptions::default());
    }
}

#[test]
fn random_slots() {
    let mut random = Random(3);
    for round in 0..400 {
        let [int8, ..] = files();
        let mut file = int8;
        let range = file.bytes_of("tokenizer.trie");
        let slots = range.len() / 4;
        for slot in file.data[range].chunks_exact_mut(4) {
            if round % 4 == 0 || random.below(8) == 0 {
                let label = *random.pick(b"\0\xffaAbct#1 ") as u32;
                let node = label | (random.below(4) as u32) << 8 | (random.below(slots + 9) as u32) << 10;
                slot.copy_from_slice(&node.to_le_bytes());
            }
        }
        let _ = use_it(&file);
    }
}

/// The caller's own tokens, too.
#[test]
fn encodings_that_no_tokenizer_made() {
    for file in files() {
        let file = file.seal();
        let embedder = Embedder::from_bytes(file).expect("nothing is damaged");
        let good = embedder.tokenizer().encode("the cat", 9, Truncation::Right).expect("it is short");
        let with = |ids: Vec<u32>, type_ids: Vec<u32>| minilm::Tokens { ids, type_ids, ..good.clone() };
        for bad in [
            with(vec![40], vec![0]),
            with(vec![u32::MAX], vec![0]),
            with(vec![1; 33], vec![0; 33]),
            with(vec![], vec![]),
            with(vec![1, 2], vec![0]),
        ] {
            assert!(embedder.embed(std::slice::from_ref(&bad), Pooling::Mean).is_err(), "{bad:?}");
            assert!(embedder.embed(&[good.clone(), bad], Pooling::Cls).is_err());
        }
        // Without types, any will do.
        let types = embedder.config().encoder.type_vocab_size;
        let other_type = with(vec![1], vec![2]);
        assert_eq!(embedder.embed(&[other_type], Pooling::Mean).is_err(), types > 0);
        let whole = with(vec![1; 32], vec![1; 32]);
        assert_eq!(embedder.embed(&[whole], Pooling::Max).map(|data| data.len()).ok(), Some(16));
    }
}
