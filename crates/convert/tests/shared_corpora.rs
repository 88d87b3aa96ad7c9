//! The data beside the project: two corpora, and the small files of paraphrase-MiniLM-L3-v2.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod oracle;

use common::{MODELS, model_file, shared};
use minilm::{Pooling, Precision};
use minilm_convert::{ModelFiles, Source};
use oracle::Oracle;
use serde_json::Value;

const L3: &str = "models/paraphrase-MiniLM-L3-v2";

fn tokenizer(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("tokenizer.json is JSON")
}

#[test]
#[ignore = "needs ../shared beside the project"]
fn every_line_has_the_tokens_of_tokenizers() {
    let mut oracle = Oracle::new(&tokenizer(&shared(&format!("{L3}/tokenizer.json"))));
    for (file, expected) in [("data/banking77-test.csv", 3085), ("data/sts-benchmark-dev.tsv", 1500)] {
        let text = String::from_utf8(shared(file)).expect("the corpora are UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), expected, "{file}");
        for line in &lines {
            oracle.check(line);
            line.split(['\t', ',']).for_each(|field| oracle.check(field));
        }
        oracle.check_truncated(&lines[..200], 8..9);
        oracle.check_pairs(&lines[..20], 32..33);
    }
}

/// Its weights are not there; those of the slice have the same shape.
#[test]
#[ignore = "needs ../shared beside the project"]
fn l3_is_read_with_weights_of_its_shape() {
    let mut files = ModelFiles::default();
    for file in [
        "1_Pooling/config.json",
        "config.json",
        "config_sentence_transformers.json",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        files.insert(file, shared(&format!("{L3}/{file}")));
    }
    files.insert("model.safetensors", model_file(MODELS[1], "model.safetensors"));
    let source = Source::read("paraphrase-MiniLM-L3-v2", &files).expect("the directory is valid");
    let config = source.config();
    assert_eq!((config.encoder.num_hidden_layers, config.encoder.hidden_size, config.max_seq_length), (3, 384, 128));
    assert_eq!((config.pooling, config.normalize), (Pooling::Mean, false));
    let file = source.pack(Precision::F32).expect("the weights fit");
    let embedder = minilm::Embedder::from_bytes(file).expect("packed files are valid");
    let embeddings = embedder.encode(&["one text"], &minilm::EncodeOptions::default()).expect("it is short");
    let length = embeddings.data.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((length - 1.0).abs() > 0.1, "vectors keep their length of {length}");
}

#[test]
#[ignore = "needs ../shared beside the project"]
fn l3_has_the_vocabulary_of_l6() {
    let l3 = tokenizer(&shared(&format!("{L3}/tokenizer.json")));
    let l6 = tokenizer(&model_file(MODELS[0], "tokenizer.json"));
    assert_eq!(l3["model"], l6["model"]);
    assert_eq!(l3["added_tokens"], l6["added_tokens"]);
    assert_eq!(l3["model"]["vocab"].as_object().map(serde_json::Map::len), Some(30522));
}
