//! Every shape of model against sentence-transformers: the directories that `tests/golden/make_shapes.py` writes.

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Agreement;
use minilm::{Embedder, EncodeOptions, Precision};
use minilm_convert::{ModelFiles, Source};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    dim: usize,
    vectors: Vec<f32>,
}

/// The directories, by name.
fn shapes() -> Vec<PathBuf> {
    let root = Path::new("../../tests/golden/shapes");
    let mut found: Vec<PathBuf> =
        fs::read_dir(root).expect("it is there").map(|entry| entry.expect("it is there").path()).collect();
    found.sort();
    assert!(found.len() >= 7, "{found:?}");
    found
}

fn paths(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let entry = entry.expect("it is there");
        let name = format!("{prefix}{}", entry.file_name().to_str().expect("names are UTF-8"));
        match entry.path().is_dir() {
            true => found.extend(paths(&entry.path(), &format!("{name}/"))),
            false => found.push(name),
        }
    }
    found
}

/// The model of a directory, through the choice of files that every user of the converter makes.
fn source(folder: &Path) -> Source {
    let paths = paths(folder, "");
    let mut files = ModelFiles::default();
    for path in ModelFiles::read_of(&paths).expect("the directory is complete") {
        files.insert(path, fs::read(folder.join(path)).expect("it is there"));
    }
    Source::read("tiny", &files).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

fn agreement(folder: &Path, precision: Precision) -> Agreement {
    let expected = fs::read(folder.join("expected.json")).expect("it is there");
    let expected: Expected = serde_json::from_slice(&expected).expect("it is valid");
    let file = source(folder).pack(precision).expect("the weights fit");
    let embedder = Embedder::from_bytes(file).expect("packed files are valid");
    assert_eq!((embedder.dim(), embedder.info().dim), (expected.dim, expected.dim));
    let all = embedder.encode(&expected.texts, &EncodeOptions::default()).expect("texts are cut");
    assert_eq!(all.dim, expected.dim);
    for (text, row) in expected.texts.iter().zip(all.data.chunks_exact(all.dim)) {
        let alone = embedder.encode(&[text], &EncodeOptions::default()).expect("texts are cut");
        let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&alone.data), bits(row), "{}: {text}", folder.display());
    }
    Agreement::of(&all.data, &expected.vectors, all.dim)
}

#[test]
fn f32_is_sentence_transformers() {
    for folder in shapes() {
        let found = agreement(&folder, Precision::F32);
        println!("{}: {found:?}", folder.display());
        assert!(found.min_cosine >= 0.999_999 && found.max_difference <= 2e-6, "{}: {found:?}", folder.display());
    }
}

#[test]
fn int8_is_close() {
    for folder in shapes() {
        let found = agreement(&folder, Precision::Int8);
        println!("{}: {found:?}", folder.display());
        assert!(found.mean_cosine >= 0.998 && found.min_cosine >= 0.99, "{}: {found:?}", folder.display());
    }
}

/// The same weights behind another last step are another model.
#[test]
fn the_identity_covers_the_weights_of_modules() {
    let folder = Path::new("../../tests/golden/shapes/labse");
    let mut files = ModelFiles::default();
    for path in paths(folder, "") {
        files.insert(&path, fs::read(folder.join(&path)).expect("it is there"));
    }
    let sha256 = |files: &ModelFiles| Source::read("tiny", files).expect("it is valid").config().weights_sha256.clone();
    let with = sha256(&files);
    let modules = fs::read_to_string(folder.join("modules.json")).expect("it is there");
    let mut modules: serde_json::Value = serde_json::from_str(&modules).expect("it is JSON");
    modules.as_array_mut().expect("it is a list").truncate(2);
    files.insert("modules.json", modules.to_string().into_bytes());
    assert_ne!(with, sha256(&files));
}
