//! Any bytes as documents, in all forms in which they are read: a JSON array, JSON lines, what `mongoexport` writes. An error or documents,
//! never a panic; the same ones in whichever pieces the bytes come; and each is read as the same one from what it is written as.
//!
//! The first byte says how many bytes come at once.
#![no_main]

mod common;

use std::io::BufReader;

use common::split;
use libfuzzer_sys::fuzz_target;
use minilm_documents::{Document, Documents, dedupe_by_id};

fuzz_target!(|data: &[u8]| {
    let (piece, data) = split(data);
    let found = read(data, 1 << 16);
    let in_pieces = read(data, 1 + usize::from(piece));
    // A byte order mark that is damaged has another fault where its first byte comes alone.
    if !data.starts_with(&[0xef]) || data.starts_with("\u{feff}".as_bytes()) {
        assert_eq!(in_pieces, found, "in pieces of {}", 1 + usize::from(piece));
    }
    let (documents, _) = found;
    for document in &documents {
        let again = Document::from_json(&document.to_json()).expect("what was written is a document");
        assert_eq!(&again, document);
        let _ = serde_json::from_str::<serde_json::Value>(&document.metadata_json()).expect("an object");
    }
    let number = documents.len();
    assert!(dedupe_by_id(documents).len() <= number);
});

/// The documents, and the error behind them.
fn read(data: &[u8], piece: usize) -> (Vec<Document>, Option<String>) {
    let mut documents = Documents::new(BufReader::with_capacity(piece, data));
    let mut found = Vec::new();
    for document in documents.by_ref() {
        match document {
            Ok(document) => found.push(document),
            Err(error) => {
                assert!(documents.next().is_none(), "nothing comes after an error");
                return (found, Some(error.to_string()));
            }
        }
    }
    (found, None)
}
