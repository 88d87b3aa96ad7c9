//! Filters of any kind: SQLite and an index file find what the evaluator of `minilm-documents` finds, and what is no filter is an error.
//!
//! An even first byte says that the rest is JSON: a filter, a NUL, and the metadata of a document. An odd one says that the rest is the
//! seed (eight bytes) of a random filter and random documents.
#![no_main]

mod common;
#[path = "../../tests/common/filters.rs"]
#[allow(dead_code, reason = "written for the tests of several crates")]
mod filters;
use common::{random, split};
#[path = "../../wasm/kb/tests/api/sqlite.rs"]
#[allow(dead_code, reason = "written for the tests of the knowledge base")]
mod sqlite;

use futures_executor::block_on;
use libfuzzer_sys::fuzz_target;
use minilm::index::Query;
use minilm_documents::filter::Filter;
use minilm_documents::{Document, IndexFile, ModelIdentity, write_index};
use minilm_kb::sqlite::Sqlite;
use minilm_kb::{Entry, FieldVector, Identity, Record, Search, Store};
use minilm_serving::Budget;
use serde_json::{Map, Value, json};

thread_local! {
    /// Always the same documents by id, so that none is left of the input before.
    static STORE: (Sqlite, Identity) = {
        let identity = Identity {
            model: "fuzz".to_owned(),
            model_sha256: Some("1".repeat(64)),
            weights_sha256: "0".repeat(64),
            dim: 2,
            fields: vec!["question".to_owned()],
        };
        let store = Sqlite::new(Box::new(sqlite::Shared::in_memory()));
        block_on(store.open(&identity)).expect("an empty database");
        (store, identity)
    };
}

/// Documents of one run, at most.
const DOCUMENTS: usize = 8;

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let (metadata, filters) = if mode % 2 == 0 {
        let mut parts = data.splitn(2, |&byte| byte == 0).map(serde_json::from_slice::<Value>);
        let (Some(Ok(filter)), Some(Ok(metadata))) = (parts.next(), parts.next()) else { return };
        (vec![metadata], vec![filter])
    } else {
        let Some(seed) = data.first_chunk() else { return };
        filters::random(u64::from_le_bytes(*seed), DOCUMENTS, 1)
    };
    let Some(filter) = filters[0].as_object() else { return };
    let Ok(Some(filter)) = Filter::parse(filter) else { return };
    let documents: Vec<Document> = (0..DOCUMENTS)
        .map(|at| {
            let metadata = metadata.get(at).filter(|metadata| metadata.is_object()).cloned();
            let metadata = metadata.unwrap_or_else(|| Map::new().into());
            let text = json!({ "id": at.to_string(), "question": "q", "metadata": metadata }).to_string();
            Document::from_json(&text).expect("a document")
        })
        .collect();
    let expected: Vec<&str> =
        documents.iter().filter(|document| document.matches(&filter)).map(|document| document.id.as_str()).collect();

    let about = || format!("{filter:?} {:?}", documents.iter().map(Document::metadata).collect::<Vec<_>>());
    assert_eq!(found_in_index(&documents, &filter), expected, "index file: {}", about());
    STORE.with(|(store, identity)| {
        let entry = |document: &Document| Entry {
            record: Record { id: document.id.clone(), document: String::from("{}") },
            metadata: document.metadata_json(),
            vectors: vec![FieldVector { field: "question".to_owned(), vector: vec![0.6, 0.8] }],
        };
        let entries: Vec<Entry> = documents.iter().map(entry).collect();
        block_on(store.upsert(identity, entries)).expect("they can be written");
        let search = Search {
            field: "question",
            vectors: &[&[0.6, 0.8]],
            top_k: DOCUMENTS,
            threshold: None,
            filter: Some(&filter),
            positions: false,
            budget: &Budget::unlimited(),
        };
        let result = block_on(store.search(identity, &search)).expect("a valid filter");
        let mut found: Vec<&str> = result.found[0].matches.iter().map(|found| found.record.id.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "SQLite: {}", about());
    });
});

/// Ids of the documents that a search of an index file finds.
fn found_in_index(documents: &[Document], filter: &Filter) -> Vec<String> {
    let model = ModelIdentity {
        name: "fuzz".to_owned(),
        model_sha256: None,
        weights_sha256: "0".repeat(64),
        precision: "int8".to_owned(),
        dim: 2,
    };
    let mut file = Vec::new();
    let vectors = |texts: &[&str]| Ok::<_, String>([0.6, 0.8].repeat(texts.len()));
    write_index(&mut file, &model, &["question".to_owned()], documents, vectors).expect("the documents fit");
    let index = IndexFile::open(&file[..]).expect("it was just written");
    let query = Query::new(&[0.6, 0.8]).expect("a vector");
    let kept = index.rows_where("question", |document| document.matches(filter)).expect("documents");
    let hits = index.search_rows("question", &[query], DOCUMENTS, None, &kept).expect("hits");
    let mut found: Vec<String> = hits[0].iter().map(|hit| index.document(hit.index).expect("a document").id).collect();
    found.sort_unstable();
    found
}
