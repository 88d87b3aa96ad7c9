//! The identity of a model: one for a model, whichever files it comes from, and another for every setting that decides its vectors.
//! `formats.rs` and `torch.rs` show that all formats of weights give the same packed file, and so the same identity.

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::packed_file::PackedFile;
use common::tiny::{Tiny, VOCABULARY, modules};
use minilm::Precision;
use minilm_convert::{ModelFiles, Source};
use safetensors::Dtype;
use serde_json::json;

fn of(tiny: &Tiny) -> String {
    identity("tiny", &tiny.files())
}

fn identity(name: &str, files: &ModelFiles) -> String {
    Source::read(name, files).expect("the directory is valid").config().model_sha256.clone()
}

const PROMPTS: &str = "config_sentence_transformers.json";

#[test]
fn a_model_has_one_identity() {
    let tiny = Tiny::default();
    let own = of(&tiny);
    assert_eq!((own.len(), identity("another name", &tiny.files())), (64, own.clone()));
    for precision in Precision::ALL {
        assert_eq!(PackedFile::open(&tiny.pack(precision)).config()["model_sha256"], own, "{precision}");
    }
    let mut with_prefix = tiny.clone();
    with_prefix.weights = tiny.weights.iter().map(|(name, tensor)| (format!("bert.{name}"), tensor.clone())).collect();
    for (what, same) in [
        ("f16", Tiny { dtype: Dtype::F16, ..tiny.clone() }),
        ("bf16", Tiny { dtype: Dtype::BF16, ..tiny.clone() }),
        ("names in a container", with_prefix),
        (
            "padding",
            tiny.clone().set(
                "tokenizer.json",
                "/padding",
                json!({"strategy": "BatchLongest", "direction": "Right",
            "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}),
            ),
        ),
        ("accents as letters are", tiny.clone().set("tokenizer.json", "/normalizer/strip_accents", json!(true))),
        (
            "prompts without text",
            tiny.clone().with(PROMPTS, json!({"prompts": {"query": ""}, "default_prompt_name": "query"})),
        ),
        ("the measure", tiny.clone().with(PROMPTS, json!({"similarity_fn_name": "dot"}))),
    ] {
        assert_eq!(of(&same), own, "{what}");
    }
}

/// The class of BERT takes the same tokenizer from either file.
#[test]
fn a_vocabulary_is_the_same_in_both_files() {
    let json = Tiny::default().with("tokenizer_config.json", json!({"tokenizer_class": "BertTokenizer"}));
    let mut text = json.clone().without("tokenizer.json").files();
    text.insert("vocab.txt", VOCABULARY.join("\n").into_bytes());
    assert_eq!(identity("tiny", &text), of(&json));
}

#[test]
fn another_setting_is_another_model() {
    let tiny = Tiny::default();
    let set = |file: &str, pointer: &str, value| (format!("{file} {pointer}"), tiny.clone().set(file, pointer, value));
    let with = |file: &str, content: serde_json::Value| (format!("{file} {content}"), tiny.clone().with(file, content));
    let mut other_weight = tiny.clone();
    other_weight.weights.get_mut("embeddings.LayerNorm.bias").expect("it is there").1[3] += 0.25;
    let mut swapped: BTreeMap<&str, usize> = VOCABULARY.into_iter().zip(0..).collect();
    swapped.extend([("cat", 7), ("sat", 6)]);
    let mut more_tokens = tiny.json["tokenizer.json"]["added_tokens"].as_array().expect("a list").clone();
    more_tokens.push(json!({"id": 35, "content": "the##", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": false}));
    let models = [
        ("the model itself".to_owned(), tiny.clone()),
        ("a weight".to_owned(), other_weight),
        set("config.json", "/layer_norm_eps", json!(1e-6)),
        set("config.json", "/num_attention_heads", json!(4)),
        set("1_Pooling/config.json", "/pooling_mode", json!("cls")),
        set("1_Pooling/config.json", "/pooling_mode", json!("max")),
        with("modules.json", modules(&["Transformer", "Pooling"])),
        with("modules.json", modules(&["Transformer", "Pooling", "Normalize", "Normalize"])),
        set("sentence_bert_config.json", "/max_seq_length", json!(20)),
        set("sentence_bert_config.json", "/do_lower_case", json!(true)),
        set("tokenizer.json", "/normalizer/lowercase", json!(false)),
        set("tokenizer.json", "/normalizer/strip_accents", json!(false)),
        set("tokenizer.json", "/normalizer/clean_text", json!(false)),
        set("tokenizer.json", "/normalizer/handle_chinese_chars", json!(false)),
        set("tokenizer.json", "/model/max_input_chars_per_word", json!(50)),
        set("tokenizer.json", "/model/unk_token", json!("[PAD]")),
        set("tokenizer.json", "/model/vocab", json!(swapped)),
        set("tokenizer.json", "/added_tokens", json!(more_tokens)),
        with(PROMPTS, json!({"prompts": {"query": "query: "}})),
        with(PROMPTS, json!({"prompts": {"query": "query: "}, "default_prompt_name": "query"})),
    ];
    let identities: BTreeSet<String> = models.iter().map(|(_, model)| of(model)).collect();
    assert_eq!(identities.len(), models.len());
}
