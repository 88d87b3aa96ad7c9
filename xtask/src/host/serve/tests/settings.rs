//! Where the model comes from.

use super::{DEFAULT, Running, kept, model, world};
use crate::cargo::{Backend, build_http};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_model_can_be_a_mounted_file() {
    let bare = kept("minilm_http_bare.wasm", || build_http(Backend::RelaxedSimd, None));
    let mut mounted = world(&[("MODEL_PATH", "/models/slice-L3-of-all-MiniLM-L6-v2-int8.minilm")]);
    let folder = model("").canonicalize().expect("the models are there");
    mounted.dirs.push((folder, "/models".to_owned()));
    let text = ["What is a neuron?"];
    let from_file = Running::start(&bare, mounted, DEFAULT).embed(&text);
    assert_eq!(from_file, Running::with(&[]).embed(&text));

    let without = Running::start(&bare, world(&[]), DEFAULT);
    let health = without.get("/health");
    assert_eq!(health.status(), 503);
    assert!(health.text().contains("cannot read /model.minilm"), "{}", health.text());
}
