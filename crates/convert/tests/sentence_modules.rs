//! The modules behind the pooling, as directories have them: read, or refused by file and field.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::random::Random;
use common::tiny::{Shape, TEXTS, Tiny, modules};
use minilm::{DenseActivation, Embedder, EncodeOptions, Precision, SentenceModule};
use minilm_convert::{Error, ModelFiles, Source};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// A directory whose pooling is followed by modules of these classes, in folders `2_Class` and so on.
fn files(behind: &[&str]) -> ModelFiles {
    let classes = [&["Transformer", "Pooling"][..], behind].concat();
    Tiny::default().with("modules.json", modules(&classes)).files()
}

type Tensors<'a> = &'a [(&'a str, &'a [usize])];

/// Random tensors, the same in every run.
fn tensors(list: Tensors) -> Vec<u8> {
    let mut random = Random(5);
    let values = |shape: &[usize]| {
        (0..shape.iter().product()).flat_map(|_| (random.float() * 0.5).to_le_bytes()).collect::<Vec<u8>>()
    };
    let data: Vec<Vec<u8>> = list.iter().map(|(_, shape)| *shape).map(values).collect();
    let views = list
        .iter()
        .zip(&data)
        .map(|((name, shape), data)| (*name, TensorView::new(Dtype::F32, shape.to_vec(), data).expect("sizes agree")));
    safetensors::serialize(views, None).expect("the tensors are valid")
}

fn add(files: &mut ModelFiles, folder: &str, config: Value, list: Tensors) {
    files.insert(format!("{folder}/config.json"), config.to_string().into_bytes());
    files.insert(format!("{folder}/model.safetensors"), tensors(list));
}

/// A directory with one Dense of these settings and tensors.
fn dense(config: Value, list: Tensors) -> ModelFiles {
    let mut files = files(&["Dense"]);
    add(&mut files, "2_Dense", config, list);
    files
}

const SIZES: Tensors = &[("linear.weight", &[8, 16]), ("linear.bias", &[8])];

fn settings() -> Value {
    json!({"in_features": 16, "out_features": 8, "bias": true, "activation_function": "torch.nn.modules.linear.Identity"})
}

fn refused(files: &ModelFiles, parts: &[&str]) {
    let outcome = Source::read("tiny", files).and_then(|source| source.pack(Precision::F32));
    let text = outcome.expect_err("the directory is not supported").to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}, expected {parts:?}");
}

#[test]
fn a_dense_module_decides_on_the_width() {
    let source = Source::read("tiny", &dense(settings(), SIZES)).expect("the directory is valid");
    assert_eq!((source.config().dim(), source.config().encoder.hidden_size), (8, 16));
    for precision in [Precision::F32, Precision::Int8] {
        let embedder =
            Embedder::from_bytes(source.pack(precision).expect("the weights fit")).expect("the file is valid");
        let cut = |truncate_dim| EncodeOptions { truncate_dim, ..EncodeOptions::default() };
        let whole = embedder.encode(&TEXTS, &cut(None)).expect("texts are cut");
        let first = embedder.encode(&TEXTS, &cut(Some(3))).expect("texts are cut");
        assert_eq!((whole.dim, first.dim, embedder.dim(), embedder.info().dim), (8, 3, 8, 8));
        let rows = whole.data.chunks_exact(8).zip(first.data.chunks_exact(3));
        assert!(rows.clone().count() == TEXTS.len() && rows.into_iter().all(|(whole, first)| whole[..3] == *first));
        assert!(embedder.encode(&TEXTS, &cut(Some(9))).is_err(), "the vectors have 8 dimensions");
    }
}

/// Wider than the encoder, narrower, and behind another; in batches of any order.
#[test]
fn a_text_has_the_same_bits_in_every_batch() {
    let mut files = Tiny::new(Shape { hidden: 24, heads: 2, layers: 1, intermediate: 32 })
        .with("modules.json", modules(&["Transformer", "Pooling", "Dense", "LayerNorm", "Dense", "Normalize"]))
        .files();
    let activation = |class: &str| format!("torch.nn.modules.activation.{class}");
    let config =
        json!({"in_features": 24, "out_features": 37, "bias": true, "activation_function": activation("Tanh")});
    add(&mut files, "2_Dense", config, &[("linear.weight", &[37, 24]), ("linear.bias", &[37])]);
    add(&mut files, "3_LayerNorm", json!({"dimension": 37}), &[("norm.weight", &[37]), ("norm.bias", &[37])]);
    let config =
        json!({"in_features": 37, "out_features": 11, "bias": false, "activation_function": activation("GELU")});
    add(&mut files, "4_Dense", config, &[("linear.weight", &[11, 37])]);
    let source = Source::read("tiny", &files).expect("the directory is valid");
    for precision in [Precision::F32, Precision::Int8] {
        let embedder =
            Embedder::from_bytes(source.pack(precision).expect("the weights fit")).expect("the file is valid");
        let encode = |texts: &[&str]| {
            let vectors = embedder.encode(texts, &EncodeOptions::default()).expect("texts are cut").data;
            vectors.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };
        let mut random = Random(3);
        let mut texts = TEXTS.repeat(9);
        random.shuffle(&mut texts);
        for (text, row) in texts.iter().zip(encode(&texts).chunks_exact(11)) {
            assert_eq!(encode(&[text]), row, "{text}");
        }
    }
}

#[test]
fn settings_have_the_defaults_of_the_class() {
    let mut config = settings();
    for field in ["bias", "activation_function"] {
        config.as_object_mut().expect("it is an object").remove(field);
    }
    let source = Source::read("tiny", &dense(config, SIZES)).expect("the directory is valid");
    let [SentenceModule::Dense(found)] = &source.config().modules[..] else { panic!("it is one Dense") };
    assert_eq!((found.bias, found.activation, found.use_residual), (true, DenseActivation::Tanh, false));
}

#[test]
fn trailing_normalize_and_dropout_leave_no_module() {
    let normal = |behind: &[&str]| {
        let config = Source::read("tiny", &files(behind)).expect("the directory is valid").config().clone();
        (config.modules, config.normalize)
    };
    assert_eq!(normal(&["Dropout"]), (vec![], false));
    assert_eq!(normal(&["Normalize", "Dropout"]), (vec![], true));
    assert_eq!(normal(&["Normalize", "Normalize"]), (vec![SentenceModule::Normalize], true));
}

#[test]
fn settings_that_cannot_be_honoured_are_named() {
    let file = "2_Dense/config.json";
    for (field, value) in [
        ("activation_function", json!("torch.nn.modules.activation.Softmax")),
        ("activation_function", json!("torch.nn.modules.activation.PReLU")),
        ("activation_function", json!("torch.nn.functional.gelu")),
        ("activation_function", json!("torch.tanh")),
        ("activation_function", json!("transformers.activations.GELUActivation")),
        ("module_input_name", json!("token_embeddings")),
        ("module_output_name", json!("projected")),
        ("some_new_setting", json!(1)),
    ] {
        let mut config = settings();
        config[field] = value.clone();
        let value = value.as_str().unwrap_or_default();
        refused(&dense(config, SIZES), &[file, field, value]);
    }
    for (field, value) in [("in_features", json!(-1)), ("activation_function", json!(null)), ("bias", json!("yes"))] {
        let mut config = settings();
        config[field] = value;
        refused(&dense(config, SIZES), &[file]);
    }
    let mut token_level = files(&["Normalize"]);
    token_level.insert("2_Normalize/config.json", br#"{"module_input_name": "token_embeddings"}"#.to_vec());
    refused(&token_level, &["2_Normalize/config.json", "module_input_name"]);
}

#[test]
fn files_and_tensors_that_do_not_fit_are_named() {
    refused(&files(&["Dense"]), &["2_Dense/config.json"]);
    refused(&files(&["LayerNorm"]), &["2_LayerNorm/config.json"]);
    let mut bare = files(&["Dense"]);
    bare.insert("2_Dense/config.json", settings().to_string().into_bytes());
    refused(&bare, &["2_Dense/model.safetensors"]);
    refused(&dense(settings(), &SIZES[..1]), &["2_Dense/linear.bias"]);
    refused(
        &dense(settings(), &[("linear.weight", &[16, 8]), ("linear.bias", &[8])]),
        &["2_Dense/linear.weight", "[16, 8]"],
    );
    let extra: Tensors = &[("linear.weight", &[8, 16]), ("linear.bias", &[8]), ("activation_function.weight", &[1])];
    refused(&dense(settings(), extra), &["2_Dense/activation_function.weight"]);
    let mut nan = dense(settings(), SIZES);
    let mut bytes = tensors(SIZES);
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    nan.insert("2_Dense/model.safetensors", bytes);
    let outcome = Source::read("tiny", &nan);
    assert!(
        matches!(&outcome, Err(Error::TensorNotFinite(name)) if name.starts_with("2_Dense/linear.")),
        "{outcome:?}"
    );
}

#[test]
fn widths_have_to_follow_each_other() {
    let mut config = settings();
    config["in_features"] = json!(12);
    refused(
        &dense(config, &[("linear.weight", &[8, 12]), ("linear.bias", &[8])]),
        &["modules.0.in_features", "12", "16"],
    );
    let mut config = settings();
    config["out_features"] = json!(u32::MAX);
    refused(&dense(config, SIZES), &["2_Dense/linear.weight", "4294967295"]);
    let mut files = files(&["LayerNorm"]);
    add(&mut files, "2_LayerNorm", json!({"dimension": 17}), &[("norm.weight", &[17]), ("norm.bias", &[17])]);
    refused(&files, &["modules.0.dimension", "17", "16"]);
}

#[test]
fn lists_have_a_limit() {
    refused(&files(&vec!["Normalize"; 10_000]), &["modules.json", "10002", "40"]);
    refused(&files(&["Normalize"; 34]), &["modules", "33", "32"]);
}
