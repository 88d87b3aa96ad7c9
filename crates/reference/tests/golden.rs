//! The readable encoder on candle against sentence-transformers: what the kernels are measured with is measured itself.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::{Agreement, MODELS, golden, model_file, texts};
use minilm::Truncation;
use minilm_convert::{ModelFiles, Source};
use minilm_reference::Reference;

const TEXTS: usize = 40;
const DIM: usize = 384;

fn source(model: &str) -> Source {
    let mut files = ModelFiles::default();
    for file in [
        "config.json",
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "model.safetensors",
    ] {
        files.insert(file, model_file(model, file));
    }
    Source::read(model, &files).expect("the directory is valid")
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn candle_is_sentence_transformers() {
    for model in MODELS {
        let source = source(model);
        let config = source.config();
        let reference = Reference::new(&source).expect("candle takes the tensors");
        let mut found = Vec::new();
        for text in &texts()[..TEXTS] {
            let encoding = source.tokenizer().encode(text, config.max_seq_length, Truncation::Right);
            let encoding = encoding.expect("texts are cut");
            found.extend(reference.embed(&encoding, config.pooling).expect("the weights fit"));
        }
        let agreement = Agreement::of(&found, &golden(model, "embeddings")[..TEXTS * DIM], DIM);
        println!("{model} on candle against sentence-transformers: {agreement:?}");
        assert!(agreement.min_cosine >= 0.999_999 && agreement.max_difference <= 2e-5, "{model}: {agreement:?}");
    }
}
