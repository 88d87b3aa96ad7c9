//! Any bytes as an index file, and a valid file with some bytes changed: an error or values, never a panic. What is found by an id has
//! that id.
//!
//! The first byte of the input says what the rest is: a file as it is (0), a file that gets the right checksum (1), or changes to a
//! small file as `changed` reads them, which gets the right checksum (2) or not (3).
#![no_main]

mod common;

use std::sync::LazyLock;

use common::{changed, packed_file::seal, split};
use libfuzzer_sys::fuzz_target;
use minilm::index::Query;
use minilm_documents::{Document, FileError, IndexFile, ModelIdentity, write_index};

/// Most dimensions of a query: a header may state as many as there are numbers.
const MAX_DIM: usize = 1 << 16;

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let document = |n: usize| {
        let text = format!(r#"{{"id":"d{n}","question":"q{n}","answers":[{n}],"even":{}}}"#, n.is_multiple_of(2));
        Document::from_json(&text).expect("a document")
    };
    let documents: Vec<Document> = (0..5).map(document).collect();
    let model = ModelIdentity {
        name: "m".to_owned(),
        model_sha256: Some("cd".repeat(32)),
        weights_sha256: "ab".repeat(32),
        precision: "int8".to_owned(),
        dim: 2,
    };
    let mut file = Vec::new();
    let vectors = |texts: &[&str]| Ok::<_, String>([0.6, 0.8].repeat(texts.len()));
    write_index(&mut file, &model, &["question".to_owned()], &documents, vectors).expect("all is well");
    file
});

fuzz_target!(|data: &[u8]| {
    let (mode, data) = split(data);
    let mut file = if mode % 4 < 2 { data.to_vec() } else { changed(&FILE, data) };
    if matches!(mode % 4, 1 | 2) {
        seal(&mut file);
    }
    let _ = use_all(&file);
});

/// Asks for everything there is.
fn use_all(file: &[u8]) -> Result<(), FileError> {
    let index = IndexFile::open(file)?;
    let _ = index.verify();
    for field in index.info().fields.clone() {
        let dim = index.info().model.dim;
        if dim > MAX_DIM {
            continue;
        }
        let query = Query::new(&vec![1.0; dim])?;
        if let Ok(hits) = index.search(&field.name, &query, 3, None) {
            assert!(hits.len() <= 3.min(field.rows), "{hits:?}");
        }
        if let Ok(kept) = index.rows_where(&field.name, |document| document.id != "d1") {
            let _ = index.search_rows(&field.name, &[query], 3, None, &kept);
        }
    }
    for document in index.documents(0..usize::MAX)? {
        // In a damaged file it may not be found.
        if let Some(at) = index.position(&document.id)? {
            assert_eq!(index.document_json(at)?.0, document.id);
        }
    }
    Ok(())
}
