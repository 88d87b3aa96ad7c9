//! Any bytes as the files of a tokenizer, and a valid tokenizer.json with some bytes changed: an error or a tokenizer, never a panic. What
//! is read from a tokenizer.json gives the ids that the `tokenizers` crate gives.
//!
//! The first byte says what the rest is: a tokenizer.json (0), changes to the tiny model's, as `changed` reads them (1), a vocab.txt that is
//! alone (2), or with a NUL between them a tokenizer.json, a vocab.txt, a tokenizer_config.json and an added_tokens.json (3); one
//! that is empty is not there.
#![no_main]

mod common;

use std::sync::LazyLock;

use common::tiny::{TEXTS, Tiny};
use common::{changed, split};
use libfuzzer_sys::fuzz_target;
use minilm::{Tokenizer, Truncation};
use minilm_convert::{ModelFiles, Source};

/// The model without its tokenizer.
static TINY: LazyLock<Tiny> =
    LazyLock::new(|| Tiny::default().without("tokenizer.json").without("tokenizer_config.json"));
static JSON: LazyLock<Vec<u8>> = LazyLock::new(|| Tiny::default().json["tokenizer.json"].to_string().into_bytes());
/// Says that tokenizer.json is taken as it is.
const AS_IT_IS: &[u8] = br#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#;

const FILES: [&str; 4] = ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "added_tokens.json"];

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let mut files = TINY.files();
    match mode % 4 {
        0 => check(files, data.to_vec()),
        1 => check(files, changed(&JSON, data)),
        2 => {
            files.insert("vocab.txt", data.to_vec());
            tokenize(&files);
        }
        _ => {
            let parts = FILES.iter().zip(data.split(|&byte| byte == 0));
            parts.filter(|(_, part)| !part.is_empty()).for_each(|(file, part)| files.insert(*file, part.to_vec()));
            tokenize(&files);
        }
    }
});

fn tokenize(files: &ModelFiles) {
    let Ok(source) = Source::read("fuzz", files) else { return };
    for text in TEXTS {
        let _ = source.tokenizer().encode(text, 9, Truncation::Left);
        let _ = ids(&source.tokenizer(), text);
    }
}

fn ids(tokenizer: &Tokenizer<'_>, text: &str) -> Vec<u32> {
    tokenizer.encode(text, usize::MAX, Truncation::Off).expect("there is no limit").ids
}

/// Reads a tokenizer.json with both.
fn check(mut files: ModelFiles, json: Vec<u8>) {
    files.insert("tokenizer_config.json", AS_IT_IS.to_vec());
    files.insert("tokenizer.json", json.clone());
    let Ok(source) = Source::read("fuzz", &files) else { return };
    let Ok(mut theirs) = tokenizers::Tokenizer::from_bytes(&json) else { return };
    theirs.with_truncation(None).expect("no limit is a limit");
    theirs.with_padding(None);
    for text in TEXTS {
        // Theirs refuses a text with an unknown word where the vocabulary has no word for it.
        let Ok(expected) = theirs.encode(text, true) else { continue };
        assert_eq!(ids(&source.tokenizer(), text), expected.get_ids(), "{text:?}");
    }
}
