//! Token ids to text: what the `tokenizers` crate gives, or an error where it leaves something out in silence.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod oracle;

use common::random::Random;
use common::tiny::{Tiny, VOCABULARY};
use common::{MODELS, model_file, packed, texts};
use minilm::{Embedder, Error, ErrorKind, Truncation};
use oracle::Oracle;
use serde_json::{Value, json};

/// Random lists of ids below `end`, of up to 40.
fn lists(random: &mut Random, count: usize, end: usize) -> Vec<Vec<u32>> {
    let list = |_| {
        let len = random.below(41);
        (0..len).map(|_| random.below(end) as u32).collect()
    };
    (0..count).map(list).collect()
}

fn with_decoder(decoder: Value) -> Value {
    let mut tokenizer = Tiny::default().json["tokenizer.json"].clone();
    tokenizer["decoder"] = decoder;
    tokenizer
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn random_ids_of_the_model() {
    let tokenizer = serde_json::from_slice(&model_file(MODELS[0], "tokenizer.json")).expect("JSON");
    let oracle = Oracle::new(&tokenizer);
    oracle.check_decoded(&lists(&mut Random(1), 20_000, 30_522));
    // Contractions, punctuation and special tokens, which random ids rarely have side by side.
    let frequent = [
        "[CLS]", "[SEP]", "[PAD]", "don", "do", "not", "n", "'", "t", "s", "##s", "m", "re", "ve", ".", ",", "?", "!",
        "a",
    ];
    let frequent = frequent.map(|token| oracle.tokenizer().token_to_id(token).expect("the vocabulary has it"));
    let mut frequent_lists = lists(&mut Random(2), 20_000, frequent.len());
    frequent_lists.iter_mut().flatten().for_each(|id| *id = frequent[*id as usize]);
    oracle.check_decoded(&frequent_lists);
    let tokenizer = oracle.tokenizer();
    let ids = |text: &String| tokenizer.encode(text, usize::MAX, Truncation::Off).expect("there is no limit").ids;
    oracle.check_decoded(&texts().iter().map(ids).collect::<Vec<_>>());
}

/// The files that are tested everywhere else decode too.
#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_packed_model_decodes() {
    for model in MODELS {
        let embedder = Embedder::from_bytes(packed(model, "int8")).expect("packed files are valid");
        let decode = |ids: &[u32], skip| embedder.tokenizer().decode(ids, skip);
        let ids = embedder.tokenizer().encode("What is a neuron?", usize::MAX, Truncation::Off).expect("no limit").ids;
        assert_eq!(decode(&ids, true).ok().as_deref(), Some("what is a neuron?"));
        assert_eq!(decode(&ids, false).ok().as_deref(), Some("[CLS] what is a neuron? [SEP]"));
        assert!(matches!(decode(&[101, 30_522], true), Err(Error::UnknownToken { index: 0, id: 30_522 })));
    }
}

#[test]
fn every_decoder() {
    let decoders = [
        json!(null),
        json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
        json!({"type": "WordPiece", "prefix": "##", "cleanup": false}),
        json!({"type": "WordPiece", "prefix": "", "cleanup": true}),
        json!({"type": "WordPiece", "prefix": "a", "cleanup": true}),
    ];
    for decoder in decoders {
        let oracle = Oracle::new(&with_decoder(decoder));
        oracle.check_decoded(&lists(&mut Random(3), 300, VOCABULARY.len()));
    }
}

/// Special or not, normalized or not, in the vocabulary or not.
#[test]
fn added_tokens() {
    let mut tokenizer = with_decoder(json!({"type": "WordPiece", "prefix": "##", "cleanup": true}));
    let added = tokenizer["added_tokens"].as_array_mut().expect("an array");
    for (id, content, normalized, special) in [
        (40, "dog", false, false),
        (41, "<x>", false, true),
        (42, "The Cat", true, false),
        (43, "<Y>", true, true),
        (44, "<z>", true, true),
        (45, "##dogs", false, false),
    ] {
        added.push(json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": normalized, "special": special}));
    }
    let oracle = Oracle::new(&tokenizer);
    oracle.check_decoded(&(40..46).map(|id| vec![5, id, 6, id]).collect::<Vec<_>>());
    oracle.check_decoded(&lists(&mut Random(4), 300, 46));
}

#[test]
fn an_unknown_id_is_an_error() {
    let oracle = Oracle::new(&with_decoder(json!(null)));
    for id in [40, 4_194_303, 4_194_304, u32::MAX] {
        let error = oracle.tokenizer().decode(&[5, id], true).expect_err("no token has this id");
        assert_eq!(error.kind(), ErrorKind::Input);
        assert_eq!(
            error.to_string(),
            format!("text 0 has token id {id}, and the vocabulary has no token with this id")
        );
    }
}

/// It has no part in embedding, so it is no reason to refuse a model.
#[test]
fn another_decoder_is_an_error_of_decoding_alone() {
    for (decoder, name) in [
        (json!({"type": "BPEDecoder", "suffix": "</w>"}), "BPEDecoder"),
        (json!({"type": "WordPiece", "prefix": "##"}), "WordPiece"),
        (json!({}), ""),
        (json!(3), ""),
    ] {
        let source = oracle::try_source(&with_decoder(decoder.clone()), false).expect("it embeds");
        let error = source.tokenizer().decode(&[5], true).expect_err("it does not decode");
        let expected = format!("configuration field `decoder`: `{name}` is not supported, only WordPiece or none");
        assert_eq!(error.to_string(), expected, "{decoder}");
    }
}
