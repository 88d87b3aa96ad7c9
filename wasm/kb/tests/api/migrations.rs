//! Stores of earlier versions, as they were written then, are brought up to date where they are opened.

use std::fs;
use std::path::{Path, PathBuf};

use minilm_kb::Kb;
use minilm_test_support::Client;
use serde_json::{Value, json};

use super::sqlite::Shared;
use super::{documents, filled, over};

const FIELDS: [(&str, &str); 1] = [("SEARCH_FIELDS", "question,title")];

/// A copy of the store that version 1 wrote for the documents of [`documents`] and the fields of [`FIELDS`].
fn version_1(folder: &Path, copy: usize) -> PathBuf {
    let file = folder.join(format!("{copy}.db"));
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/sqlite-v1.db"), &file).expect("a copy");
    file
}

/// What a store answers, from its vectors and its documents.
fn answers(client: &Client<Kb>) -> Vec<Value> {
    let search =
        |field| json!({ "query": "a world of cats", "top_k": 10, "threshold": -1, "field": field }).to_string();
    let replies = [
        client.post("/search", search("question")),
        client.post("/search", search("title")),
        client.get("/documents"),
        client.get("/documents/abc"),
    ];
    replies.iter().map(|reply| without_times(reply.json())).collect()
}

fn without_times(mut answer: Value) -> Value {
    if let Some(metadata) = answer["metadata"].as_object_mut() {
        metadata.retain(|name, _| !name.ends_with("_ms") && name != "timestamp");
    }
    answer
}

#[test]
fn a_store_of_version_1_answers_as_a_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Shared::file(version_1(folder.path(), 0));
    assert_eq!(db.value::<i64>("SELECT format_version FROM minilm_meta"), 1);
    let client = over(&db, &FIELDS);
    let expected = answers(&filled(&FIELDS));
    // Documents can be read before anything is migrated, and that changes nothing.
    assert_eq!(without_times(client.get("/documents/abc").json()), expected[3]);
    assert_eq!(db.value::<i64>("SELECT format_version FROM minilm_meta"), 1);
    assert_eq!(answers(&client), expected);
    assert_eq!(db.value::<i64>("SELECT format_version FROM minilm_meta"), 2);
    // It knew the weights of its model, and now knows the whole.
    let identity: String = db.value("SELECT identity ->> 'model_sha256' FROM minilm_meta");
    assert_eq!(identity.len(), 64);
    assert_eq!(client.put("/documents", documents().to_string()).json(), json!({ "upserted": 4, "total": 4 }));
    assert_eq!(client.post("/documents/reindex", "").json()["reindexed"], 4);
    assert_eq!(answers(&client), expected);
}

/// The process dies after each of the statements of the migration in turn.
#[test]
fn a_migration_that_is_killed_is_completed_by_the_next_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let expected = answers(&filled(&FIELDS));
    for statements in 0.. {
        let db = Shared::file(version_1(folder.path(), statements));
        db.fail_after(statements);
        let ready = over(&db, &FIELDS).get("/ready").status;
        db.fail_after(usize::MAX);
        let client = over(&db, &FIELDS);
        assert_eq!(answers(&client), expected, "{statements}");
        assert_eq!(db.value::<i64>("SELECT format_version FROM minilm_meta"), 2);
        assert_eq!(client.post("/documents/reindex", "").json()["reindexed"], 4);
        assert_eq!(answers(&client), expected, "{statements}");
        if ready == 200 {
            assert!(statements > 15, "{statements}: each object is a statement");
            break;
        }
    }
}

/// Version 1 and this one write at the same time while instances are replaced.
#[test]
fn writers_of_both_versions_agree_during_the_migration() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Shared::file(version_1(folder.path(), 0));
    let old = over(&db, &FIELDS);
    // The statement of a write is the same in both versions: it works on a store that is half migrated.
    for statements in [4, 8, 12, 16] {
        db.fail_after(statements);
        over(&db, &FIELDS).get("/ready");
        db.fail_after(usize::MAX);
        let reply = old.put("/documents", documents().to_string());
        assert_eq!((reply.status, reply.json()), (200, json!({ "upserted": 4, "total": 4 })));
    }
    assert_eq!(answers(&old), answers(&filled(&FIELDS)));
}
