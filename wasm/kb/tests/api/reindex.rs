//! A reindex goes by pages: it can be interrupted at any point, others write meanwhile, and nothing is seen of it before its end.

use std::collections::BTreeMap;

use minilm_kb::Kb;
use minilm_kb::sqlite::Sqlite;
use minilm_test_support::{Client, Reply, other_embedder};
use serde_json::{Value, json};

use super::model::other;
use super::sqlite::Shared;
use super::{client_of, over, put, query};

/// More than two pages.
const DOCUMENTS: usize = 150;

/// Documents with texts that the model tells apart.
fn many() -> Vec<Value> {
    (0..DOCUMENTS).map(|index| document(index, "")).collect()
}

fn document(index: usize, text: &str) -> Value {
    let words: String =
        format!("{index:03}").bytes().map(|digit| format!(" {}", char::from(digit - b'0' + b'a'))).collect();
    json!({ "id": format!("{index:03}"), "question": format!("{words} {text}") })
}

/// An instance of the other model, whose requests end after one page: they may take a millisecond, and each statement takes two.
fn hurried(db: &Shared) -> Client<Kb> {
    db.slow_down(2);
    let env = [("SERVED_MODEL_NAME", "other"), ("MAX_REQUEST_MS", "1")];
    client_of(&env, other_embedder(), Box::new(Sqlite::new(Box::new(db.clone()))))
}

fn reindex(client: &Client<Kb>) -> Reply {
    client.post("/documents/reindex", "")
}

/// Reindexes in as many requests as it takes. Gives how many documents each did.
fn reindex_all(client: &Client<Kb>) -> Vec<u64> {
    let mut done = Vec::new();
    loop {
        let reply = reindex(client);
        let answer = reply.json();
        done.push(answer["reindexed"].as_u64().expect("a number"));
        match (reply.status, answer["remaining"].as_u64()) {
            (200, Some(0)) => return done,
            (202, Some(_)) => assert!(done.len() < 3 * DOCUMENTS, "it comes to an end"),
            _ => panic!("{}", reply.text()),
        }
    }
}

/// Every document with its vectors, as they are kept: the floats, and what is scanned.
fn vectors(db: &Shared) -> BTreeMap<String, Value> {
    let all: String = db.value(
        "SELECT json_group_object(id, json_array(hex(vectors), (
            SELECT json_group_array(json_array(field, position, hex(levels))) FROM minilm_quantized WHERE document = seq
        ))) FROM minilm_documents",
    );
    serde_json::from_str(&all).expect("JSON")
}

/// The vectors that these documents have in a store of the other model.
fn expected(documents: &[Value]) -> BTreeMap<String, Value> {
    let db = Shared::in_memory();
    put(&other(&db), &Value::Array(documents.to_vec()));
    vectors(&db)
}

fn left_behind(db: &Shared) -> i64 {
    db.value("SELECT (SELECT count(*) FROM minilm_staged) + (SELECT count(*) FROM minilm_stale) + (SELECT count(*) FROM minilm_staging)")
}

#[test]
fn requests_take_turns_until_all_documents_are_done() {
    let db = Shared::in_memory();
    let first = over(&db, &[]);
    put(&first, &Value::Array(many()));
    let before = (vectors(&db), query(&first, "a b c").json());
    let second = hurried(&db);
    let reply = reindex(&second);
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.json(), json!({ "reindexed": 64, "remaining": DOCUMENTS - 64, "model_name": "tiny" }));
    // Searches go on over the old vectors, and those of the new model are refused.
    assert_eq!((vectors(&db), query(&first, "a b c").json()), before);
    assert_eq!(query(&other(&db), "a b c").status, 409);
    // Another instance goes on where that one was, and none does a document twice.
    let done = reindex_all(&hurried(&db));
    assert_eq!(done.iter().sum::<u64>(), (DOCUMENTS - 64) as u64, "{done:?}");
    assert!(done.len() > 1, "{done:?}");
    assert_eq!(vectors(&db), expected(&many()));
    assert_eq!((query(&other(&db), "a b c").status, query(&first, "a b c").status), (200, 409));
    assert_eq!(left_behind(&db), 0);
}

/// The process can die between any two statements: the old vectors are there, or the new ones.
#[test]
fn a_reindex_that_is_killed_goes_on() {
    let (old, new) = {
        let db = Shared::in_memory();
        put(&over(&db, &[]), &Value::Array(many()));
        (vectors(&db), expected(&many()))
    };
    for statements in 0.. {
        let db = Shared::in_memory();
        put(&over(&db, &[]), &Value::Array(many()));
        db.fail_after(statements);
        let reply = reindex(&other(&db));
        db.fail_after(usize::MAX);
        if reply.status == 200 {
            assert!(statements > 8, "{statements}: pages and the switch");
            break;
        }
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(vectors(&db), old, "{statements}");
        let done: u64 = reindex_all(&other(&db)).iter().sum();
        // What was done in whole pages is not done again.
        assert!(done <= DOCUMENTS as u64 && (statements < 4 || done < DOCUMENTS as u64), "{statements}: {done}");
        assert_eq!((vectors(&db) == new, left_behind(&db)), (true, 0), "{statements}");
    }
}

#[test]
fn what_others_write_meanwhile_is_in_the_new_vectors() {
    let db = Shared::in_memory();
    let first = over(&db, &[]);
    put(&first, &Value::Array(many()));
    let second = hurried(&db);
    assert_eq!(reindex(&second).status, 202);
    let mut documents = many();
    // Behind the page that is done and before it; the last one, whose number is given again; a new one.
    let last = DOCUMENTS - 1;
    for (index, text) in [(3, "cat"), (3, "world"), (100, "cat"), (100, "world")] {
        documents[index] = document(index, text);
        put(&first, &json!([documents[index]]));
    }
    for id in ["005", "120", &format!("{last:03}")] {
        assert_eq!(first.delete(&format!("/documents/{id}")).status, 204);
    }
    let new = document(last + 1, "hello");
    put(&first, &json!([new]));
    documents.retain(|document| ![json!("005"), json!("120"), json!(format!("{last:03}"))].contains(&document["id"]));
    documents.push(new);
    // The last document of all pages is changed when everything is done but the switch.
    let done: u64 = reindex_all(&second).iter().sum();
    assert_eq!(done, (DOCUMENTS - 64 - 2 + 1 + 1) as u64);
    assert_eq!(vectors(&db), expected(&documents));
}

/// Other writers between any two statements.
#[test]
fn a_document_that_changes_under_the_reindex_is_done_again() {
    let changed =
        "UPDATE minilm_documents SET document = json_set(document, '$.question', 'hello world') WHERE id = '003'";
    let deleted = "DELETE FROM minilm_documents WHERE id = '149'";
    let added = "INSERT INTO minilm_documents (id, document, metadata, vectors)
        SELECT '149', json_set(document, '$.id', '149'), metadata, vectors FROM minilm_documents WHERE id = '003'";
    let mut documents = many();
    documents[3]["question"] = json!("hello world");
    documents[149] = json!({ "id": "149", "question": "hello world" });
    let expected = expected(&documents);
    // Opened and begun; three pages, each read and kept; that no more is left, and the switch.
    for statements in 0..10 {
        let db = Shared::in_memory();
        put(&over(&db, &[]), &Value::Array(many()));
        db.run_after(statements, &format!("{changed}; {deleted}; {added}"));
        reindex_all(&other(&db));
        assert_eq!(vectors(&db), expected, "{statements}");
    }
}

#[test]
fn a_reindex_for_another_identity_takes_over() {
    let db = Shared::in_memory();
    let first = over(&db, &[]);
    put(&first, &Value::Array(many()));
    assert_eq!(reindex(&hurried(&db)).status, 202);
    // The first model computes its vectors anew, and drops those of the other one.
    assert_eq!(reindex(&first).json()["reindexed"], DOCUMENTS);
    assert_eq!((query(&first, "a b c").status, left_behind(&db)), (200, 0));
    // One that is taken over between its pages says so, and has changed nothing.
    assert_eq!(reindex(&hurried(&db)).status, 202);
    db.run_after(3, "UPDATE minilm_staging SET identity = 'another'");
    let refused = reindex(&other(&db));
    assert_eq!((refused.status, refused.header("retry-after")), (409, "1"), "{}", refused.text());
    assert_eq!(query(&first, "a b c").status, 200);
}
