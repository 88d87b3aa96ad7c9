//! The same weights in every file that can hold them: the same packed file, to the byte.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod onnx;

use common::tiny::Tiny;
use minilm::Precision;
use minilm_convert::{Error, ModelFiles, Source};
use onnx::{Graph, node, onnx};
use prost::Message;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

/// The directory with other files in place of the weights.
fn files(tiny: &Tiny, weights: &[(&str, Vec<u8>)]) -> ModelFiles {
    let mut files = ModelFiles::default();
    tiny.json.iter().for_each(|(path, value)| files.insert(path, value.to_string().into_bytes()));
    weights.iter().for_each(|(path, bytes)| files.insert(*path, bytes.clone()));
    files
}

fn pack(files: &ModelFiles) -> Result<Vec<u8>, Error> {
    Source::read("tiny", files)?.pack(Precision::Int8)
}

fn refused(files: &ModelFiles) -> String {
    pack(files).expect_err("it is refused").to_string()
}

#[test]
fn onnx_gives_the_same_file() {
    let tiny = Tiny::default();
    let expected = tiny.pack(Precision::Int8);
    for path in ["model.onnx", "onnx/model.onnx"] {
        let found = pack(&files(&tiny, &[(path, onnx(&tiny).encode_to_vec())])).expect("it is read");
        assert!(found == expected, "{path}");
    }
}

#[test]
fn shards_give_the_same_file() {
    let tiny = Tiny::default();
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tiny
        .weights
        .iter()
        .map(|(name, (shape, values))| {
            (name.clone(), shape.clone(), values.iter().flat_map(|x| x.to_le_bytes()).collect())
        })
        .collect();
    let shard = |keep: &dyn Fn(usize) -> bool| {
        let views = bytes.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, (name, shape, data))| {
            (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).expect("sizes agree"))
        });
        safetensors::serialize(views, None).expect("the tensors are valid")
    };
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let map: serde_json::Map<String, serde_json::Value> =
        bytes.iter().enumerate().map(|(at, (name, ..))| (name.clone(), json!(names[at % 2]))).collect();
    let index = json!({ "metadata": { "total_size": 1 }, "weight_map": map }).to_string().into_bytes();
    let shards = [(names[0], shard(&|at| at % 2 == 0)), (names[1], shard(&|at| at % 2 == 1))];
    let mut all = vec![("model.safetensors.index.json", index)];
    all.extend(shards);
    assert!(pack(&files(&tiny, &all)).expect("it is read") == tiny.pack(Precision::Int8));

    all.pop();
    assert_eq!(refused(&files(&tiny, &all)), format!("the model directory has no `{}`", names[1]));
}

#[test]
fn names_of_the_first_bert_models_and_missing_settings_give_the_same_file() {
    let tiny = Tiny::default();
    let mut old = tiny.clone();
    old.weights = std::mem::take(&mut old.weights)
        .into_iter()
        .map(|(name, tensor)| {
            let name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
            (format!("bert.{name}"), tensor)
        })
        .collect();
    let config = old.json.get_mut("config.json").and_then(|config| config.as_object_mut()).expect("it is an object");
    let expected =
        tiny.set("config.json", "/layer_norm_eps", json!(1e-12)).set("config.json", "/type_vocab_size", json!(2));
    config.remove("layer_norm_eps");
    config.remove("type_vocab_size");
    assert!(old.pack(Precision::Int8) == expected.pack(Precision::Int8));
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let tiny = Tiny::default();
    let needed = "the model directory has no weights: `model.safetensors`, `pytorch_model.bin`, the shards of either, or `model.onnx` \
                  is needed";
    assert_eq!(refused(&files(&tiny, &[])), needed);
    let gguf = refused(&files(&tiny, &[("minilm-q4.gguf", vec![0x80, 2])]));
    assert_eq!(gguf, format!("{needed}; `minilm-q4.gguf` is a GGUF file: give the model that it was made from"));
    let disguised = refused(&files(&tiny, &[("model.safetensors", b"GGUF\x03".to_vec())]));
    assert_eq!(disguised, "model.safetensors: it is a GGUF file: give the model that it was made from");
    // Another architecture is what counts first.
    let other = tiny.clone().set("config.json", "/model_type", json!("t5"));
    let other = refused(&files(&other, &[("model.safetensors", Vec::new())]));
    assert!(other.starts_with("configuration field `config.json: model_type`: `t5` is not supported: "), "{other}");

    let onnx_error = |change: &dyn Fn(&mut Graph)| {
        let mut model = onnx(&tiny);
        model.graph.as_mut().map(change);
        refused(&files(&tiny, &[("model.onnx", model.encode_to_vec())]))
    };
    let quantized = onnx_error(&|graph| graph.nodes.push(node("MatMulInteger", vec![], "y")));
    assert_eq!(quantized, "model.onnx: it is quantized (`MatMulInteger`): give the export in float");
    let integers = onnx_error(&|graph| graph.initializers[0].data_type = 3);
    assert!(integers.contains("has data type 3: float, float16 and bfloat16 are supported"), "{integers}");
    let short = onnx_error(&|graph| graph.initializers[0].raw_data.truncate(8));
    assert!(short.contains("has 2 values, its shape is ["), "{short}");
    let huge = onnx_error(&|graph| graph.initializers[0].dims = vec![i64::MAX, i64::MAX]);
    assert!(huge.contains("values, its shape is"), "{huge}");
    let negative = onnx_error(&|graph| graph.initializers[0].dims = vec![-1]);
    assert!(negative.contains("has a negative dimension"), "{negative}");
    let missing = onnx_error(&|graph| drop(graph.initializers.remove(0)));
    assert!(missing.contains("embeddings.LayerNorm.bias"), "{missing}");
    let garbage = refused(&files(&tiny, &[("model.onnx", b"no protobuf".to_vec())]));
    assert!(garbage.starts_with("model.onnx: not a valid ONNX file: "), "{garbage}");
    assert_eq!(refused(&files(&tiny, &[("model.onnx", Vec::new())])), "model.onnx: it has no graph");
}
