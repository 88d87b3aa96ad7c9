//! A made-up cache of Hugging Face's programs.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::catalog::Source;
use super::super::context::Verify;
use super::super::hf_cache::location;
use super::{Fixture, REPO, catalog, files, hub_of, known, nowhere, sha256, weights};

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// A cache with the model [`REPO`], but for the files `without`. Its weights are a blob that is named by their hash, as the hub's
/// client has it.
fn cache(root: &Path, without: &[&str]) -> PathBuf {
    let model = root.join("models--someone--tiny");
    let snapshot = model.join("snapshots").join(REVISION);
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::create_dir_all(model.join("blobs")).unwrap();
    fs::write(model.join("refs").join("main"), REVISION).unwrap();
    let absent = model.join(".no_exist").join(REVISION);
    fs::create_dir_all(&absent).unwrap();
    for name in ["sentence_bert_config.json", "tokenizer_config.json"] {
        fs::write(absent.join(name), "").unwrap();
    }
    for (name, bytes) in files().into_iter().filter(|(name, _)| !without.contains(&name.as_str())) {
        let path = snapshot.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name == "modules.json" {
            // The module that has no file is of a class that needs none.
            let modules = String::from_utf8(bytes).unwrap().replace("\"type\":\"N\"", "\"type\":\"a.Normalize\"");
            fs::write(path, modules).unwrap();
        } else if name == "model.safetensors" && cfg!(unix) {
            let blob = model.join("blobs").join(sha256(&bytes));
            fs::write(&blob, bytes).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::symlink(blob, path).unwrap();
        } else {
            fs::write(path, bytes).unwrap();
        }
    }
    snapshot
}

fn fixture(endpoint: &url::Url, without: &[&str]) -> (Fixture, PathBuf) {
    let mut fixture = Fixture::new(endpoint);
    let root = fixture.cache.path().join("hf");
    let snapshot = cache(&root, without);
    fixture.context.hf_cache = Some(root);
    (fixture, snapshot)
}

#[test]
fn what_is_there_is_not_downloaded() {
    let (mut fixture, snapshot) = fixture(&nowhere(), &[]);
    let found = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    assert_eq!((found.name.as_str(), &found.path), (REPO, &snapshot));
    assert!(fixture.entries().is_empty(), "not copied");
    assert_eq!(fixture.context.hf_models().unwrap(), [(REPO.to_owned(), snapshot.clone())]);

    fixture.context.catalog = catalog(vec![known("tiny", REPO, sha256(&weights()), &[Source::Hub])]);
    fixture.context.offline = true;
    let found = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    assert_eq!((found.name.as_str(), &found.path), ("tiny", &snapshot));
}

#[test]
fn an_incomplete_snapshot_is_passed_over() {
    for missing in ["config.json", "tokenizer.json", "model.safetensors", "modules.json", "odd_Pooling/config.json"] {
        let hub = hub_of(files());
        let (fixture, snapshot) = fixture(&hub.url, &[missing]);
        let found = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
        assert_ne!(found.path, snapshot, "{missing}");
        assert_eq!(fs::read(found.path.join("model.safetensors")).unwrap(), weights());
    }
}

#[test]
fn weights_with_another_hash_are_passed_over() {
    let hub = hub_of(files());
    let (mut fixture, snapshot) = fixture(&hub.url, &[]);
    let mut damaged = weights();
    damaged[7] ^= 1;
    fs::write(snapshot.join("model.safetensors"), damaged).unwrap();
    fixture.context.catalog = catalog(vec![known("tiny", REPO, sha256(&weights()), &[Source::Hub])]);
    let found = fixture.context.obtain_named(REPO, Verify::Sizes).unwrap();
    assert_ne!(found.path, snapshot);
    let notes = fixture.notes.lock().unwrap();
    assert!(notes.len() == 1 && notes[0].contains("the Hugging Face cache is passed over"), "{notes:?}");
}

#[cfg(unix)]
#[test]
fn a_blob_that_is_named_by_a_hash_must_have_it() {
    let hub = hub_of(files());
    let (fixture, snapshot) = fixture(&hub.url, &[]);
    let mut damaged = weights();
    damaged[7] ^= 1;
    // Through the link, into the blob.
    fs::write(snapshot.join("model.safetensors"), damaged).unwrap();
    assert_ne!(fixture.context.obtain_named(REPO, Verify::Sizes).unwrap().path, snapshot);
}

#[test]
fn a_revision_that_leads_outside_is_passed_over() {
    let hub = hub_of(files());
    let (fixture, snapshot) = fixture(&hub.url, &[]);
    let refs = fixture.cache.path().join("hf/models--someone--tiny/refs/main");
    fs::write(refs, format!("../snapshots/{REVISION}")).unwrap();
    assert_ne!(fixture.context.obtain_named(REPO, Verify::Sizes).unwrap().path, snapshot);
}

#[test]
fn variables_say_where_the_cache_is() {
    let at = |set: &[(&str, &str)]| {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        location(variable, Some(PathBuf::from("/home/a"))).unwrap()
    };
    assert_eq!(at(&[("HF_HUB_CACHE", "/a"), ("HF_HOME", "/b")]), Path::new("/a"));
    assert_eq!(at(&[("HF_HUB_CACHE", ""), ("HF_HOME", "/b")]), Path::new("/b/hub"));
    assert_eq!(at(&[("XDG_CACHE_HOME", "/c")]), Path::new("/c/huggingface/hub"));
    assert_eq!(at(&[]), Path::new("/home/a/.cache/huggingface/hub"));
    assert_eq!(location(|_| None, None), None);
}

#[test]
fn only_whole_models_are_listed() {
    let (fixture, _) = fixture(&nowhere(), &["tokenizer.json"]);
    let root = fixture.context.hf_cache.as_ref().unwrap();
    fs::create_dir_all(root.join("datasets--someone--texts")).unwrap();
    fs::create_dir_all(root.join("models--gpt2").join("refs")).unwrap();
    assert_eq!(fixture.context.hf_models().unwrap(), []);
}
