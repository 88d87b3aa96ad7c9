//! The index file: documents, their vectors, and what is needed to search them in place. Version 2, described in `docs/formats.md`.

mod layout;
mod read_at;
mod search;
mod view;
mod write;

use std::io;

use minilm::index::IndexError;
use serde::{Deserialize, Serialize};

use crate::DocumentError;
pub use read_at::ReadAt;
pub use view::IndexFile;
pub use write::{BuildError, write_index};

/// Version of the format that this build writes. It reads version 1 too.
pub const INDEX_VERSION: u32 = 2;

/// The model that vectors come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// Its name.
    #[serde(rename = "model")]
    pub name: String,
    /// Its identity: SHA-256 of everything that decides its vectors, but for the precision. `None` in a file of version 1, which has only
    /// the hash of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// SHA-256 of the weights it was packed from.
    pub weights_sha256: String,
    /// Precision of its weights.
    pub precision: String,
    /// Width of its vectors.
    pub dim: usize,
}

impl From<&minilm::Config> for ModelIdentity {
    fn from(config: &minilm::Config) -> Self {
        Self {
            name: config.name.clone(),
            model_sha256: Some(config.model_sha256.clone()),
            weights_sha256: config.weights_sha256.clone(),
            precision: config.precision.to_string(),
            dim: config.dim(),
        }
    }
}

impl ModelIdentity {
    /// Whether vectors of the two can be compared: the same identity, precision and width, whatever the names. Where one of them has no
    /// identity, the weights have to be the same.
    #[must_use]
    pub fn is_comparable(&self, other: &Self) -> bool {
        (self.hash(other), &self.precision, self.dim) == (other.hash(self), &other.precision, other.dim)
    }

    /// What it is compared with `other` by, and the hash.
    fn hash(&self, other: &Self) -> (&'static str, &str) {
        match &self.model_sha256 {
            Some(hash) if other.model_sha256.is_some() => ("model_sha256", hash),
            _ => ("weights_sha256", &self.weights_sha256),
        }
    }

    /// For people, who compare it with `other`.
    fn beside(&self, other: &Self) -> String {
        let (kind, hash) = self.hash(other);
        format!("{} ({}, {} dimensions, {kind} {hash:.12}…)", self.name, self.precision, self.dim)
    }
}

/// What an index file says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexInfo {
    /// The model.
    #[serde(flatten)]
    pub model: ModelIdentity,
    /// Number of documents.
    pub documents: usize,
    /// The text fields that can be searched.
    pub fields: Vec<FieldRows>,
}

impl IndexInfo {
    /// Version of the file: [`INDEX_VERSION`], or 1 where it has no identity of the model.
    #[must_use]
    pub fn version(&self) -> u32 {
        if self.model.model_sha256.is_some() { INDEX_VERSION } else { 1 }
    }
}

/// A text field, and in how many documents it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRows {
    /// Name of the field.
    pub name: String,
    /// Documents that have it, so vectors.
    pub rows: usize,
}

/// What can be wrong with an index file, or with what is asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    #[error("the index file cannot be read: {0}")]
    Io(io::Error),
    /// Another kind of file.
    #[error("this is no index file: {0}; make one with `minilm index build`")]
    NotAnIndex(String),
    /// Written by another version of the format.
    #[error("the index file has version {found:?}, this build reads versions 1 to {INDEX_VERSION}: build it anew")]
    Version {
        /// What the file states.
        found: String,
    },
    /// Cut off, or with something behind its end.
    #[error("the index file is damaged: it has {found} bytes, its header stands for {expected}")]
    Length {
        /// Bytes in the file.
        found: u64,
        /// Bytes that there must be.
        expected: u64,
    },
    /// The content contradicts itself.
    #[error("the index file is damaged: {0}")]
    Damaged(String),
    /// The content is not what was written.
    #[error("the index file is damaged: its content hashes to {found:016x}, the file says {expected:016x}")]
    Checksum {
        /// xxh3-64 stored in the file.
        expected: u64,
        /// xxh3-64 of the bytes.
        found: u64,
    },
    /// Rows or a query that cannot be searched.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A document in the file is none.
    #[error("the index file is damaged: document {index}: {fault}")]
    Document {
        /// Position of the document.
        index: usize,
        /// What is wrong with it.
        fault: DocumentError,
    },
    /// A field that has no vectors.
    #[error("field `{field}` cannot be searched: the index file has vectors of {there}")]
    UnknownField {
        /// What was asked for.
        field: String,
        /// What is there.
        there: String,
    },
    /// A query of another width.
    #[error("the query has {found} dimensions, the vectors of the index file have {expected}")]
    Dim {
        /// Width of the query.
        found: usize,
        /// Width of the vectors.
        expected: usize,
    },
    /// Vectors of two models have nothing to do with each other.
    #[error("the index file was made with model {}, this is {}: build it anew", .file.beside(.given), .given.beside(.file))]
    OtherModel {
        /// Model of the file.
        file: Box<ModelIdentity>,
        /// Model that is there.
        given: Box<ModelIdentity>,
    },
}

// By hand, as `#[from]` would make it a source too, and it is in the message already.
impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests;
