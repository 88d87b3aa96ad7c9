//! A component of somebody else, composed with ours into one that needs nothing.

use minilm::{Embedder, EncodeOptions};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, plug};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use self::bindings::Composed;
use minilm_host::engine;

use crate::{L3, bare, bytes, component, golden_texts, model, same_bits};

mod bindings {
    #![allow(unsafe_code, reason = "generated: the canonical ABI reads and writes the memory of the component")]

    wasmtime::component::bindgen!({
        path: ["../../wasm/component/wit", "../../tests/composition/wit"],
        world: "minilm:composition/composed",
    });
}

/// What `wac plug consumer.wasm --plug minilm-embed.wasm` does.
fn composed() -> Vec<u8> {
    let (embedder, consumer) = (component("component", L3), bare("composition"));

    let mut graph = CompositionGraph::new();
    let [embedder, consumer] = [("embedder", embedder), ("consumer", consumer)].map(|(name, file)| {
        let package = Package::from_file(name, None, file, graph.types_mut()).expect("it is a component");
        graph.register_package(package).expect("names differ")
    });
    plug(&mut graph, vec![embedder], consumer).expect("the consumer imports what we export");
    graph.encode(wac_graph::EncodeOptions::default()).expect("the composition is valid")
}

fn instantiate(engine: &Engine) -> (Store<()>, Composed) {
    let component = Component::new(engine, composed()).expect("the composition is valid");
    assert_eq!(component.component_type().imports(engine).count(), 0, "nothing is left to import");
    let mut store = Store::new(engine, ());
    let instance = Composed::instantiate(&mut store, &component, &Linker::new(engine)).expect("it needs nothing");
    (store, instance)
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn another_component_gets_the_same_bits_and_typed_errors() {
    let file = bytes(&model(L3));
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let texts = golden_texts();
    let expected = embedder.encode(&texts, &EncodeOptions::default()).expect("texts are cut");
    let expected = &expected.data[..];

    let engine = engine().expect("wasmtime starts");
    let (mut store, instance) = instantiate(&engine);
    let consumer = instance.minilm_composition_consumer();
    let mut vectors = |texts: &[String], prompt_name, truncate_dim, refuse_long| {
        let called = consumer.call_vectors(&mut store, texts, prompt_name, truncate_dim, refuse_long);
        called.expect("no trap")
    };
    let found = vectors(&texts, None, None, false).expect("texts are cut");
    assert!(same_bits(&found, expected));
    let long = ["short".to_owned(), "word ".repeat(600)];
    let refused = |result: Result<Vec<f32>, String>| result.expect_err("this is refused");
    assert_eq!(refused(vectors(&long, Some("nobody"), None, false)), "invalid-option prompt-name");
    assert_eq!(refused(vectors(&long, None, Some(0), false)), "invalid-option truncate-dim");
    let limit = embedder.config().max_seq_length;
    assert_eq!(refused(vectors(&long, None, None, true)), format!("too-many-tokens 1 602 {limit}"));

    let mut scores = |a: &[f32], b: &[f32], dim| consumer.call_scores(&mut store, a, b, dim).expect("no trap");
    let (a, b) = expected.split_at(10 * 384);
    let matrix = minilm::similarity(a, b, 384, embedder.config().similarity).expect("whole rows");
    assert!(same_bits(&scores(a, b, 384).expect("whole rows"), &matrix));
    assert_eq!(refused(scores(a, b, 383)), "rows a 3840 383");
    assert_eq!(refused(scores(&[], b, 0)), "rows a 0 0");

    let model = consumer.call_model(&mut store).expect("no trap").expect("there is a model");
    assert_eq!(model, format!("{} {}", embedder.config().name, embedder.config().model_sha256));
}
