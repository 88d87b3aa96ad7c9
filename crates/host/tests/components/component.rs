//! The library component by itself: what it asks of its host, what it answers, and how it refuses.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use minilm::Embedder;
use minilm_bake::{BakeError, bake};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use self::bindings::Minilm;
use self::bindings::exports::minilm::embed::embedder::{
    EncodeOptions, Error, ErrorKind, ModelInfo, Pooling, Precision, Rows, SimilarityFunction, TooManyTokens, Truncation,
};
use minilm_host::engine;

use crate::{L3, bare, bytes, component, golden_texts, model, same_bits};

mod bindings {
    #![allow(unsafe_code, reason = "generated: the canonical ABI reads and writes the memory of the component")]

    wasmtime::component::bindgen!({
        path: "../../wasm/component/wit",
        world: "minilm",
        additional_derives: [PartialEq],
    });
}

/// The component with its model baked in.
static BAKED: LazyLock<(Engine, Component)> = LazyLock::new(|| compile(&component("component", L3)));

fn compile(file: &Path) -> (Engine, Component) {
    let engine = engine().expect("wasmtime starts");
    let component = Component::from_file(&engine, file).expect("the component is valid");
    (engine, component)
}

/// A fresh instance on a host that gives it nothing.
fn baked() -> (Store<()>, Minilm) {
    let (engine, component) = &*BAKED;
    let mut store = Store::new(engine, ());
    let instance = Minilm::instantiate(&mut store, component, &Linker::new(engine)).expect("nothing is imported");
    (store, instance)
}

fn options() -> EncodeOptions {
    EncodeOptions {
        prompt: None,
        prompt_name: None,
        normalize_embeddings: false,
        truncate_dim: None,
        pooling: None,
        truncation: Truncation::Right,
        max_seq_length: None,
    }
}

fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    let error = result.expect_err("this is refused");
    assert!(!error.message.is_empty());
    error.kind
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_library_component_gives_the_same_bits() {
    let file = bytes(&model(L3));
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let (mut store, instance) = baked();
    let embed = instance.minilm_embed_embedder();
    let core = minilm::EncodeOptions {
        prompt: Some("query: ".to_owned()),
        normalize_embeddings: true,
        truncate_dim: Some(100),
        pooling: Some(minilm::Pooling::Max),
        truncation: minilm::Truncation::Left,
        max_seq_length: Some(16),
        ..minilm::EncodeOptions::default()
    };
    let all = EncodeOptions {
        prompt: Some("query: ".to_owned()),
        prompt_name: None,
        normalize_embeddings: true,
        truncate_dim: Some(100),
        pooling: Some(Pooling::Max),
        truncation: Truncation::Left,
        max_seq_length: Some(16),
    };
    for (options, core) in [(None, minilm::EncodeOptions::default()), (Some(all), core)] {
        let expected = embedder.encode(&golden_texts(), &core).expect("texts are cut");
        let found =
            embed.call_encode(&mut store, &golden_texts(), options.as_ref()).expect("no trap").expect("texts are cut");
        assert!(same_bits(&found.data, &expected.data));
        assert_eq!(found.dim as usize, expected.dim);
        assert_eq!(found.truncated, expected.truncated);
        assert!(found.n_tokens.iter().map(|&n| n as usize).eq(expected.n_tokens));
    }
    let none = embed.call_encode(&mut store, &[], None).expect("no trap").expect("no text is no error");
    assert_eq!((none.data.len(), none.dim), (0, 384));
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_library_component_tells_its_model() {
    let file = bytes(&model(L3));
    let embedder = Embedder::from_bytes(file).expect("the model is valid");
    let (mut store, instance) = baked();
    let info = instance.minilm_embed_embedder().call_info(&mut store).expect("no trap").expect("there is a model");
    let ModelInfo { name, model_sha256, prompts, backend, .. } = &info;
    let config = embedder.config();
    assert_eq!((name, model_sha256), (&config.name, &config.model_sha256));
    assert!(prompts.iter().map(|prompt| (&prompt.name, &prompt.text)).eq(&config.prompts));
    assert_eq!((info.precision, info.pooling), (Precision::Int8, Pooling::Mean));
    assert_eq!((info.normalize, info.similarity), (false, SimilarityFunction::Cosine));
    assert_eq!((info.dim, info.max_position_embeddings), (384, 512));
    assert_eq!((info.max_seq_length as usize, info.vocab_size), (config.max_seq_length, 30_522));
    assert_eq!((info.num_hidden_layers, backend.as_str()), (3, "relaxed-simd"));
    assert_eq!(info.default_prompt_name, config.default_prompt_name);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_library_component_refuses_by_type_and_goes_on() {
    let (mut store, instance) = baked();
    let embed = instance.minilm_embed_embedder();
    let long = ["short".to_owned(), "word ".repeat(300)];
    let option = |name: &str| ErrorKind::InvalidOption(name.to_owned());
    for (refused, expected) in [
        (EncodeOptions { prompt_name: Some("nobody".to_owned()), ..options() }, option("prompt-name")),
        (EncodeOptions { truncate_dim: Some(0), ..options() }, option("truncate-dim")),
        (EncodeOptions { truncate_dim: Some(u32::MAX), ..options() }, option("truncate-dim")),
        (EncodeOptions { max_seq_length: Some(1), ..options() }, option("max-seq-length")),
        (EncodeOptions { max_seq_length: Some(513), ..options() }, option("max-seq-length")),
        (
            EncodeOptions { truncation: Truncation::Off, max_seq_length: Some(64), ..options() },
            ErrorKind::TooManyTokens(TooManyTokens { index: 1, n_tokens: 302, limit: 64 }),
        ),
    ] {
        assert_eq!(kind(embed.call_encode(&mut store, &long, Some(&refused)).expect("no trap")), expected);
    }
    let many = vec![String::new(); (1 << 24) / 384 + 1];
    let expected = ErrorKind::TooLarge(many.len() as u64 * 384);
    assert_eq!(kind(embed.call_encode(&mut store, &many, None).expect("no trap")), expected);

    let mut scores = |a: &[f32], b: &[f32], dim| embed.call_similarity(&mut store, a, b, dim).expect("no trap");
    let rows = |name: &str, len, dim| ErrorKind::Rows(Rows { name: name.to_owned(), len, dim });
    assert_eq!(kind(scores(&[1.0], &[1.0], 0)), rows("a", 1, 0));
    assert_eq!(kind(scores(&[], &[1.0], 0)), rows("a", 0, 0));
    assert_eq!(kind(scores(&[1.0, 2.0, 3.0], &[1.0, 2.0], 2)), rows("a", 3, 2));
    assert_eq!(kind(scores(&[1.0, 2.0], &[1.0], 2)), rows("b", 1, 2));
    assert_eq!(kind(scores(&[1.0], &[1.0], u32::MAX)), rows("a", 1, u32::MAX));
    assert_eq!(kind(scores(&[1.0; 4097], &[1.0; 4096], 1)), ErrorKind::TooLarge(4097 * 4096));
    assert_eq!(scores(&[3.0, 4.0], &[6.0, 8.0, -4.0, 3.0], 2).expect("two rows"), [1.0, 0.0]);
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_library_component_without_a_model_says_so() {
    let (engine, component) = compile(&bare("component-to-bake"));
    let mut store = Store::new(&engine, ());
    let instance = Minilm::instantiate(&mut store, &component, &Linker::new(&engine)).expect("nothing is imported");
    let error =
        instance.minilm_embed_embedder().call_info(&mut store).expect("no trap").expect_err("there is no model");
    assert_eq!(error.kind, ErrorKind::Model);
    assert_eq!(error.message, "this component has no model: bake one into it with `minilm bake`");
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn a_component_takes_one_model() {
    let (baked, model) = (bytes(&component("component", L3)), bytes(&model(L3)));
    let refused = bake(&baked, &model).expect_err("it has a model");
    assert!(matches!(refused, BakeError::AlreadyBaked { len } if len as usize == model.len()), "{refused}");
}

/// What the component without a model asks of its host: what the standard library of Rust links in for files, variables, and
/// messages of a panic.
const IMPORTS: [&str; 17] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure-seed",
];

struct State {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

/// Calls `info` of the component without a model, in a world with the folder of models at `/models` and a variable.
fn info_from_file(engine: &Engine, component: &Component, path: Option<&str>) -> Result<ModelInfo, Error> {
    let mut ctx = WasiCtxBuilder::new();
    ctx.preopened_dir(model(""), "/models", FsPerms::ReadOnly).expect("the folder is there");
    if let Some(path) = path {
        ctx.env("MODEL_PATH", path);
    }
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("names are defined once");
    let mut store = Store::new(engine, State { ctx: ctx.build(), table: ResourceTable::new() });
    let instance = Minilm::instantiate(&mut store, component, &linker).expect("all imports are there");
    let mut info = || instance.minilm_embed_embedder().call_info(&mut store).expect("no trap");
    let (first, second) = (info(), info());
    assert_eq!(first, second, "the second call answers as the first");
    first
}

#[test]
#[ignore = "needs packed models: run `cargo xtask test`"]
fn the_library_component_reads_a_file() {
    let (engine, component) = compile(&bare("component"));
    let ty = component.component_type();
    let imports: BTreeSet<&str> = ty.imports(&engine).filter_map(|(name, _)| name.split('@').next()).collect();
    assert!(imports.iter().eq(IMPORTS.iter()), "{imports:?}");

    let info = info_from_file(&engine, &component, Some(&format!("/models/{L3}.minilm"))).expect("the model is there");
    assert_eq!(info.num_hidden_layers, 3);
    for (path, mentioned) in [(None, "/model.minilm"), (Some("/models/none"), "/models/none"), (Some(""), "MODEL_PATH")]
    {
        let error = info_from_file(&engine, &component, path).expect_err("there is no model");
        assert_eq!(error.kind, ErrorKind::Model);
        assert!(error.message.contains(mentioned) && error.message.contains("MODEL_PATH"), "{}", error.message);
    }
    let no_model = Some("/models/all-MiniLM-L6-v2/model.safetensors");
    let error = info_from_file(&engine, &component, no_model).expect_err("weights are no packed model");
    assert_eq!(error.kind, ErrorKind::Model);
    assert!(error.message.contains("model.safetensors"), "{}", error.message);
}
