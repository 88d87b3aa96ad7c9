//! The vectors of the core, to the bit, however instances are used.

use std::fs;
use std::thread;

use minilm::{Embedder, EncodeOptions};

use super::{DEFAULT, Reuse, Running, component, slice, world};
use crate::paths;

/// Texts in a request.
const BATCH: usize = 40;

fn texts() -> Vec<String> {
    let texts = fs::read(paths::root().join("tests/golden/texts.json")).expect("texts.json is there");
    serde_json::from_slice(&texts).expect("texts.json is an array of strings")
}

/// What the core, compiled for this machine, gives.
fn expected(texts: &[String]) -> Vec<f32> {
    let file = fs::read(slice()).expect("the model is packed");
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let embeddings = embedder.encode(texts, &EncodeOptions::default()).expect("texts are cut at the limit");
    embeddings.data
}

fn same_bits(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "vectors differ");
}

fn check(reuse: Reuse, threads: usize) {
    let texts = texts();
    let expected = expected(&texts);
    let dim = expected.len() / texts.len();
    let running = Running::start(component(), world(&[]), reuse);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for (texts, expected) in texts.chunks(BATCH).zip(expected.chunks(BATCH * dim)) {
                    same_bits(&running.embed(texts), expected);
                }
            });
        }
    });
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_fresh_instance_for_every_request() {
    check(Reuse { max_instance_reuse_count: 1, ..DEFAULT }, 1);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn instances_that_are_used_again() {
    check(DEFAULT, 2);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn sixteen_requests_at_once_in_one_instance() {
    check(Reuse { max_instance_concurrent_reuse_count: 16, ..DEFAULT }, 16);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn sixteen_requests_at_once_in_instances_of_their_own() {
    check(Reuse { max_instance_reuse_count: 1, ..DEFAULT }, 16);
}
