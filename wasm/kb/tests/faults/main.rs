//! The store over a SQLite whose files and memory fail, at one call after the other: what was acknowledged is there, what was refused is there
//! whole or not at all, and the same request succeeds once the fault is gone.
//!
//! Each call is tried with `MINILM_TEST_FAULTS=all`, and a sample of them without.

#[path = "../api/client.rs"]
mod api_client;
#[path = "../api/sqlite.rs"]
#[allow(dead_code, reason = "written for the tests of the API, which use all of it")]
mod sqlite;
mod system;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use api_client::client_of;
use async_trait::async_trait;
use minilm::Embedder;
use minilm_kb::Kb;
use minilm_kb::sqlite::{Connection, Database, DbError, Row, Sqlite, Value};
use minilm_test_support::{Client, Reply, embedder, other_embedder};
use rusqlite::OpenFlags;
use serde_json::json;
use system::{Fault, Lasting, VFS, alone, fault_is, with_fault};

/// A database in a file, with a connection for each request, as hosts have it.
struct File(PathBuf);

struct Open(rusqlite::Connection);

#[async_trait(?Send)]
impl Database for File {
    fn name(&self) -> &str {
        "default"
    }

    async fn open(&self) -> Result<Box<dyn Connection>, DbError> {
        let opened = rusqlite::Connection::open_with_flags_and_vfs(&self.0, OpenFlags::default(), VFS);
        Ok(Box::new(Open(opened.map_err(|error| sqlite::failed(&error))?)))
    }
}

#[async_trait(?Send)]
impl Connection for Open {
    async fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, DbError> {
        // rusqlite asserts that there is memory for a text. A host turns that into an error, too.
        let query = || sqlite::query(&self.0, statement, parameters).map_err(|error| sqlite::failed(&error));
        catch_unwind(AssertUnwindSafe(query)).unwrap_or_else(|panic| {
            if !fault_is(Fault::Memory) {
                resume_unwind(panic);
            }
            Err(DbError::Sqlite("a panic".to_owned()))
        })
    }
}

/// An instance over the database in `file`.
fn client(file: &Path, embedder: Embedder) -> Client<Kb> {
    let store = Sqlite::new(Box::new(File(file.to_owned())));
    client_of(&[("SEARCH_FIELDS", "question,title")], embedder, Box::new(store))
}

/// More than a page of a reindex.
fn documents() -> String {
    let words = |index: usize| format!("{:03}", index).replace(['0', '1', '2'], " a ").replace(['3', '4'], " cat ");
    let document = |index| json!({ "id": index, "question": words(index), "title": "world", "answers": "It sat there. ".repeat(9) });
    json!((0..70).map(document).collect::<Vec<_>>()).to_string()
}

/// A request, and the store that it is for.
struct Case {
    name: &'static str,
    /// Whether it changes nothing.
    reads: bool,
    before: fn(&Path),
    request: fn(&Path) -> Reply,
}

fn filled(file: &Path) {
    assert_eq!(client(file, embedder()).put("/documents", documents()).status, 200);
}

const CASES: [Case; 7] = [
    Case {
        name: "the first documents",
        reads: false,
        before: |_| {},
        request: |file| client(file, embedder()).put("/documents", documents()),
    },
    Case {
        name: "documents that are there, others and new ones",
        reads: false,
        before: filled,
        request: |file| {
            let changed = json!([{ "id": 7, "question": "hello world" }, { "id": 8, "title": "a cat" }, { "id": "new", "question": "the mat" }]);
            client(file, embedder()).put("/documents", changed.to_string())
        },
    },
    Case {
        name: "a document less",
        reads: false,
        before: filled,
        request: |file| client(file, embedder()).delete("/documents/7"),
    },
    Case {
        name: "a reindex",
        reads: false,
        before: filled,
        request: |file| client(file, other_embedder()).post("/documents/reindex", ""),
    },
    Case {
        name: "a store of version 1",
        reads: false,
        before: |file| {
            let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/sqlite-v1.db");
            fs::copy(stored, file).expect("a copy");
        },
        request: |file| client(file, embedder()).get("/ready"),
    },
    Case {
        name: "a search",
        reads: true,
        before: filled,
        request: |file| {
            let body = json!({ "query": "a cat", "top_k": 20, "threshold": -1 });
            client(file, embedder()).post("/search", body.to_string())
        },
    },
    Case {
        name: "a page of documents",
        reads: true,
        before: filled,
        request: |file| client(file, embedder()).get("/documents?limit=70"),
    },
];

/// All that the store in `file` says: each document, its vectors, and whether SQLite finds its file in order.
fn content(file: &Path) -> String {
    let db = rusqlite::Connection::open(file).expect("it can be opened");
    let value = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).expect("there is a row");
    assert_eq!(value("PRAGMA integrity_check"), "ok");
    // The tables are made one by one, and documents come when all are there.
    let tables = "'minilm_documents', 'minilm_meta', 'minilm_quantized'";
    if value(&format!("SELECT count(*) || '' FROM sqlite_master WHERE name IN ({tables})")) != "3" {
        let has_documents = db.query_row("SELECT 1 FROM minilm_documents", [], |_| Ok(()));
        assert!(has_documents.is_err(), "documents without vectors");
        return "[]".to_owned();
    }
    value(
        "SELECT json_group_array(json_array(id, document, metadata, hex(vectors), (
            SELECT json_group_array(json_array(field, position, norm, hex(levels)) ORDER BY position) FROM minilm_quantized WHERE document = seq
        ), (SELECT json_array(identity, format_version) FROM minilm_meta)) ORDER BY id) FROM minilm_documents",
    )
}

/// What an answer says, if it is none that fails.
fn answer(reply: &Reply) -> Option<String> {
    let text = reply.text();
    match reply.status {
        200 | 204 => Some(text),
        status => {
            assert!([503, 507].contains(&status), "{status} {text}");
            assert!(text.contains("the store"), "{text}");
            assert!(!text.contains(".db"), "{text}");
            None
        }
    }
}

/// Has each call fail in turn, or every `step`th one, and gives how many failed.
fn try_each(case: &Case, fault: Fault, lasting: Lasting, step: usize) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let [template, done] = ["template", "done"].map(|name| folder.path().join(name).with_extension("db"));
    (case.before)(&template);
    if template.exists() {
        fs::copy(&template, &done).expect("a copy");
    }
    let before = content(&template);
    let expected = answer(&(case.request)(&done)).expect("it succeeds");
    let after = content(&done);
    for (failed, calls) in (0..).step_by(step).enumerate() {
        let file = folder.path().join(format!("{calls}.db"));
        fs::copy(&template, &file).expect("a copy");
        let about = || format!("{}: {fault:?} {lasting:?} after {calls} calls", case.name);
        let (reply, is_hit) = with_fault(fault, calls, lasting, || (case.request)(&file));
        let found = content(&file);
        match answer(&reply) {
            Some(answer) => assert_eq!((&answer, &found), (&expected, &after), "{}", about()),
            None => assert!(is_hit && (found == before || found == after), "{}: {found}", about()),
        }
        let again = (case.request)(&file);
        // A document that is gone already is not deleted again.
        let is_done = [200, 204].contains(&again.status) || (again.status, &found) == (404, &after);
        assert!(is_done, "{}: {}", about(), again.text());
        assert_eq!(content(&file), after, "{}", about());
        remove(&file);
        if !is_hit {
            return failed;
        }
    }
    unreachable!("the number of calls has an end")
}

/// Removes a database with what SQLite keeps beside it.
fn remove(file: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        // Most are not there.
        let _ = fs::remove_file(name);
    }
}

/// Every so many calls of a sample.
fn step(sampled: usize) -> usize {
    if std::env::var("MINILM_TEST_FAULTS").is_ok_and(|set| set == "all") { 1 } else { sampled }
}

fn try_all(fault: Fault, sampled: usize) {
    let _alone = alone();
    for case in &CASES {
        for lasting in [Lasting::Once, Lasting::Always] {
            let failed = try_each(case, fault, lasting, step(sampled));
            println!("{fault:?} {lasting:?}, {}: {failed} faults", case.name);
            // What only reads writes nothing.
            assert!(failed > 0 || (fault == Fault::Room && case.reads), "{}: nothing failed", case.name);
        }
    }
}

#[test]
fn files_fail() {
    try_all(Fault::File, 13);
}

#[test]
fn files_have_no_room() {
    try_all(Fault::Room, 11);
}

#[test]
fn memory_fails() {
    try_all(Fault::Memory, 401);
}
