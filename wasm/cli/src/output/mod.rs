//! Vectors as a table, JSON, JSON lines or a NumPy file: written row by row, never held all at once.

mod facts;
mod json;
mod jsonl;
mod matrix;
mod npy;
mod row;
mod sink;
mod table;
mod text;

use std::io;

use anyhow::Result;
use minilm::{Config, Embeddings, QuantizedEmbeddings};

use crate::args::Precision;

pub use facts::{ModelFacts, function_name, model_line};
pub use json::Json;
pub use jsonl::Jsonl;
pub use matrix::{Kept, write_matrix};
pub use npy::Npy;
use row::Row;
pub use sink::Sink;
pub use table::Table;
pub use text::shortened;

/// What is known before the first row.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    pub config: &'a Config,
    /// Values in a row.
    pub dim: usize,
    /// Their number format.
    pub precision: Precision,
}

/// Vectors in the number format of the output.
pub struct Vectors {
    pub embeddings: Embeddings,
    /// The same in another number format than `f32`, if one was asked for.
    pub quantized: Option<QuantizedEmbeddings>,
}

impl Vectors {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.embeddings.len()
    }

    /// Values in a row.
    pub fn dim(&self) -> usize {
        self.quantized.as_ref().map_or(self.embeddings.dim, |quantized| quantized.dim)
    }
}

/// Rows that are written together.
pub struct Rows<'a> {
    /// Index of the first of them in the whole output.
    pub first: usize,
    pub texts: &'a [String],
    pub vectors: &'a Vectors,
}

/// One row and what belongs to it.
pub struct Item<'a> {
    pub index: usize,
    pub text: &'a str,
    pub row: Row<'a>,
    pub n_tokens: usize,
    pub truncated: bool,
}

impl Rows<'_> {
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let embeddings = &self.vectors.embeddings;
        let counts = embeddings.n_tokens.iter().zip(&embeddings.truncated);
        let rows = self.texts.iter().zip(Row::all(self.vectors)).zip(counts);
        (self.first..).zip(rows).map(|(index, ((text, row), (&n_tokens, &truncated)))| Item {
            index,
            text,
            row,
            n_tokens,
            truncated,
        })
    }
}

/// A format of vectors. The calls are `begin`, any number of `rows`, `end`.
pub trait Format {
    fn begin(&mut self, out: &mut Sink) -> Result<()>;
    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()>;
    fn end(&mut self, out: &mut Sink) -> Result<()>;
}

/// Writes `value` as JSON on one line, without the line's end.
///
/// The error is that of the output: values of this program cannot fail to be JSON. That keeps a closed pipe recognizable.
pub fn write_json(out: &mut impl io::Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}
