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
use minilm::{Config, Embeddings};

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
    /// Name of their number format.
    pub precision: &'static str,
}

/// Rows that are written together.
pub struct Rows<'a> {
    /// Index of the first of them in the whole output.
    pub first: usize,
    pub texts: &'a [String],
    pub embeddings: &'a Embeddings,
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
        let counts = self.embeddings.n_tokens.iter().zip(&self.embeddings.truncated);
        let rows = self.texts.iter().zip(Row::all(self.embeddings)).zip(counts);
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
