//! The identity of a model: SHA-256 of everything that decides its vectors. `docs/formats.md` has its definition, byte for byte.

use std::collections::BTreeMap;

use minilm::Config;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Version of the definition.
const VERSION: u32 = 1;

/// The fields of a configuration that decide no vector, and the identity itself. All others are covered, so a field that is added to the
/// configuration is too.
const NOT_COVERED: [&str; 4] = ["model_sha256", "name", "precision", "similarity"];

/// What decides the vectors of the model with this configuration, which has the hash of the tensors, and this vocabulary: the pieces of
/// words and their ids. Equal values are equal texts.
pub(crate) fn describe(config: &Config, vocabulary: &BTreeMap<String, u32>) -> Value {
    json!({ "config": covered(config), "version": VERSION, "vocabulary_sha256": sha256(&json!(vocabulary)) })
}

/// SHA-256 of a value as text: keys in ascending order, no blanks.
pub(crate) fn sha256(value: &Value) -> String {
    format!("{:x}", Sha256::digest(value.to_string()))
}

/// The part of a configuration that decides vectors. A prompt without text changes none.
fn covered(config: &Config) -> Value {
    let mut config = config.clone();
    config.prompts.retain(|_, text| !text.is_empty());
    config.default_prompt_name = config.default_prompt_name.filter(|name| config.prompts.contains_key(name));
    let mut fields = json!(config);
    if let Value::Object(fields) = &mut fields {
        fields.retain(|name, _| !NOT_COVERED.contains(&name.as_str()));
    }
    floats_as_bits(&mut fields);
    fields
}

/// Replaces each float by its bits as `f32`, as 8 hexadecimal digits: programs write the same float in many ways.
fn floats_as_bits(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let bits = number.as_f64().map(|float| (float as f32).to_bits());
            *value = bits.map(|bits| format!("{bits:08x}")).into();
        }
        Value::Array(values) => values.iter_mut().for_each(floats_as_bits),
        Value::Object(fields) => fields.values_mut().for_each(floats_as_bits),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model_sha256(config: &Config, vocabulary: &BTreeMap<String, u32>) -> String {
        sha256(&describe(config, vocabulary))
    }

    fn config() -> Config {
        let config = json!({
            "name": "a", "weights_sha256": "0".repeat(64), "precision": "int8", "pooling": "mean", "normalize": true,
            "modules": [
                {"dense": {"in_features": 4, "out_features": 5, "bias": true, "activation": "tanh", "use_residual": true}},
                {"layer_norm": {"dimension": 5}},
            ],
            "max_seq_length": 8, "prompts": {"query": "q: ", "document": ""}, "default_prompt_name": "query", "similarity": "cosine",
            "encoder": {"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4,
                "max_position_embeddings": 8, "type_vocab_size": 1, "layer_norm_eps": 1e-12, "relative_attention_distance": 3,
                "padding_id": 1},
            "tokenizer": {"lowercase_first": true, "clean_text": true, "handle_chinese_chars": true, "strip_accents": true,
                "lowercase": true, "max_input_chars_per_word": 100, "unk_id": 0, "cls_id": 1, "sep_id": 2, "double_sep": true,
                "added_tokens": [{"id": 0, "content": "[UNK]", "normalized": true}]},
        });
        serde_json::from_value(config).expect("it is a configuration")
    }

    fn vocabulary() -> BTreeMap<String, u32> {
        [("[UNK]", 0), ("é\"\\\n\u{1f}\u{7f}", 1), ("\u{ff01}", 2), ("\u{1f600}", 3)]
            .map(|(token, id)| (token.to_owned(), id))
            .into()
    }

    /// The pointer of every value that is no object and no array.
    fn leaves(value: &Value, at: &str) -> Vec<String> {
        match value {
            Value::Object(fields) => {
                fields.iter().flat_map(|(name, value)| leaves(value, &format!("{at}/{name}"))).collect()
            }
            Value::Array(values) => {
                (0..).zip(values).flat_map(|(i, value): (u32, _)| leaves(value, &format!("{at}/{i}"))).collect()
            }
            _ => vec![at.to_owned()],
        }
    }

    /// Other values that may be in the place of this one.
    fn others(value: &Value) -> Vec<Value> {
        match value {
            Value::Bool(flag) => vec![json!(!flag)],
            Value::Number(number) if number.is_f64() => vec![json!(1e-5)],
            Value::Number(number) => vec![json!(number.as_u64().map(|number| number + 1))],
            // Of the names of poolings, precisions, activations, functions and prompts, and of texts, one fits.
            _ => ["max", "f32", "relu", "dot", "document", "other"].map(Value::from).to_vec(),
        }
    }

    #[test]
    fn every_setting_but_four_is_covered() {
        let fields = json!(config());
        let own = model_sha256(&config(), &vocabulary());
        let leaves = leaves(&fields, "");
        assert!(leaves.len() > 35, "{leaves:?}");
        for pointer in leaves {
            let changed = others(fields.pointer(&pointer).expect("it is there")).into_iter().find_map(|other| {
                let mut fields = fields.clone();
                *fields.pointer_mut(&pointer).expect("it is there") = other;
                serde_json::from_value::<Config>(fields).ok().filter(|changed| *changed != config())
            });
            let changed =
                model_sha256(&changed.unwrap_or_else(|| panic!("{pointer} has no other value")), &vocabulary());
            let covered = !NOT_COVERED.iter().any(|name| pointer == format!("/{name}"));
            assert_eq!(changed != own, covered, "{pointer}");
        }
    }

    /// Computed from the definition in `docs/formats.md`, in Python.
    #[test]
    fn others_compute_the_same() {
        assert_eq!(
            model_sha256(&config(), &vocabulary()),
            "5f9621c8a4b557753148ff2f7c35c7fd984b1aa6727904141ab2accfc44a2025"
        );
    }

    #[test]
    fn the_vocabulary_is_covered() {
        let own = model_sha256(&config(), &vocabulary());
        for (token, id) in [("a", Some(4)), ("[UNK]", None), ("[UNK]", Some(4))] {
            let mut changed = vocabulary();
            match id {
                Some(id) => changed.insert(token.to_owned(), id),
                None => changed.remove(token),
            };
            assert_ne!(model_sha256(&config(), &changed), own);
        }
    }

    #[test]
    fn a_prompt_without_text_is_none() {
        let with = |prompts: Value, default: Option<&str>| {
            let prompts = serde_json::from_value(prompts).expect("they are texts");
            model_sha256(
                &Config { prompts, default_prompt_name: default.map(str::to_owned), ..config() },
                &vocabulary(),
            )
        };
        assert_eq!(with(json!({"query": ""}), Some("query")), with(json!({}), None));
        assert_eq!(with(json!({"a": "", "query": "q: "}), Some("query")), with(json!({"query": "q: "}), Some("query")));
        assert_ne!(with(json!({"query": "q: "}), None), with(json!({"query": "q: "}), Some("query")));
        assert_ne!(with(json!({"query": "q: "}), None), with(json!({"search": "q: "}), None));
    }
}
