//! Real models on the data beside the project, against sentence-transformers and scikit-learn (`reference/reference.json`).

use std::path::{Path, PathBuf};

use minilm::Embedder;
use minilm_eval::reference::Reference;
use minilm_eval::{Scores, classification, data, retrieval, sts};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(name: &str) -> PathBuf {
    root().join("../shared/data").join(name)
}

fn embedder(model: &str, precision: &str) -> Embedder {
    let models = std::env::var_os("MINILM_TEST_MODELS")
        .expect("MINILM_TEST_MODELS is not set: run the tests with `cargo xtask test`");
    let packed =
        std::fs::read(root().join(models).join(format!("{model}-{precision}.minilm"))).expect("a packed model");
    Embedder::from_bytes(packed).expect("packed models are valid")
}

fn close(model: &str, found: &Scores, names: &[&str], tolerance: f64) {
    let reference =
        Reference::load(&file("sts-benchmark-dev.tsv"), &file("banking77-test.csv")).expect("reference.json").of(model);
    for name in names {
        let (found, expected) = (found[*name], reference[*name]);
        println!("{model} {name}: {found:.2}, sentence-transformers {expected:.2}");
        assert!((found - expected).abs() <= tolerance, "{model} {name}: {found} for {expected}");
    }
}

const MODELS: [&str; 2] = ["paraphrase-MiniLM-L3-v2", "all-MiniLM-L6-v2"];

#[test]
#[ignore = "needs packed models and ../shared: run `cargo xtask test`"]
fn correlations_are_those_of_sentence_transformers() {
    let pairs = data::sts(&file("sts-benchmark-dev.tsv")).expect("the dev split");
    let score = |model, precision| sts::evaluate(&embedder(model, precision), &pairs).expect("pairs");
    let found = score(MODELS[0], "f32");
    close(MODELS[0], &found, &[sts::STS], 0.005);
    assert!((found[sts::STS] - 86.58).abs() <= 0.05, "{found:?}");
    for model in MODELS {
        close(model, &score(model, "int8"), &[sts::STS], 0.1);
    }
}

#[test]
#[ignore = "needs packed models and ../shared: run `cargo xtask test`"]
fn classifiers_are_those_of_scikit_learn() {
    let labelled = data::banking77(&file("banking77-test.csv")).expect("the test split");
    let scores = classification::evaluate(&embedder(MODELS[0], "f32"), &labelled).expect("77 categories");
    close(MODELS[0], &scores, &[classification::LOGISTIC_REGRESSION], 0.2);
    close(MODELS[0], &scores, &[classification::NEAREST_NEIGHBOUR], 0.04);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn hits_are_those_of_sentence_transformers() {
    let (corpus, queries) = (data::questions().expect("JSON"), data::queries().expect("JSON"));
    for model in MODELS {
        let scores = retrieval::evaluate(&embedder(model, "f32"), &corpus, &queries).expect("every question is there");
        close(model, &scores, &[retrieval::MRR, retrieval::NDCG, retrieval::RECALL], 0.01);
    }
}
