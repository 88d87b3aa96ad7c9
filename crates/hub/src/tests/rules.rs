//! Which model runs, without a package index.

use std::fs;

use super::super::catalog::{KNOWN, Source, Wheel};
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
    assert_eq!(parse("foo@v1.0").ok(), row("foo", "sentence-transformers/foo", false));
    assert_eq!(parse(&format!("{l6}@0a1b")).ok(), row("all-MiniLM-L6-v2", l6, false));
    for bad in [
        "a/b@",
        "a/b@c@d",
        "a/b@../c",
        "a/b@refs/pr/1",
        "a/b@-x",
        "@v1",
        "",
        "a/b/c",
        "../x",
        "a/..",
        "/x",
        "x/",
        "a b",
        "a--b",
        "a?b",
        "./x",
        "-x",
    ] {
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

const NO_PIP_NEEDED: &[Source] = &[
    Source::Hub,
    Source::Wheel { wheel: Wheel { package: "never-asked-for", version: "1" }, directory: "m/", sha256: None },
];

#[test]
fn the_default_is_the_first_row_or_nothing() {
    // Each of these hubs answers, and the answer is no.
    let refusing = [401, 403, 404].map(|status| Server::start(move |_| Reply::status(status)));
    let pinned_elsewhere = hub_of(files());
    let hubs = refusing.iter().chain([&pinned_elsewhere]).map(|hub| &hub.url);
    for endpoint in hubs.chain([&nowhere()]) {
        let mut fixture = Fixture::new(endpoint);
        fixture.context.catalog = catalog(vec![
            known("tiny", REPO, sha256(b"other weights"), &[Source::Hub]),
            known("second", "someone/second", sha256(b""), NO_PIP_NEEDED),
        ]);
        let error = fixture.context.resolve(&Request::Default).unwrap_err();
        assert!(matches!(error, Error::NoSource { .. } | Error::Sha256 { .. }), "{error}");
        assert!(!error.to_string().contains("second"), "{error}");
    }
}

#[test]
fn the_default_in_the_cache_needs_no_network() {
    let hub = hub_of(files());
    let mut fixture = Fixture::new(&hub.url);
    fixture.context.catalog = catalog(vec![known("tiny", REPO, sha256(&weights()), NO_PIP_NEEDED)]);
    fixture.context.resolve(&Request::Default).unwrap();
    drop(hub);
    let broken = Server::start(|_| Reply::status(503));
    fixture.context.endpoint = broken.url.clone();
    assert_eq!(fixture.context.resolve(&Request::Default).unwrap().name, "tiny");
    assert!(broken.seen("").is_empty());
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
    assert!(message.contains("has no weights"), "{message}");
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
