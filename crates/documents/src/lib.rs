//! A knowledge base: documents that are searched by meaning.
//!
//! - [`Document`] is one of them, in the shape in which clients send it; [`Documents`] reads a whole file or body of them: a JSON
//!   array, JSON lines, or what `mongoexport` writes.
//! - [`IndexFile`] is a file of documents and their vectors, read in place, and [`IndexFile::search`] finds the closest;
//!   [`write_index`] makes one.
//! - [`Filter`](filter::Filter) tells which documents are searched.
//!
//! This crate knows no host: bytes come from a [`BufRead`](std::io::BufRead) or a [`ReadAt`], vectors from a closure.
//!
//! ```
//! use minilm::index::Query;
//! use minilm_documents::{Documents, IndexFile, ModelIdentity, write_index};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lines = b"{\"_id\": {\"$oid\": \"65f0c0ffee65f0c0ffee65f0\"}, \"question\": \"Why?\", \"answers\": [\"Because.\"]}";
//! let documents = Documents::new(&lines[..]).collect::<Result<Vec<_>, _>>()?;
//! let model = ModelIdentity {
//!     name: "m".to_owned(),
//!     model_sha256: Some("0".repeat(64)),
//!     weights_sha256: "0".repeat(64),
//!     precision: "int8".to_owned(),
//!     dim: 2,
//! };
//! let mut file = Vec::new();
//! // With a real model, the closure calls its embedder.
//! write_index(&mut file, &model, &["question".to_owned()], &documents, |texts| Ok::<_, String>([0.6, 0.8].repeat(texts.len())))?;
//!
//! let index = IndexFile::open(&file[..])?;
//! let hits = index.search("question", &Query::new(&[1.0, 0.0])?, 10, None)?;
//! assert_eq!(index.document(hits[0].index)?.id, "65f0c0ffee65f0c0ffee65f0");
//! # Ok(())
//! # }
//! ```

mod dedupe;
mod document;
mod file;
pub mod filter;
mod id;
mod json;
mod read;

pub use dedupe::dedupe_by_id;
pub use document::{Document, DocumentError};
pub use file::{
    BuildError, FieldRows, FileError, INDEX_VERSION, IndexFile, IndexInfo, ModelIdentity, ReadAt, write_index,
};
pub use json::kind;
pub use read::{Documents, MAX_DOCUMENT_LEN, Objects, ReadError, ReadFault};
