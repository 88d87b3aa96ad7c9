//! Which tokenizer.json files are taken, on a tokenizer of 40 tokens: equal to `tokenizers`, or refused by name.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod oracle;

use common::tiny::{TEXTS, Tiny};
use minilm_convert::Error;
use oracle::{Oracle, try_source};
use serde_json::{Value, json};

fn tokenizer() -> Value {
    Tiny::default().json["tokenizer.json"].clone()
}

fn with(pointer: &str, value: Value) -> Value {
    Tiny::default().set("tokenizer.json", pointer, value).json["tokenizer.json"].clone()
}

fn refusal(tokenizer: &Value) -> String {
    match try_source(tokenizer, false) {
        Err(error @ Error::UnsupportedTokenizer(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_normalizer_setting() {
    for (field, values) in [
        ("lowercase", vec![json!(true), json!(false)]),
        ("strip_accents", vec![json!(true), json!(false), json!(null)]),
        ("clean_text", vec![json!(true), json!(false)]),
        ("handle_chinese_chars", vec![json!(true), json!(false)]),
    ] {
        for value in values {
            let tokenizer = with(&format!("/normalizer/{field}"), value);
            for text in TEXTS.iter().chain(&["The CAT\u{0}s\u{301}at \u{e9} E\u{301} 中国the", "[sep] [SEP] A\tB"]) {
                Oracle::new(&tokenizer).check(text);
                Oracle::lowercase_first(&tokenizer).check(text);
            }
        }
    }
}

#[test]
fn word_limits() {
    for limit in [0, 1, 2, 5] {
        let oracle = Oracle::new(&with("/model/max_input_chars_per_word", json!(limit)));
        ["", "a", "ab", "abcde", "abcdea", "a ab abc. 中", "É é\u{301}"]
            .into_iter()
            .for_each(|text| oracle.check(text));
    }
}

#[test]
fn truncation_and_padding_of_the_file_are_ignored() {
    let mut tokenizer = with("/truncation", json!({"max_length": 4, "strategy": "LongestFirst", "stride": 0}));
    tokenizer["padding"] = json!({"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    Oracle::new(&tokenizer).check("the cat sat on the mat");
}

#[test]
fn short_texts_and_pairs_at_every_length() {
    let mut oracle = Oracle::new(&tokenizer());
    oracle.check_truncated(&TEXTS, 2..20);
    oracle.check_pairs(&TEXTS, 3..20);
}

/// An added token is found where it is written out, and only there: it is no piece that words are made of.
#[test]
fn added_tokens_outside_the_vocabulary() {
    let mut tokenizer = tokenizer();
    let added = tokenizer["added_tokens"].as_array_mut().expect("an array");
    for (id, content) in [(40, "dog"), (41, "dogs"), (42, "中a"), (43, "##dog")] {
        added.push(json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}));
    }
    let oracle = Oracle::new(&tokenizer);
    for text in ["dog", "dogs dogss hotdog", "DOG Dogs", "a##dog aDOG", "中a 中A"] {
        oracle.check(text);
    }
    assert_eq!(oracle.tokenizer().token_to_id("dog"), Some(40));
    assert_eq!(oracle.tokenizer().id_to_token(43).as_deref(), Some("##dog"));
}

/// Such tokens are normalized themselves: found in any case, with or without accents, across words.
#[test]
fn added_tokens_in_the_normalized_text() {
    let mut tokenizer = tokenizer();
    let added = tokenizer["added_tokens"].as_array_mut().expect("an array");
    for (id, content) in [(40, "The Cat"), (41, "ABAB"), (42, "ababc"), (43, "中A"), (44, "é!")] {
        added.push(json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": true, "special": false}));
    }
    let mut oracle = Oracle::new(&tokenizer);
    for text in [
        "the cat THE CAT sat",
        "thé cat the  cat",
        "the ca",
        "abab",
        "ababab ababc abababc",
        "aababcabab",
        "中a 中 a",
        "E! é! e\u{301}!",
        "hellothe catworld",
        "[MASK]the cat[SEP]abab",
        "ab",
        "the\tcat",
        "the ca\u{301}t",
        "",
    ] {
        oracle.check(text);
    }
    let texts = ["abababab the cat ababc", "a the cat"];
    oracle.check_truncated(&texts, 2..10);
    oracle.check_pairs(&texts, 3..12);
}

#[test]
fn tokens_and_ids_are_inverse() {
    let oracle = Oracle::new(&tokenizer());
    for (token, id) in common::tiny::VOCABULARY.into_iter().zip(0..) {
        assert_eq!(oracle.tokenizer().token_to_id(token), Some(id));
        assert_eq!(oracle.tokenizer().id_to_token(id).as_deref(), Some(token));
    }
    assert_eq!(oracle.tokenizer().token_to_id("absent"), None);
    assert_eq!(oracle.tokenizer().id_to_token(40), None);
}

#[test]
fn other_pipelines_are_refused_by_name() {
    for (pointer, value, expected) in [
        ("/normalizer", json!(null), "normalizer is not BertNormalizer"),
        ("/normalizer", json!({"type": "NFC"}), "normalizer is not BertNormalizer"),
        ("/normalizer", json!({"type": "Sequence", "normalizers": []}), "normalizer is not BertNormalizer"),
        ("/pre_tokenizer", json!(null), "pre-tokenizer is not BertPreTokenizer"),
        ("/pre_tokenizer", json!({"type": "Whitespace"}), "pre-tokenizer is not BertPreTokenizer"),
        ("/model", json!({"type": "BPE", "vocab": {"a": 0}, "merges": []}), "model is not WordPiece"),
        ("/model", json!({"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}), "model is not WordPiece"),
        ("/model/continuing_subword_prefix", json!("@@"), "continuing_subword_prefix is \"@@\""),
        ("/model/unk_token", json!("[NONE]"), "\"[NONE]\""),
        ("/added_tokens/0/single_word", json!(true), "\"[PAD]\" has single_word"),
        ("/added_tokens/2/rstrip", json!(true), "\"[CLS]\" has"),
        ("/post_processor", json!(null), "post-processor"),
        ("/post_processor/single", json!([{"Sequence": {"id": "A", "type_id": 0}}]), "post-processor"),
        ("/post_processor/pair/4/SpecialToken/type_id", json!(0), "post-processor"),
        ("/model/vocab/the", json!(6), "same id 6"),
        ("/model/vocab/the", json!(100), "\"the\" has id 100"),
        ("/model/vocab/the\0cat", json!(5), "cannot be stored"),
    ] {
        let found = refusal(&with(pointer, value));
        assert!(found.contains(expected), "{pointer}: {found}");
    }
}

#[test]
fn bert_processing_is_the_same_frame() {
    let processor = json!({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]});
    let mut oracle = Oracle::new(&with("/post_processor", processor));
    oracle.check_pairs(&TEXTS, 8..9);
}

#[test]
fn pairs_of_roberta() {
    let processor = json!({"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": true,
        "add_prefix_space": false});
    let mut oracle = Oracle::new(&with("/post_processor", processor));
    assert_eq!((oracle.tokenizer().frame_len(), oracle.tokenizer().pair_frame_len()), (2, 4));
    oracle.check_truncated(&TEXTS, 2..20);
    oracle.check_pairs(&TEXTS, 4..20);
}

/// What a token strips is no part of a word: only the offsets of the token tell.
#[test]
fn tokens_that_strip_what_is_before_them() {
    for (id, normalized) in [(4, false), (4, true), (6, true)] {
        let mut tokenizer = with(&format!("/added_tokens/{}/lstrip", id.min(4)), json!(true));
        let token = &mut tokenizer["added_tokens"][id.min(4)];
        (token["id"], token["content"]) = (json!(id), json!(common::tiny::VOCABULARY[id]));
        token["normalized"] = json!(normalized);
        let oracle = Oracle::new(&tokenizer);
        for text in [
            "the [MASK] cat",
            "the \t\n\u{a0}\u{2003} [MASK][MASK]  [MASK] cat",
            " [MASK]",
            "[SEP] [MASK] [SEP]",
            "a\u{85}[MASK] b\u{200b} [MASK]",
            "the cat  cat \u{301} cat [MASK]cat",
        ] {
            oracle.check_ids(text);
        }
    }
    let mut tokenizer = with("/added_tokens/4/lstrip", json!(true));
    tokenizer["added_tokens"][0]["content"] = json!("[PAD] ");
    assert!(refusal(&tokenizer).contains("\"[MASK]\" has single_word, lstrip"));
}

#[test]
fn files_that_are_no_tokenizer_are_refused() {
    for tokenizer in [json!(null), json!([]), json!({}), json!({"version": "2.0"}), json!({"model": 3})] {
        refusal(&tokenizer);
    }
}

/// Found by fuzzing: `tokenizers` itself does not survive these.
#[test]
fn damage_that_tokenizers_panics_on_is_refused() {
    let text = tokenizer().to_string();
    let decoder = text.find("\"decoder\":{").expect("there is a decoder") + "\"decoder\":{".len();
    let mut files = Tiny::default().files();
    files.insert("tokenizer.json", format!("{}nonsense{}", &text[..decoder], &text[decoder..]).into_bytes());
    let error = minilm_convert::Source::read("tiny", &files).expect_err("this is no JSON");
    assert!(matches!(&error, Error::Json { file, .. } if file == "tokenizer.json"), "{error:?}");

    let precompiled = with("/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": 3}));
    assert!(refusal(&precompiled).contains("the normalizer is not BertNormalizer"));

    let unlisted = with("/post_processor/special_tokens", json!({}));
    assert!(refusal(&unlisted).contains("no special token \"[CLS]\""));
}
