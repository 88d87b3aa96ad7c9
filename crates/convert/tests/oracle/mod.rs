//! The `tokenizers` crate beside our tokenizer, over one `tokenizer.json`.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ops::Range;

use minilm::{Tokens, Truncation};
use minilm_convert::{ModelFiles, Source};
use serde_json::{Value, json};
use tokenizers::{TruncationDirection, TruncationParams, TruncationStrategy};

use crate::common::tiny::Tiny;

/// Both tokenizers.
pub struct Oracle {
    source: Source,
    theirs: tokenizers::Tokenizer,
}

impl Oracle {
    /// `tokenizer` is the content of a tokenizer.json.
    pub fn new(tokenizer: &Value) -> Self {
        Self { source: source(tokenizer, false), theirs: theirs(tokenizer) }
    }

    /// The same where sentence_bert_config.json says `do_lower_case`: sentence-transformers 6 then puts `Lowercase` before
    /// the normalizer.
    pub fn lowercase_first(tokenizer: &Value) -> Self {
        let mut sequence = tokenizer.clone();
        sequence["normalizer"] =
            json!({"type": "Sequence", "normalizers": [{"type": "Lowercase"}, tokenizer["normalizer"]]});
        Self { source: source(tokenizer, true), theirs: theirs(&sequence) }
    }

    pub fn tokenizer(&self) -> minilm::Tokenizer<'_> {
        self.source.tokenizer()
    }

    pub fn vocabulary(&self) -> Vec<String> {
        let mut vocabulary: Vec<String> = self.theirs.get_vocab(true).into_keys().collect();
        vocabulary.sort();
        vocabulary
    }

    /// Both must give the same ids, type ids and offsets for the whole of `text`.
    pub fn check(&self, text: &str) {
        let expected = self.theirs.encode(text, true).expect("the oracle takes every text");
        let found = self.tokenizer().encode(text, usize::MAX, Truncation::Off).expect("there is no limit");
        assert_same(&found, &expected, text);
    }

    /// The same for the ids alone.
    pub fn check_ids(&self, text: &str) {
        let expected = self.theirs.encode(text, true).expect("the oracle takes every text");
        let found = self.tokenizer().encode(text, usize::MAX, Truncation::Off).expect("there is no limit");
        assert_eq!(found.ids, expected.get_ids(), "{text:?}");
    }

    /// The same, cut to each of `lengths` tokens at either end.
    pub fn check_truncated(&mut self, texts: &[&str], lengths: Range<usize>) {
        for (direction, truncation) in
            [(TruncationDirection::Right, Truncation::Right), (TruncationDirection::Left, Truncation::Left)]
        {
            for max_length in lengths.clone() {
                self.limit(max_length, direction);
                for text in texts {
                    let expected = self.theirs.encode(*text, true).expect("the oracle takes every text");
                    let found = self.tokenizer().encode(text, max_length, truncation).expect("long texts are cut");
                    assert_same(&found, &expected, &format!("{max_length} tokens, {direction:?}: {text}"));
                }
            }
        }
        self.theirs.with_truncation(None).expect("no limit is a limit");
    }

    /// The same for every pair of `texts`. The oracle cuts whole encodings here: `encode` of version 0.23.2 stops reading a
    /// text at `max_length` tokens, and then may take the shorter of two long texts for the longer one. Version 0.23.3,
    /// which `tokens.json` comes from, does not.
    pub fn check_pairs(&mut self, texts: &[&str], lengths: Range<usize>) {
        let whole: Vec<_> = texts.iter().map(|&text| self.theirs.encode(text, false)).collect();
        let whole: Vec<_> = whole.into_iter().map(|encoding| encoding.expect("the oracle takes every text")).collect();
        for (direction, truncation) in
            [(TruncationDirection::Right, Truncation::Right), (TruncationDirection::Left, Truncation::Left)]
        {
            for max_length in lengths.clone() {
                self.limit(max_length, direction);
                for (a, b) in (0..texts.len()).flat_map(|a| (0..texts.len()).map(move |b| (a, b))) {
                    let pair = self.theirs.post_process(whole[a].clone(), Some(whole[b].clone()), true);
                    let expected = pair.expect("the oracle takes every pair");
                    let (a, b) = (texts[a], texts[b]);
                    let found = self.tokenizer().encode_pair(a, b, max_length, truncation).expect("long texts are cut");
                    assert_same(&found, &expected, &format!("{max_length} tokens, {direction:?}: {a:?}, {b:?}"));
                }
            }
        }
        self.theirs.with_truncation(None).expect("no limit is a limit");
    }

    /// Both must give the same text for lists of ids that they know.
    pub fn check_decoded(&self, lists: &[Vec<u32>]) {
        let ours = self.tokenizer();
        for (ids, skip) in lists.iter().flat_map(|ids| [(ids, true), (ids, false)]) {
            let expected = self.theirs.decode(ids, skip).expect("the oracle takes every id");
            let found = ours.decode(ids, skip).expect("every id is that of a token");
            assert_eq!(found, expected, "{ids:?}, special tokens {}", if skip { "left out" } else { "kept" });
        }
    }

    fn limit(&mut self, max_length: usize, direction: TruncationDirection) {
        let strategy = TruncationStrategy::LongestFirst;
        let parameters = TruncationParams { max_length, direction, strategy, stride: 0 };
        self.theirs.with_truncation(Some(parameters)).expect("the length has room for the special tokens");
    }
}

/// What minilm makes of the tokenizer. The weights do not matter, so they are those of a tiny model.
fn source(tokenizer: &Value, lowercase_first: bool) -> Source {
    try_source(tokenizer, lowercase_first).expect("the tokenizer is supported")
}

/// The same, with its error.
pub fn try_source(tokenizer: &Value, lowercase_first: bool) -> Result<Source, minilm_convert::Error> {
    let ids = tokenizer.pointer("/model/vocab").and_then(Value::as_object);
    let tokens = ids.map_or(0, serde_json::Map::len) + tokenizer["added_tokens"].as_array().map_or(0, Vec::len);
    let tiny = Tiny::default().set("config.json", "/vocab_size", json!(tokens)).set(
        "sentence_bert_config.json",
        "/do_lower_case",
        json!(lowercase_first),
    );
    let mut files: ModelFiles = tiny.files();
    files.insert("tokenizer.json", tokenizer.to_string().into_bytes());
    Source::read("oracle", &files)
}

fn theirs(tokenizer: &Value) -> tokenizers::Tokenizer {
    let mut theirs = tokenizers::Tokenizer::from_bytes(tokenizer.to_string()).expect("the oracle reads its own format");
    theirs.with_truncation(None).expect("no limit is a limit");
    theirs.with_padding(None);
    theirs
}

fn assert_same(found: &Tokens, expected: &tokenizers::Encoding, about: &str) {
    assert_eq!(found.ids, expected.get_ids(), "ids of {about:?}");
    assert_eq!(found.type_ids, expected.get_type_ids(), "type ids of {about:?}");
    let offsets = found.offsets.iter().map(|offset| (offset.start, offset.end));
    assert!(offsets.eq(expected.get_offsets().iter().copied()), "offsets of {about:?}: {found:?}, {expected:?}");
}
