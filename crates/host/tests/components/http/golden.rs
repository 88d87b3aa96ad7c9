//! The vectors of the core, to the bit, however instances are used.

use std::thread;

use minilm::{Embedder, EncodeOptions};

use minilm_host::serve::{Limits, Options};

use super::http;
use crate::running::{Running, options};
use crate::{L3, bytes, golden_texts, model, same_bits};

/// Texts in a request.
const BATCH: usize = 40;

/// What the core, compiled for this machine, gives.
fn expected(texts: &[String]) -> Vec<f32> {
    let file = bytes(&model(L3));
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let embeddings = embedder.encode(texts, &EncodeOptions::default()).expect("texts are cut at the limit");
    embeddings.data
}

fn check(reuse: Limits, threads: usize) {
    let texts = golden_texts();
    let expected = expected(&texts);
    let dim = expected.len() / texts.len();
    let running = Running::start(&http(), Options { limits: reuse, ..options(&[]) });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for (texts, expected) in texts.chunks(BATCH).zip(expected.chunks(BATCH * dim)) {
                    assert!(same_bits(&running.embed(texts), expected), "vectors differ");
                }
            });
        }
    });
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_fresh_instance_for_every_request() {
    check(Limits { max_instance_reuse_count: 1, ..Limits::default() }, 1);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn instances_that_are_used_again() {
    check(Limits::default(), 2);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn sixteen_requests_at_once_in_one_instance() {
    check(Limits { max_instance_concurrent_reuse_count: 16, ..Limits::default() }, 16);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn sixteen_requests_at_once_in_instances_of_their_own() {
    check(Limits { max_instance_reuse_count: 1, ..Limits::default() }, 16);
}
