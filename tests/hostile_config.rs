//! Configurations that no packer writes, in files that are otherwise whole.

#![cfg(not(target_family = "wasm"))]

mod common;

use common::packed_file::PackedFile;
use common::tiny::{SHAPE, Tiny};
use minilm::{Embedder, Error, Precision};
use serde_json::{Value, json};

fn refusal(change: impl FnOnce(&mut Value)) -> Error {
    let file = PackedFile::open(&Tiny::default().pack(Precision::Int8)).configure(change).seal();
    Embedder::from_bytes(file).expect_err("the configuration is wrong")
}

#[test]
fn fields_out_of_range_are_named() {
    for (pointer, values) in [
        ("/encoder/vocab_size", vec![json!(0), json!((1 << 22) + 1), json!(u64::from(u32::MAX))]),
        ("/encoder/hidden_size", vec![json!(0), json!(65537)]),
        ("/encoder/num_hidden_layers", vec![json!(0), json!(1025)]),
        ("/encoder/num_attention_heads", vec![json!(0), json!(3), json!(17), json!(65537)]),
        ("/encoder/intermediate_size", vec![json!(0), json!(65537)]),
        ("/encoder/max_position_embeddings", vec![json!(0), json!(65537)]),
        ("/encoder/type_vocab_size", vec![json!(65537)]),
        ("/encoder/relative_attention_distance", vec![json!(65537), json!(usize::MAX)]),
        ("/encoder/padding_id", vec![json!(40), json!(u32::MAX)]),
        ("/encoder/layer_norm_eps", vec![json!(0.0), json!(-1e-12), json!(1.0), json!(1e-60), json!(1e30)]),
        ("/max_seq_length", vec![json!(0), json!(1), json!(33)]),
        ("/model_sha256", vec![json!("x".repeat(64)), json!("0".repeat(65)), json!("é".repeat(32))]),
        ("/weights_sha256", vec![json!(""), json!("x".repeat(64)), json!("0".repeat(65)), json!("é".repeat(32))]),
        ("/default_prompt_name", vec![json!("none")]),
        ("/tokenizer/unk_id", vec![json!(40), json!(u32::MAX)]),
        ("/tokenizer/cls_id", vec![json!(40)]),
        ("/tokenizer/sep_id", vec![json!(40)]),
        ("/tokenizer/max_input_chars_per_word", vec![json!(65537)]),
        ("/tokenizer/added_tokens", vec![json!([{"id": 1, "content": ""}])]),
    ] {
        let field = pointer.rsplit('/').next().expect("pointers have a slash");
        for value in values {
            let (object, _) = pointer.rsplit_once('/').expect("pointers have a slash");
            let error = refusal(|config| config.pointer_mut(object).expect("it is there")[field] = value.clone());
            assert!(
                matches!(&error, Error::Config { field: found, .. } if found == field),
                "{pointer} {value}: {error:?}"
            );
        }
    }
}

#[test]
fn static_embeddings_have_nothing_of_an_encoder() {
    let file = PackedFile::open(&Tiny::of_static_embeddings(16).pack(Precision::Int8));
    assert!(Embedder::from_bytes(file.seal()).is_ok());
    for (pointer, value, expected) in [
        ("/encoder/num_attention_heads", json!(2), "num_hidden_layers"),
        ("/encoder/intermediate_size", json!(64), "num_hidden_layers"),
        ("/encoder/type_vocab_size", json!(2), "num_hidden_layers"),
        ("/encoder/relative_attention_distance", json!(91), "num_hidden_layers"),
        ("/encoder/padding_id", json!(0), "num_hidden_layers"),
        ("/tokenizer/cls_id", json!(2), "cls_id"),
        ("/tokenizer/sep_id", json!(3), "sep_id"),
    ] {
        let (object, field) = pointer.rsplit_once('/').expect("pointers have a slash");
        let changed = file.clone().configure(|config| config.pointer_mut(object).expect("it is there")[field] = value);
        let error = Embedder::from_bytes(changed.seal()).expect_err("it is refused");
        assert!(matches!(&error, Error::Config { field, .. } if field == expected), "{pointer}: {error:?}");
    }
}

#[test]
fn biases_of_attention_are_as_many_as_the_configuration_says() {
    let error = refusal(|config| config["encoder"]["relative_attention_distance"] = json!(91));
    assert!(matches!(&error, Error::MissingTensor(name) if name == "attention.bias"), "{error:?}");
    for precision in [Precision::Int8, Precision::F32] {
        let file = PackedFile::open(&Tiny::of_mpnet(SHAPE).pack(precision));
        assert!(Embedder::from_bytes(file.seal()).is_ok());
        for (field, value, tensor) in [
            ("relative_attention_distance", json!(90), "attention.bias"),
            ("relative_attention_distance", json!(65536), "attention.bias"),
            ("num_attention_heads", json!(1), "attention.bias"),
            ("padding_id", json!(null), "embeddings.position"),
        ] {
            let changed = file.clone().configure(|config| config["encoder"][field] = value);
            let error = Embedder::from_bytes(changed.seal()).expect_err("it is refused");
            assert!(matches!(&error, Error::TensorShape { name, .. } if name == tensor), "{field}: {error:?}");
        }
        let mut other_type = file.clone();
        other_type.header["attention.bias"]["dtype"] = json!("I32");
        let error = Embedder::from_bytes(other_type.seal()).expect_err("it is refused");
        assert!(matches!(&error, Error::TensorDtype { name, .. } if name == "attention.bias"), "{error:?}");
        let removed = file.configure(|config| {
            config["encoder"].as_object_mut().expect("it is an object").remove("relative_attention_distance");
        });
        assert!(Embedder::from_bytes(removed.seal()).is_ok(), "a tensor that is not used");
    }
}

/// A Dense of the packed file's configuration.
fn dense(inputs: usize, outputs: usize) -> Value {
    json!({"dense": {"in_features": inputs, "out_features": outputs, "bias": true, "activation": "tanh"}})
}

#[test]
fn modules_that_do_not_fit_are_named() {
    for (modules, expected) in [
        (vec![dense(15, 8)], "modules.0.in_features"),
        (vec![dense(16, 8), dense(16, 8)], "modules.1.in_features"),
        (vec![dense(16, 0)], "modules.0.out_features"),
        (vec![dense(16, 65537)], "modules.0.out_features"),
        (vec![json!("normalize"), json!({"layer_norm": {"dimension": usize::MAX}})], "modules.1.dimension"),
        (vec![json!("normalize"); 33], "modules"),
        (vec![json!("normalize"); 5000], "modules"),
    ] {
        let error = refusal(|config| config["modules"] = json!(modules));
        assert!(matches!(&error, Error::Config { field, .. } if field == expected), "{expected}: {error:?}");
    }
    // What fits and is not in the file.
    for (modules, tensor) in [
        (vec![dense(16, 65536)], "modules.0.weight"),
        (vec![dense(16, 8), dense(8, 4)], "modules.0.weight"),
        (vec![json!("normalize"), json!({"layer_norm": {"dimension": 16}})], "modules.1.weight"),
    ] {
        let error = refusal(|config| config["modules"] = json!(modules));
        assert!(matches!(&error, Error::MissingTensor(name) if name == tensor), "{tensor}: {error:?}");
    }
    let mut unknown = dense(16, 8);
    unknown["dense"]["activation"] = json!("softmax");
    let mut more = dense(16, 8);
    more["dense"]["gate"] = json!(1);
    for module in [unknown, more, json!("pooling"), json!({"normalize": {"eps": 1}}), json!([])] {
        let error = refusal(|config| config["modules"] = json!([module]));
        assert!(matches!(&error, Error::Json { .. }), "{module}: {error:?}");
    }
}

#[test]
fn fields_of_another_type_are_refused() {
    for (pointer, value) in [
        ("/encoder/vocab_size", json!(-1)),
        ("/encoder/hidden_size", json!(16.5)),
        ("/encoder/num_hidden_layers", json!("2")),
        ("/encoder/layer_norm_eps", json!(null)),
        ("/tokenizer/cls_id", json!(1u64 << 32)),
        ("/pooling", json!("lasttoken")),
        ("/precision", json!("int4")),
        ("/similarity", json!("hamming")),
        ("/prompts", json!({"query": null})),
        ("/normalize", json!(1)),
    ] {
        let error = refusal(|config| *config.pointer_mut(pointer).expect("the field is there") = value.clone());
        assert!(matches!(&error, Error::Json { .. }), "{pointer}: {error:?}");
    }
}

#[test]
fn every_field_is_needed_and_no_other_is_known() {
    let config = PackedFile::open(&Tiny::default().pack(Precision::Int8)).config();
    for object in ["", "/encoder", "/tokenizer"] {
        let fields = config.pointer(object).and_then(Value::as_object).expect("it is an object");
        for field in fields.keys().filter(|&field| field != "default_prompt_name") {
            let error = refusal(|config| {
                let fields = config.pointer_mut(object).and_then(Value::as_object_mut);
                fields.expect("it is an object").remove(field);
            });
            let expected = match field.as_str() {
                "model_sha256" => "is missing: this file is of an older version, pack the model again".to_owned(),
                // Static embeddings go without these two.
                "cls_id" | "sep_id" => format!("field `{field}`: an encoder needs one"),
                _ => format!("missing field `{field}`"),
            };
            assert!(error.to_string().contains(&expected), "{field}: {error}");
        }
        let error = refusal(|config| config.pointer_mut(object).expect("it is there")["rotary"] = json!(null));
        assert!(error.to_string().contains("unknown field `rotary`"), "{error}");
    }
}

/// Sizes that do not fit the tensors: the first tensor that is read says so.
#[test]
fn sizes_that_do_not_fit_the_tensors() {
    for (pointer, value) in [
        ("/encoder/vocab_size", json!(41)),
        ("/encoder/vocab_size", json!(1 << 22)),
        ("/encoder/hidden_size", json!(18)),
        ("/encoder/hidden_size", json!(65536)),
        ("/encoder/intermediate_size", json!(65)),
        ("/encoder/intermediate_size", json!(65536)),
        ("/encoder/max_position_embeddings", json!(33)),
        ("/encoder/type_vocab_size", json!(1)),
        ("/precision", json!("f32")),
    ] {
        let error = refusal(|config| *config.pointer_mut(pointer).expect("the field is there") = value);
        assert!(matches!(error, Error::TensorShape { .. } | Error::TensorDtype { .. }), "{pointer}: {error:?}");
    }
    let error = refusal(|config| config["encoder"]["num_hidden_layers"] = json!(3));
    assert!(matches!(error, Error::MissingTensor(name) if name.starts_with("layer.2.")));
}
