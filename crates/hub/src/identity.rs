//! The identity of a model directory: what it computes, and where it differs from the model that the catalog has under its name.

use std::path::Path;

use minilm_convert::{ModelFiles, Source};
use serde_json::Value;

use super::Error;
use super::catalog::model_sha256;
use super::names::Model;
use super::packed::{inputs, read_files};

/// Files that a part of the identity comes from, by the start of its pointer. The first that fits counts.
const FILES: [(&str, &[&str]); 10] = [
    ("/config/default_prompt_name", &["config_sentence_transformers.json"]),
    ("/config/encoder", &["config.json"]),
    ("/config/max_seq_length", &["sentence_bert_config.json", "tokenizer_config.json"]),
    ("/config/pooling", &["Pooling/config.json"]),
    ("/config/prompts", &["config_sentence_transformers.json"]),
    ("/config/tokenizer/lowercase_first", &["sentence_bert_config.json"]),
    ("/config/tokenizer", &["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]),
    ("/config/weights_sha256", &["model.safetensors"]),
    ("/vocabulary_sha256", &["tokenizer.json", "vocab.txt"]),
    // Which modules there are, and their settings.
    ("/config", &["modules.json"]),
];

/// Longest value that an error shows.
const SHOWN: usize = 24;

/// The `model_sha256` of the model in `directory`, which came from `origin` and has to be the one that the catalog has. `None` where the
/// catalog does not say what it computes.
pub fn check(model: &Model, directory: &Path, origin: &str) -> Result<Option<String>, Error> {
    let Some(expected) = model.identity else { return Ok(None) };
    let expected: Value = serde_json::from_str(expected).map_err(|error| Error::invalid("catalog", error))?;
    let files = read_files(directory)?;
    let source = Source::read(&model.name, &files);
    let source = source.map_err(|cause| Error::Convert { path: directory.to_owned(), cause })?;
    let found = source.identity();
    let actual = model_sha256(found);
    if *found == expected {
        return Ok(Some(actual));
    }
    let names: Vec<String> = inputs(directory)?.into_iter().map(|(name, _)| name).collect();
    Err(Error::OtherModel {
        model: model.name.clone(),
        origin: origin.to_owned(),
        expected: model_sha256(&expected),
        actual,
        differences: differences(&expected, found, "", &names),
    })
}

/// What differs, each with the files that it comes from.
fn differences(expected: &Value, found: &Value, at: &str, names: &[String]) -> Vec<String> {
    if expected == found {
        return Vec::new();
    }
    if let (Value::Object(expected), Value::Object(found)) = (expected, found)
        && !at.starts_with("/config/prompts")
    {
        let mut fields: Vec<&String> = expected.keys().chain(found.keys()).collect();
        fields.sort_unstable();
        fields.dedup();
        let value = |fields: &serde_json::Map<String, Value>, name| fields.get(name).cloned().unwrap_or(Value::Null);
        let differing = fields
            .into_iter()
            .map(|name| differences(&value(expected, name), &value(found, name), &format!("{at}/{name}"), names));
        return differing.flatten().collect();
    }
    let field = at.rsplit('/').next().unwrap_or_default();
    let [expected, found] = [expected, found].map(Value::to_string);
    let values = match expected.len().max(found.len()) {
        ..=SHOWN => format!(" is {found}, expected {expected}"),
        _ => " differs".to_owned(),
    };
    vec![format!("`{field}`{values} ({})", files_of(at, names).join(", "))]
}

/// The files that the part at the pointer `at` comes from, as far as they are there; else those that it would come from.
fn files_of(at: &str, names: &[String]) -> Vec<String> {
    let known = FILES.iter().find(|(start, _)| at.starts_with(start)).map_or(&[][..], |(_, files)| files);
    // At the top, in the folder of the first module, or in that of the pooling, whose name ends with that word.
    let is_at = |name: &str, file: &str| match name.strip_suffix(file) {
        Some("") => true,
        Some(folder) => {
            file.contains('/') || ModelFiles::FIRST_MODULES.iter().any(|first| folder == format!("{first}/"))
        }
        None => false,
    };
    let there = names.iter().filter(|name| known.iter().any(|file| is_at(name, file)));
    let there: Vec<String> = there.cloned().collect();
    if there.is_empty() { known.iter().map(|&file| file.to_owned()).collect() } else { there }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalog::KNOWN;
    use super::*;

    #[test]
    fn known_models_are_pinned_by_what_they_compute() {
        for known in KNOWN {
            let identity: Value = serde_json::from_str(known.identity.expect("it is pinned")).expect("it is JSON");
            assert_eq!(identity["version"], 1, "{}", known.name);
            assert_eq!(identity["config"]["encoder"]["hidden_size"], 384, "{}", known.name);
            assert_eq!(known.model_sha256().map(|hash| hash.len()), Some(64));
        }
    }

    #[test]
    fn what_differs_is_named_with_its_files() {
        let names =
            ["1_Pooling/config.json", "config.json", "modules.json", "tokenizer.json", "0_Transformer/config.json"];
        let names = names.map(str::to_owned);
        let expected = json!({"config": {"pooling": "mean", "normalize": true, "max_seq_length": 128, "prompts": {},
            "encoder": {"layer_norm_eps": "2b8cbccc"}, "tokenizer": {"lowercase": true, "added_tokens": [{"id": 0, "content": "[PAD]"}]}},
            "vocabulary_sha256": "0".repeat(64)});
        for (pointer, value, text) in [
            ("/config/pooling", json!("cls"), "`pooling` is \"cls\", expected \"mean\" (1_Pooling/config.json)"),
            ("/config/normalize", json!(false), "`normalize` is false, expected true (modules.json)"),
            (
                "/config/max_seq_length",
                json!(256),
                "`max_seq_length` is 256, expected 128 (sentence_bert_config.json, tokenizer_config.json)",
            ),
            (
                "/config/encoder/layer_norm_eps",
                json!("3727c5ac"),
                "`layer_norm_eps` is \"3727c5ac\", expected \"2b8cbccc\" (config.json, 0_Transformer/config.json)",
            ),
            ("/config/tokenizer/lowercase", json!(false), "`lowercase` is false, expected true (tokenizer.json)"),
            ("/config/tokenizer/added_tokens", json!([]), "`added_tokens` differs (tokenizer.json)"),
            ("/vocabulary_sha256", json!("1".repeat(64)), "`vocabulary_sha256` differs (tokenizer.json)"),
            (
                "/config/prompts",
                json!({"query": "secret"}),
                "`prompts` is {\"query\":\"secret\"}, expected {} (config_sentence_transformers.json)",
            ),
        ] {
            let mut found = expected.clone();
            *found.pointer_mut(pointer).expect("it is there") = value;
            assert_eq!(differences(&expected, &found, "", &names), [text]);
        }
    }
}
