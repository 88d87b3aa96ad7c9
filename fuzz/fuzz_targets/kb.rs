//! Any requests to any route of the knowledge base, through its handler: answers within the limits, never a panic or an error of ours.
//!
//! The first byte says what the rest is. If it is even: requests, as `requests` reads them, with a NUL between them, to an SQLite that is
//! empty at first. If it is odd: one request, which gets the same answer from an SQLite and from an index file with the same documents.
#![no_main]

mod requests;
#[path = "../../wasm/kb/tests/api/sqlite.rs"]
#[allow(dead_code, reason = "written for the tests of the knowledge base")]
mod sqlite;

use http::{Method, Request};
use libfuzzer_sys::fuzz_target;
use minilm::EncodeOptions;
use minilm_documents::{Documents, write_index};
use minilm_kb::sqlite::Sqlite;
use minilm_kb::{Kb, Settings, Store, from_settings, with_defaults};
use minilm_serving::{ServerState, Settings as ServerSettings};
use minilm_test_support::embedder;

/// Requests of one run, at most.
const REQUESTS: usize = 8;

const FIELDS: &str = "question,title";

const DOCUMENTS: &str = include_str!("kb_documents.jsonl");

thread_local! {
    /// Both with the same documents. They are only read.
    static SAME: [Kb; 2] = [sqlite_with_documents(), index_file()];
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    if mode % 2 == 0 {
        let kb = kb(empty());
        for request in data.split(|&byte| byte == 0).take(REQUESTS).filter_map(requests::parse) {
            requests::respond(&kb, request);
        }
        return;
    }
    let Some(request) = requests::parse(data) else { return };
    if !is_read(&request) {
        return;
    }
    SAME.with(|[sqlite, index]| {
        let about = format!("{request:?}");
        let expected = requests::respond(sqlite, request.clone());
        let found = requests::respond(index, request);
        assert_eq!(
            found,
            expected,
            "{about}: {} {}",
            String::from_utf8_lossy(&found.1),
            String::from_utf8_lossy(&expected.1)
        );
    });
});

/// Whether a request changes nothing, and its answer says nothing of the store.
fn is_read(request: &Request<Vec<u8>>) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::GET => path.starts_with("/documents"),
        Method::POST => ["/query", "/query/batch", "/search"].contains(&path),
        _ => false,
    }
}

fn variable(name: &str) -> Option<String> {
    // A machine that is busy must not make the answers of two stores differ.
    let set = [("LOG", "off"), ("SEARCH_FIELDS", FIELDS), ("MAX_REQUEST_MS", "600000")];
    set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
}

/// An instance over `store`.
fn kb(store: Box<dyn Store + Send + Sync>) -> Kb {
    let settings = ServerSettings::read(with_defaults(variable)).expect("settings");
    let state = ServerState::new(settings, embedder()).expect("they fit the model");
    Kb::new(state, Settings::read(variable).expect("settings"), store)
}

fn empty() -> Box<dyn Store + Send + Sync> {
    Box::new(Sqlite::new(Box::new(sqlite::Shared::in_memory())))
}

fn get(kb: &Kb, request: &str) {
    let (status, body) = requests::respond(kb, requests::parse(request.as_bytes()).expect("a request"));
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
}

fn sqlite_with_documents() -> Kb {
    let kb = kb(empty());
    get(&kb, &format!("PUT /documents\ncontent-type: application/x-ndjson\n\n{DOCUMENTS}"));
    kb
}

fn index_file() -> Kb {
    let embedder = embedder();
    let documents = Documents::new(DOCUMENTS.as_bytes()).collect::<Result<Vec<_>, _>>().expect("documents");
    let fields: Vec<String> = FIELDS.split(',').map(str::to_owned).collect();
    let mut file = Vec::new();
    let encode = |texts: &[&str]| embedder.encode(texts, &EncodeOptions::default()).map(|found| found.data);
    write_index(&mut file, &embedder.config().into(), &fields, &documents, encode).expect("the documents fit");
    let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
    std::fs::write(&path, file).expect("a file");
    let named = |name: &str| match name {
        "STORE" => Some("index".to_owned()),
        "INDEX_FILE" => Some(path.display().to_string()),
        name => variable(name),
    };
    let kb = kb(from_settings(&Settings::read(named).expect("settings")).expect("this build reads index files"));
    // It is open from now on, so that it can go.
    get(&kb, "GET /documents");
    kb
}
