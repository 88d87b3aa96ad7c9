//! Any text under any setting of the pipeline: the ids, type ids and offsets of the `tokenizers` crate.
//!
//! The first two bytes of the input are settings and truncation, the rest is the text; its first NUL parts a pair.
#![no_main]

mod common;

use std::cell::RefCell;

use common::oracle::Oracle;
use common::split;
use common::tiny::Tiny;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

thread_local! {
    static ORACLES: Vec<RefCell<Oracle>> = (0..32).map(oracle).map(RefCell::new).collect();
}

/// The tokenizer with settings that are the bits of `settings`.
fn oracle(settings: u8) -> Oracle {
    let bit = |bit: u8| settings & 1 << bit != 0;
    let tokenizer = Tiny::default()
        .set("tokenizer.json", "/normalizer/clean_text", json!(!bit(0)))
        .set("tokenizer.json", "/normalizer/handle_chinese_chars", json!(!bit(1)))
        .set("tokenizer.json", "/normalizer/strip_accents", json!(!bit(2)))
        .set("tokenizer.json", "/normalizer/lowercase", json!(!bit(3)))
        .set("tokenizer.json", "/model/max_input_chars_per_word", json!(8))
        .json["tokenizer.json"]
        .clone();
    if bit(4) { Oracle::lowercase_first(&tokenizer) } else { Oracle::new(&tokenizer) }
}

fuzz_target!(|data: &[u8]| {
    let (settings, data) = split(data);
    let (length, text) = split(data);
    let text = String::from_utf8_lossy(text);
    ORACLES.with(|oracles| {
        let oracle = &mut *oracles[usize::from(settings % 32)].borrow_mut();
        oracle.check(&text);
        let length = 3 + usize::from(length);
        oracle.check_truncated(&[&text], length..length + 1);
        if let Some((a, b)) = text.split_once('\0') {
            oracle.check_pairs(&[a, b], length..length + 1);
        }
    });
});
