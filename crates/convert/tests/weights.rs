//! The weights of a model directory: types, names and faults.

#[path = "../../../tests/common/mod.rs"]
mod common;

use common::tiny::{TEXTS, Tiny};
use minilm::{Embedder, EncodeOptions, Precision};
use minilm_convert::{Error, Source};
use safetensors::tensor::{Dtype, TensorView};

fn packed(tiny: &Tiny) -> Result<Vec<u8>, Error> {
    tiny.read()?.pack(Precision::F32)
}

/// Vectors of the texts.
fn vectors(file: &[u8]) -> Vec<f32> {
    let embedder = Embedder::from_bytes(file.to_vec()).expect("packed files are valid");
    let embeddings = embedder.encode(&TEXTS, &EncodeOptions::default()).expect("texts are cut");
    embeddings.data
}

fn with_prefix(mut tiny: Tiny, prefix: &str) -> Tiny {
    tiny.weights = tiny.weights.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
    tiny
}

/// Every weight of the tiny model is a number in all three types.
#[test]
fn half_precision_is_read() {
    let expected = vectors(&packed(&Tiny::default()).expect("the weights fit"));
    assert!(expected.iter().any(|&x| x != 0.0));
    for dtype in [Dtype::F16, Dtype::BF16] {
        let tiny = Tiny { dtype, ..Tiny::default() };
        assert_eq!(vectors(&packed(&tiny).expect("the weights fit")), expected, "{dtype:?}");
    }
}

#[test]
fn names_may_begin_with_that_of_a_container() {
    let expected = vectors(&packed(&Tiny::default()).expect("the weights fit"));
    for prefix in ["bert.", "0.auto_model.", "model.0.auto_model."] {
        assert_eq!(vectors(&packed(&with_prefix(Tiny::default(), prefix)).expect("the weights fit")), expected);
    }
    let mut other = Tiny::default();
    other.weights = other.weights.into_iter().map(|(name, tensor)| (name.replace("layer", "block"), tensor)).collect();
    let error = packed(&other).expect_err("these are other weights");
    assert!(matches!(error, Error::Model(minilm::Error::MissingTensor(_))), "{error:?}");
}

#[test]
fn tensors_that_are_not_used_do_not_matter() {
    let tiny = Tiny::default();
    let expected = vectors(&packed(&tiny).expect("the weights fit"));
    let source = tiny.safetensors();
    let file = safetensors::SafeTensors::deserialize(&source).expect("it was just written");
    let ids: Vec<u8> = (0..32i64).flat_map(i64::to_le_bytes).collect();
    let nan = f32::NAN.to_le_bytes();
    let mut views: Vec<(String, TensorView<'_>)> = file.tensors();
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).expect("sizes agree");
    views.push(("embeddings.position_ids".to_owned(), view(Dtype::I64, &[1, 32], &ids)));
    views.push(("pooler.dense.weight".to_owned(), view(Dtype::F32, &[1], &nan)));
    views.push(("cls.predictions.bias".to_owned(), view(Dtype::BOOL, &[4], &nan)));
    let mut files = tiny.files();
    files.insert("model.safetensors", safetensors::serialize(views, None).expect("the tensors are valid"));
    let source = Source::read("tiny", &files).expect("the directory is valid");
    assert_eq!(vectors(&source.pack(Precision::F32).expect("the weights fit")), expected);
}

#[test]
fn every_tensor_is_needed_in_its_shape() {
    for name in Tiny::default().weights.keys() {
        for precision in [Precision::F32, Precision::Int8] {
            let mut tiny = Tiny::default();
            let (shape, values) = tiny.weights.remove(name).expect("it is there");
            let outcome = tiny.read().and_then(|source| source.pack(precision));
            assert!(
                matches!(&outcome, Err(Error::Model(minilm::Error::MissingTensor(missing))) if missing == name),
                "{name}: {outcome:?}"
            );

            let wrong = vec![shape.iter().product(), 1];
            tiny.weights.insert(name.clone(), (wrong.clone(), values));
            let error = tiny.read().and_then(|source| source.pack(precision)).expect_err("the shape is wrong");
            let named = matches!(&error, Error::Model(minilm::Error::TensorShape { name: n, found, expected })
                if n == name && *found == wrong && *expected == shape);
            assert!(named, "{name}: {error:?}");
        }
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name() {
    for (name, value, dtype) in [
        ("embeddings.word_embeddings.weight", f32::NAN, Dtype::F32),
        ("encoder.layer.1.output.dense.bias", f32::INFINITY, Dtype::F32),
        ("encoder.layer.0.attention.self.key.weight", f32::NEG_INFINITY, Dtype::BF16),
    ] {
        let mut tiny = Tiny { dtype, ..Tiny::default() };
        let values = &mut tiny.weights.get_mut(name).expect("it is there").1;
        *values.last_mut().expect("it has values") = value;
        assert!(matches!(packed(&tiny), Err(Error::TensorNotFinite(found)) if found == name));
    }
}

#[test]
fn other_types_and_files_are_refused() {
    let tiny = Tiny::default();
    let data = [0u8; 8];
    let view = TensorView::new(Dtype::F64, vec![1], &data).expect("sizes agree");
    let mut files = tiny.files();
    files
        .insert("model.safetensors", safetensors::serialize([("encoder.layer.0.x", view)], None).expect("it is valid"));
    let error = Source::read("tiny", &files).expect_err("the type is not supported");
    assert!(
        matches!(&error, Error::Model(minilm::Error::TensorDtype { name, found, .. }) if name == "encoder.layer.0.x" && found == "F64"),
        "{error:?}"
    );

    for content in [&b""[..], &tiny.safetensors()[..5000]] {
        files.insert("model.safetensors", content.to_vec());
        assert!(matches!(Source::read("tiny", &files), Err(Error::Model(minilm::Error::Safetensors(_)))));
    }
    files.insert("model.safetensors", b"version https://git-lfs.github.com/spec/v1".to_vec());
    let error = Source::read("tiny", &files).expect_err("it is a pointer").to_string();
    assert_eq!(error, "model.safetensors: it is a pointer of Git LFS: `git lfs pull` fetches the weights");
}

/// Packing is deterministic, and the name of the weights goes into the file.
#[test]
fn the_same_weights_give_the_same_file() {
    for precision in [Precision::F32, Precision::Int8] {
        assert_eq!(Tiny::default().pack(precision), Tiny::default().pack(precision));
    }
    let mut other = Tiny::default();
    other.weights.get_mut("embeddings.LayerNorm.bias").expect("it is there").1[0] += 1.0;
    let sha256 = |tiny: &Tiny| tiny.read().expect("the directory is valid").config().weights_sha256.clone();
    assert_ne!(sha256(&other), sha256(&Tiny::default()));
}
