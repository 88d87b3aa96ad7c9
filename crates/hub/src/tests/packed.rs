//! Packed files in the cache: found again by what they were made from.

use std::fs;
use std::path::Path;

use minilm::Precision;

use super::super::{Error, ModelDir, Request};
use super::{Fixture, nowhere};

/// Where the files of a packed model are kept.
fn kept(fixture: &Fixture) -> Vec<String> {
    let files = fixture.context.packed_files().unwrap();
    files.iter().map(|file| file.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// Puts a file where the packed model would be kept, so that what is found can be told from what is made.
fn place(fixture: &Fixture, model: &ModelDir, content: &str) -> std::path::PathBuf {
    let path = fixture.context.packed_path(model, Precision::Int8).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn model(folder: &Path) -> ModelDir {
    let path = folder.join("my-model");
    fs::create_dir_all(path.join("1_Pooling")).unwrap();
    for name in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        fs::write(path.join(name), name).unwrap();
    }
    ModelDir { name: "my-model".to_owned(), path }
}

#[test]
fn a_kept_file_is_used_until_an_input_changes() {
    let fixture = Fixture::new(&nowhere());
    let model = model(fixture.cache.path());
    let path = place(&fixture, &model, "packed");
    assert_eq!(fixture.context.packed(&model, Precision::Int8).unwrap().path, path);

    // What is no input changes nothing: neither does a new time of change.
    fs::write(model.path.join("manifest.json"), "{}").unwrap();
    fs::write(model.path.join("README.md"), "hello").unwrap();
    fs::write(model.path.join("config.json"), "config.json").unwrap();
    assert_eq!(fixture.context.packed(&model, Precision::Int8).unwrap().path, path);

    for name in ["config.json", "1_Pooling/config.json", "model.safetensors"] {
        fs::write(model.path.join(name), "changed").unwrap();
        assert_ne!(fixture.context.packed_path(&model, Precision::Int8).unwrap(), path, "{name}");
        fs::write(model.path.join(name), name).unwrap();
    }
    assert_ne!(fixture.context.packed_path(&model, Precision::F32).unwrap(), path);
    let renamed = ModelDir { name: "other".to_owned(), ..model.clone() };
    assert_ne!(fixture.context.packed_path(&renamed, Precision::Int8).unwrap(), path);
    assert_eq!(kept(&fixture).len(), 1);
}

#[test]
fn what_is_no_model_leaves_nothing() {
    let fixture = Fixture::new(&nowhere());
    let model = model(fixture.cache.path());
    let error = fixture.context.packed(&model, Precision::Int8).unwrap_err();
    assert!(matches!(&error, Error::Convert { .. }), "{error}");
    assert!(error.to_string().contains("my-model"), "{error}");
    assert!(kept(&fixture).is_empty());
}

#[test]
fn a_packed_file_is_used_as_it_is() {
    let fixture = Fixture::new(&nowhere());
    let file = fixture.cache.path().join("a.b-int8.minilm");
    let request = Request::Named(file.to_str().unwrap().to_owned());
    let error = fixture.context.resolve_packed(&request, Precision::Int8).unwrap_err();
    assert!(error.to_string().contains("a.b-int8.minilm"), "{error}");
    fs::write(&file, "packed").unwrap();
    let found = fixture.context.resolve_packed(&request, Precision::Int8).unwrap();
    assert_eq!((found.name.as_str(), found.path), ("a.b-int8", file.canonicalize().unwrap()));
}
