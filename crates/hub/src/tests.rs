//! The rules against real sockets, all of them on 127.0.0.1.

mod download;
mod hf_cache;
mod hub;
mod identity;
mod packed;
mod rules;
mod server;
mod wheel;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use url::Url;

use super::catalog::{Known, Source};
use super::context::Context;
use super::http::Patience;
use super::pip::Pip;
use server::{Reply, Seen, Server};

const REPO: &str = "someone/tiny";
/// Long enough for a busy machine, but without pauses.
const PATIENT: Patience = Patience {
    connect: Duration::from_secs(20),
    response: Duration::from_secs(20),
    stall: Duration::from_secs(20),
    pause: Duration::from_millis(1),
};

/// A context of its own cache, and the notes it gave.
struct Fixture {
    cache: TempDir,
    context: Context,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    fn new(endpoint: &Url) -> Fixture {
        let cache = tempfile::tempdir().unwrap();
        let notes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&notes);
        let context = Context {
            endpoint: endpoint.clone(),
            token: None,
            offline: false,
            cache_dir: cache.path().join("models"),
            hf_cache: None,
            pip: Pip { commands: Vec::new(), environment: Vec::new() },
            proxy: None,
            patience: PATIENT,
            short_patience: PATIENT,
            catalog: &[],
            notes: Arc::new(move |line| sink.lock().unwrap().push(line.to_owned())),
        };
        Fixture { cache, context, notes }
    }

    fn entries(&self) -> Vec<String> {
        names_in(&self.context.cache_dir)
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let Ok(items) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<_> = items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Weights long enough to be cut in the middle.
fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i * 7 % 251) as u8).collect()
}

/// A repo as small as one can be.
fn files() -> BTreeMap<String, Vec<u8>> {
    let modules = r#"[{"idx":0,"name":"0","path":"","type":"T"},{"idx":1,"name":"1","path":"odd_Pooling","type":"P"},
        {"idx":2,"name":"2","path":"2_Normalize","type":"N"}]"#;
    [
        ("config.json", b"{}".to_vec()),
        ("tokenizer.json", b"{\"model\":{}}".to_vec()),
        ("modules.json", modules.into()),
        ("odd_Pooling/config.json", b"{\"p\":1}".to_vec()),
        ("model.safetensors", weights()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

/// Serves `files` the way the hub does, as `owner/name`.
fn hub_reply(repo: &str, files: &BTreeMap<String, Vec<u8>>, seen: &Seen) -> Reply {
    seen.path
        .strip_prefix(&format!("/{repo}/resolve/main/"))
        .and_then(|file| files.get(file))
        .map_or(Reply::status(404), |bytes| Reply::file(seen, bytes))
}

fn hub_of(files: BTreeMap<String, Vec<u8>>) -> Server {
    Server::start(move |seen| hub_reply(REPO, &files, seen))
}

/// An address where nobody listens.
fn nowhere() -> Url {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    Url::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A catalog row for the length of the test run.
fn known(name: &'static str, repo: &'static str, sha256: String, sources: &'static [Source]) -> Known {
    Known { name, repo, sha256: sha256.leak(), identity: None, sources }
}

fn catalog(rows: Vec<Known>) -> &'static [Known] {
    rows.leak()
}
