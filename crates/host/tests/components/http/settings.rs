//! Where the model comes from.

use minilm_host::Access;

use super::serve;
use crate::running::{Running, options};
use crate::{bare, model};

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_model_can_be_a_mounted_file() {
    let bare = bare("http");
    let mut mounted = options(&[("MODEL_PATH", "/models/paraphrase-MiniLM-L3-v2-int8.minilm")]);
    let folder = model("").canonicalize().expect("the models are there");
    mounted.env.mount(folder, "/models", Access::Read);
    let text = ["What is a neuron?"];
    let from_file = Running::start(&bare, mounted).embed(&text);
    assert_eq!(from_file, serve(&[]).embed(&text));

    let without = Running::start(&bare, options(&[]));
    let health = without.get("/health");
    assert_eq!(health.status(), 503);
    assert!(health.text().contains("cannot read /model.minilm"), "{}", health.text());
}
