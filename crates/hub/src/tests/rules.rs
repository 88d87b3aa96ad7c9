//! Which model runs, without a package index.

use std::fs;

use super::super::catalog::{KNOWN, Source};
use super::super::context::Verify;
use super::super::names::{Model, is_safe_relative};
use super::super::{Error, Request};
use super::server::{Reply, Server};
use super::{Fixture, REPO, catalog, files, hub_of, known, nowhere, sha256, weights};

#[test]
fn a_directory_is_used_as_it_is() {
    let fixture = Fixture::new(&nowhere());
    let dir = fixture.cache.path().join("my-model");
    fs::create_dir(&dir).unwrap();
    let request = Request::Named(dir.to_str().unwrap().to_owned());
    let error = fixture.context.resolve(&request).unwrap_err();
    assert!(error.to_string().contains("config.json"), "{error}");

    fs::write(dir.join("config.json"), "{}").unwrap();
    let found = fixture.context.resolve(&request).unwrap();
    assert_eq!(found.name, "my-model");
    assert_eq!(found.path, dir.canonicalize().unwrap());
    assert!(fixture.entries().is_empty(), "not copied");
}

#[test]
fn names_mean_repositories() {
    let parse = |name: &str| Model::parse(name, KNOWN).map(|model| (model.name, model.repo, model.sha256.is_some()));
    let row = |name: &str, repo: &str, pinned| Some((name.to_owned(), repo.to_owned(), pinned));
    let l6 = "sentence-transformers/all-MiniLM-L6-v2";
    assert_eq!(parse("all-MiniLM-L6-v2").ok(), row("all-MiniLM-L6-v2", l6, true));
    assert_eq!(parse(l6).ok(), row("all-MiniLM-L6-v2", l6, true));
    assert_eq!(parse("foo").ok(), row("foo", "sentence-transformers/foo", false));
    assert_eq!(parse("a/b").ok(), row("a/b", "a/b", false));
    for bad in ["", "a/b/c", "../x", "a/..", "/x", "x/", "a b", "a--b", "a?b", "./x", "-x"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn paths_stay_inside() {
    for good in ["a", "1_Pooling/config.json", ".gitattributes", "a/b-c_d.e"] {
        assert!(is_safe_relative(good), "{good}");
    }
    for bad in ["", ".", "..", "../a", "a/../b", "/a", "a/", "a//b", "a\\b", "c:a", "a%2fb", "a\0b"] {
        assert!(!is_safe_relative(bad), "{bad:?}");
    }
}

#[test]
fn the_default_is_replaced_only_if_the_hub_is_unreachable() {
    // Each of these hubs answers, and the answer is no.
    let refusing = [401, 403, 404].map(|status| Server::start(move |_| Reply::status(status)));
    let pinned_elsewhere = hub_of(files());
    for hub in refusing.iter().chain([&pinned_elsewhere]) {
        let mut fixture = Fixture::new(&hub.url);
        fixture.context.catalog = catalog(vec![
            known("tiny", REPO, sha256(b"other weights"), &[Source::Hub]),
            known("stand-in", "someone/stand-in", sha256(b""), NO_PIP_NEEDED),
        ]);
        let error = fixture.context.resolve(&Request::Default).unwrap_err();
        assert!(matches!(error, Error::NoSource { .. } | Error::Sha256 { .. }), "{error}");
        assert!(fixture.notes.lock().unwrap().is_empty());
    }
}

const NO_PIP_NEEDED: &[Source] =
    &[Source::Hub, Source::Wheel { package: "never-asked-for", version: "1", directory: "m/" }];

#[test]
fn every_run_with_the_stand_in_says_so() {
    let hub = hub_of(files());
    let mut fixture = Fixture::new(&hub.url);
    let rows = catalog(vec![
        known("missing", "someone/missing", sha256(b"x"), &[Source::Hub]),
        known("tiny", REPO, sha256(&weights()), NO_PIP_NEEDED),
    ]);
    fixture.context.catalog = rows;
    fixture.context.obtain_named("someone/tiny", Verify::Sizes).unwrap();
    drop(hub);

    let broken = Server::start(|_| Reply::status(503));
    let asks_for_login = Server::start(|_| Reply::status(407));
    let dead = nowhere();
    for (endpoint, offline) in [(&dead, false), (&broken.url, false), (&asks_for_login.url, false), (&broken.url, true)]
    {
        fixture.context.endpoint = endpoint.clone();
        fixture.context.offline = offline;
        let dir = fixture.context.resolve(&Request::Default).unwrap();
        assert_eq!(dir.name, "tiny");
        let note = fixture.notes.lock().unwrap().pop().unwrap();
        assert!(note.starts_with("note: the Hugging Face hub cannot be reached (127.0.0.1: "), "{note}");
        assert!(note.ends_with("using tiny instead of missing"), "{note}");
        assert_eq!(note.contains("HF_HUB_OFFLINE"), offline, "{note}");
    }
    assert_eq!(broken.seen("").len(), 1, "offline asks nobody");

    let error = fixture.context.resolve(&Request::Named("someone/missing".to_owned())).unwrap_err();
    assert!(error.to_string().contains("the model missing"), "{error}");
    assert!(fixture.notes.lock().unwrap().is_empty(), "a named model is never replaced");
}

#[test]
fn files_put_into_the_cache_by_hand_are_taken_over() {
    let mut fixture = Fixture::new(&nowhere());
    fixture.context.catalog = catalog(vec![known("tiny", REPO, sha256(b"right"), &[Source::Hub])]);
    let dir = fixture.context.cache_dir.join("someone--tiny");
    fs::create_dir_all(&dir).unwrap();
    let obtain = || fixture.context.obtain_named("someone/tiny", Verify::Sizes);
    for name in ["config.json", "tokenizer.json"] {
        fs::write(dir.join(name), "{}").unwrap();
    }
    let message = obtain().unwrap_err().to_string();
    assert!(message.contains("has no model.safetensors"), "{message}");
    fs::write(dir.join("model.safetensors"), "wrong").unwrap();
    let message = obtain().unwrap_err().to_string();
    assert!(message.contains(&sha256(b"wrong")), "{message}");
    fs::write(dir.join("model.safetensors"), "right").unwrap();
    assert_eq!(obtain().unwrap().path, dir);
    assert!(dir.join("manifest.json").is_file());
    assert_eq!(obtain().unwrap().path, dir);
}

#[test]
fn a_cached_model_must_have_the_pinned_weights() {
    let hub = hub_of(files());
    let mut fixture = Fixture::new(&hub.url);
    let obtain = |fixture: &Fixture| fixture.context.obtain_named(REPO, Verify::Sizes);
    obtain(&fixture).unwrap();
    fixture.context.catalog = catalog(vec![known("tiny", REPO, sha256(b"pinned later"), &[Source::Hub])]);
    let error = obtain(&fixture).unwrap_err();
    assert!(matches!(error, Error::Sha256 { .. }), "{error}");
}
