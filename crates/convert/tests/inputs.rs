//! The small files of a model directory, in the forms that sentence-transformers 2 to 6 write: read, or refused by name.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::{Tiny, modules};
use minilm::{Config, Embedder, EncodeOptions, Pooling, Precision, SimilarityFunction};
use minilm_convert::Error;
use serde_json::{Value, json};

fn read(tiny: &Tiny) -> Config {
    tiny.read().expect("the directory is valid").config().clone()
}

/// The error's text, which must name what it is about.
fn refused(tiny: &Tiny, parts: &[&str]) {
    let error = tiny.read().expect_err("the directory is not supported");
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}, expected {parts:?}");
}

fn pooling(file: Value) -> Tiny {
    Tiny::default().with("1_Pooling/config.json", file)
}

#[test]
fn pooling_flags_of_version_2() {
    for (flag, expected) in [
        ("pooling_mode_cls_token", Pooling::Cls),
        ("pooling_mode_mean_tokens", Pooling::Mean),
        ("pooling_mode_max_tokens", Pooling::Max),
        ("pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ] {
        let mut file = json!({
            "word_embedding_dimension": 16, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": false,
            "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false,
            "pooling_mode_weightedmean_tokens": false, "pooling_mode_lasttoken": false, "include_prompt": true,
        });
        file[flag] = json!(true);
        assert_eq!(read(&pooling(file)).pooling, expected);
    }
}

#[test]
fn pooling_mode_of_version_6() {
    for (mode, expected) in [
        (json!("cls"), Pooling::Cls),
        (json!("mean"), Pooling::Mean),
        (json!("max"), Pooling::Max),
        (json!("mean_sqrt_len_tokens"), Pooling::MeanSqrtLen),
        (json!(["max"]), Pooling::Max),
    ] {
        let file = json!({"embedding_dimension": 16, "pooling_mode": mode, "include_prompt": true});
        assert_eq!(read(&pooling(file)).pooling, expected);
    }
}

#[test]
fn other_poolings_are_refused_by_name() {
    let path = "1_Pooling/config.json: pooling_mode";
    for (file, names) in [
        (json!({"pooling_mode": "weightedmean"}), "weightedmean"),
        (json!({"pooling_mode": "lasttoken"}), "lasttoken"),
        (json!({"pooling_mode": ["mean", "max"]}), "mean + max"),
        (json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}), "cls + mean"),
        (json!({"pooling_mode_weightedmean_tokens": true}), "weightedmean"),
        (json!({"pooling_mode_lasttoken": true}), "lasttoken"),
    ] {
        refused(&pooling(file), &[path, names]);
    }
    refused(&pooling(json!({"pooling_mode": "mean", "include_prompt": false})), &["include_prompt"]);
    refused(&pooling(json!({"pooling_mode": "mean", "attention": 1})), &["1_Pooling/config.json", "attention"]);
    refused(&Tiny::default().without("1_Pooling/config.json"), &["no `1_Pooling/config.json`"]);
}

#[test]
fn modules_in_the_names_of_every_version() {
    for (prefix, suffixes) in [
        ("sentence_transformers.models.", ["Transformer", "Pooling", "Normalize"]),
        (
            "sentence_transformers.",
            [
                "base.modules.transformer.Transformer",
                "sentence_transformer.modules.pooling.Pooling",
                "base.modules.normalize.Normalize",
            ],
        ),
    ] {
        let mut list = modules(&["Transformer", "Pooling", "Normalize"]);
        for (module, suffix) in list.as_array_mut().expect("an array").iter_mut().zip(suffixes) {
            module["type"] = json!(format!("{prefix}{suffix}"));
        }
        assert!(read(&Tiny::default().with("modules.json", list.clone())).normalize);
        list.as_array_mut().expect("an array").pop();
        assert!(!read(&Tiny::default().with("modules.json", list)).normalize);
    }
    let bare = read(&Tiny::default().without("modules.json").without("1_Pooling/config.json"));
    assert_eq!((bare.pooling, bare.normalize), (Pooling::Mean, false), "as sentence-transformers takes a bare BERT");
}

#[test]
fn other_modules_are_refused_by_name() {
    for classes in [
        &["Transformer", "Normalize", "Pooling"][..],
        &["Transformer", "Pooling", "Pooling"],
        &["Transformer", "Dense", "Pooling"],
        &["Pooling", "Transformer"],
        &["Transformer"],
        &[],
    ] {
        refused(&Tiny::default().with("modules.json", modules(classes)), &["modules.json", &classes.join(", ")]);
    }
    for (class, reason) in [
        ("StaticEmbedding", "or one StaticEmbedding"),
        ("WeightedLayerPooling", "all layers"),
        ("LSTM", "another network"),
        ("CNN", "another network"),
        ("BoW", "counts words"),
        ("WordWeights", "weights words"),
        ("CLIPModel", "images"),
        ("Router", "queries"),
        ("Whitening", "supported are Transformer, Pooling, StaticEmbedding"),
    ] {
        let list = modules(&["Transformer", "Pooling", class]);
        refused(&Tiny::default().with("modules.json", list), &["modules.json", class, reason]);
    }
    let mut list = modules(&["Transformer", "Pooling"]);
    list[0]["type"] = json!("custom_st.Transformer");
    refused(&Tiny::default().with("modules.json", list), &["custom_st.Transformer", "code of its own"]);
}

#[test]
fn other_architectures_are_refused_by_name() {
    for (field, value) in [
        ("hidden_act", json!("gelu_new")),
        ("hidden_act", json!("relu")),
        ("position_embedding_type", json!("relative_key")),
        ("position_embedding_type", json!("alibi")),
    ] {
        let name = value.as_str().expect("a string").to_owned();
        let tiny = Tiny::default().set("config.json", &format!("/{field}"), value);
        refused(&tiny, &["config.json", field, &format!("`{name}`")]);
    }
    refused(&Tiny::default().set("config.json", "/is_decoder", json!(true)), &["is_decoder"]);
    // Other architectures lack other fields: the type is what the error is about.
    for (model_type, reason) in [
        ("t5", "relative bias"),
        ("roberta", "byte-level BPE"),
        ("xlm-roberta", "SentencePiece"),
        ("camembert", "SentencePiece"),
        ("modernbert", "rotary"),
        ("nomic_bert", "rotary"),
        ("new", "rotary"),
        ("qwen3", "decoder"),
        ("albert", "share"),
        ("clip", "images"),
        ("megabert", "supported are `bert`, `distilbert` and `mpnet`"),
    ] {
        let named = format!("`{model_type}`");
        let tiny = Tiny::default().with("config.json", json!({"model_type": model_type}));
        refused(&tiny, &["config.json", "model_type", &named, reason]);
    }
    let relu = json!({"model_type": "distilbert", "activation": "relu", "vocab_size": 40, "dim": 16, "n_layers": 1, "n_heads": 2,
        "hidden_dim": 32, "max_position_embeddings": 32});
    refused(&Tiny::default().with("config.json", relu), &["config.json: activation", "`relu`"]);
    refused(&Tiny::default().with("config.json", json!({"hidden_size": 16})), &["model_type"]);
}

/// A directory whose `config.json` lacks a field.
fn without_field(field: &str) -> Tiny {
    let mut tiny = Tiny::default();
    tiny.json.get_mut("config.json").and_then(Value::as_object_mut).expect("an object").remove(field);
    tiny
}

#[test]
fn fields_that_may_be_missing_have_the_defaults_of_transformers() {
    assert_eq!(read(&without_field("type_vocab_size")).encoder.type_vocab_size, 2);
    assert_eq!(read(&without_field("layer_norm_eps")).encoder.layer_norm_eps, 1e-12);
}

#[test]
fn missing_files_and_fields_are_named() {
    for file in ["config.json", "tokenizer.json"] {
        assert!(matches!(Tiny::default().without(file).read(), Err(Error::MissingFile(missing)) if missing == file));
    }
    let fields = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"];
    for field in fields.into_iter().chain(["max_position_embeddings"]) {
        refused(&without_field(field), &["config.json", field]);
    }
    refused(&Tiny::default().set("config.json", "/num_attention_heads", json!(3)), &["num_attention_heads"]);
    refused(
        &Tiny::default().with("sentence_bert_config.json", json!({"max_seq_length": -1})),
        &["sentence_bert_config.json"],
    );
}

#[test]
fn max_seq_length_is_the_smallest_limit_that_is_set() {
    let length = |own: Value, tokenizer: Value| {
        let tiny = Tiny::default().with("sentence_bert_config.json", json!({"max_seq_length": own}));
        read(&tiny.with("tokenizer_config.json", json!({"model_max_length": tokenizer}))).max_seq_length
    };
    assert_eq!(length(json!(24), json!(16)), 24, "sentence-transformers overrules the tokenizer");
    assert_eq!(length(json!(null), json!(16)), 16);
    assert_eq!(length(json!(null), json!(1e30)), 32, "as many as there are positions");
    assert_eq!(length(json!(null), json!(1_000_000_000_000_000_019_884_624_838_656_u128 as f64)), 32);
    assert_eq!(length(json!(null), json!(null)), 32);
    assert_eq!(length(json!(64), json!(16)), 32);
    let bare = Tiny::default().without("sentence_bert_config.json");
    assert_eq!(read(&bare).max_seq_length, 32);
    refused(&Tiny::default().with("sentence_bert_config.json", json!({"max_seq_length": 1})), &["max_seq_length"]);
    refused(&Tiny::default().with("tokenizer_config.json", json!({"truncation_side": "left"})), &["truncation_side"]);
}

#[test]
fn do_lower_case_lowers_before_everything_else() {
    let cased = Tiny::default().set("tokenizer.json", "/normalizer/lowercase", json!(false));
    let ids = |tiny: &Tiny| {
        let file = tiny.pack(Precision::F32);
        let embedder = Embedder::from_bytes(file).expect("packed files are valid");
        let encodings = embedder.tokenize(&["THE cat [SEP]"], &EncodeOptions::default()).expect("it is short");
        encodings[0].ids.clone()
    };
    assert_eq!(ids(&cased), [2, 1, 6, 3, 3]);
    assert_eq!(ids(&cased.set("sentence_bert_config.json", "/do_lower_case", json!(true))), [2, 5, 6, 3, 3]);
}

#[test]
fn prompts() {
    let with = |file: Value| Tiny::default().with("config_sentence_transformers.json", file);
    let tiny = with(json!({"prompts": {"query": "the ", "odd": null, "b": "b"}, "default_prompt_name": "query"}));
    let config = read(&tiny);
    let found: Vec<(&str, &str)> = config.prompts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(found, [("b", "b"), ("document", ""), ("odd", ""), ("query", "the ")]);

    let file = tiny.pack(Precision::F32);
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    let encode = |text: &str, prompt_name: Option<&str>, prompt: Option<&str>| {
        let (prompt_name, prompt) = (prompt_name.map(str::to_owned), prompt.map(str::to_owned));
        embedder
            .encode(&[text], &EncodeOptions { prompt_name, prompt, ..EncodeOptions::default() })
            .expect("it is short")
    };
    let by_default = encode("cat", None, None);
    assert_eq!(by_default, encode("the cat", Some("odd"), None));
    assert_eq!(by_default, encode("the cat", None, Some("")), "an empty prompt is one");
    assert_eq!(encode("at", Some("b"), None), encode("bat", Some("document"), None));

    refused(&with(json!({"default_prompt_name": "none"})), &["default_prompt_name", "`none`"]);
    refused(&with(json!({"truncate_dim": 8})), &["truncate_dim", "8"]);
    refused(&with(json!({"similarity_fn_name": "hamming"})), &["config_sentence_transformers.json", "hamming"]);
    assert_eq!(read(&with(json!({"similarity_fn_name": "dot"}))).similarity, SimilarityFunction::Dot);
    assert_eq!(read(&with(json!({"similarity_fn_name": null}))).similarity, SimilarityFunction::Cosine);
}

/// What `SentenceTransformer.save` of version 6.2 writes.
#[test]
fn version_6_2() {
    let file = |text: &str| serde_json::from_str(text).expect("the text is JSON");
    let mut tiny = Tiny::default().with("1_Pooling/config.json", file(r#"{"embedding_dimension": 16, "pooling_mode": "mean", "include_prompt": true}"#))
        .with("sentence_bert_config.json", file(
            r#"{"transformer_task": "feature-extraction", "modality_config": {"text": {"method": "forward",
            "method_output_name": "last_hidden_state"}}, "module_output_name": "token_embeddings"}"#,
        ))
        .with("config_sentence_transformers.json", file(
            r#"{"__version__": {"pytorch": "2.15.0+cu132", "sentence_transformers": "6.2.0", "transformers": "5.23.0"},
            "default_prompt_name": null, "model_type": "SentenceTransformer", "prompts": {"document": "", "query": ""},
            "similarity_fn_name": "cosine"}"#,
        ))
        .with("tokenizer_config.json", file(
            r#"{"backend": "tokenizers", "do_lower_case": true, "max_length": 128, "model_max_length": 20, "stride": 0,
            "pad_to_multiple_of": null, "truncation_side": "right", "truncation_strategy": "longest_first"}"#,
        ));
    for (field, value) in [
        ("add_cross_attention", json!(false)),
        ("classifier_dropout", json!(null)),
        ("dtype", json!("float32")),
        ("is_decoder", json!(false)),
        ("position_embedding_type", json!("absolute")),
        ("tie_word_embeddings", json!(true)),
        ("use_cache", json!(false)),
    ] {
        tiny = tiny.set("config.json", &format!("/{field}"), value);
    }
    let config = read(&tiny);
    assert_eq!((config.max_seq_length, config.pooling, config.normalize), (20, Pooling::Mean, true));
    assert_eq!(config.prompts.keys().collect::<Vec<_>>(), ["document", "query"]);
    let refuse = |field: &str, value| {
        let tiny = tiny.clone().set("sentence_bert_config.json", &format!("/{field}"), value);
        refused(&tiny, &["sentence_bert_config.json", field]);
    };
    refuse("transformer_task", json!("fill-mask"));
    refuse("some_new_setting", json!(3));
}

#[test]
fn older_models_have_their_transformer_in_a_folder() {
    let mut tiny = Tiny::default();
    let expected = tiny.read().expect("the directory is valid").pack(Precision::F32).expect("the weights fit");
    let weights = tiny.safetensors();
    for file in ["config.json", "sentence_bert_config.json", "tokenizer.json"] {
        let content = tiny.json.remove(file).expect("it was there");
        tiny = tiny.with(&format!("0_Transformer/{file}"), content);
    }
    let mut files = tiny.files();
    files.insert("0_Transformer/model.safetensors", weights);
    let source = minilm_convert::Source::read("tiny", &files).expect("the directory is valid");
    assert_eq!(source.pack(Precision::F32).expect("the weights fit"), expected);
}
