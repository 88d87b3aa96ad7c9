//! Vectors as a NumPy array `[rows, dim]`.

use std::io::{self, Write};

use anyhow::Result;
use minilm::Values;

use super::{Format, Head, Rows, Sink};
use crate::npy::header;

/// The number of rows stands in the header and is known at the end only. It is written after every batch, so that also a
/// file that stays incomplete can be read as far as it goes.
pub struct Npy<'a> {
    head: Head<'a>,
    dtype: &'static str,
    rows: usize,
    bytes: Vec<u8>,
}

impl<'a> Npy<'a> {
    /// `empty`: the values of no texts, which tell the type of all others.
    pub fn new(head: Head<'a>, empty: &Values) -> Self {
        let dtype = match empty {
            Values::Float32(_) => "<f4",
            Values::Int8(_) | Values::Binary(_) => "|i1",
            Values::Uint8(_) | Values::Ubinary(_) => "|u1",
        };
        Self { head, dtype, rows: 0, bytes: Vec::new() }
    }
}

impl Format for Npy<'_> {
    fn begin(&mut self, out: &mut Sink) -> Result<()> {
        out.write_all(&header(self.dtype, 0, self.head.dim))?;
        Ok(())
    }

    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()> {
        self.bytes.clear();
        rows.items().for_each(|item| item.row.write_bytes(&mut self.bytes));
        out.write_all(&self.bytes)?;
        self.rows += rows.embeddings.len();
        out.overwrite_start(&header(self.dtype, self.rows, self.head.dim))
    }

    /// The format has no room for the model's name, and vectors without it are worth little.
    fn end(&mut self, _: &mut Sink) -> Result<()> {
        let Head { config, dim, precision } = self.head;
        let (rows, name, hash) = (self.rows, &config.name, &config.weights_sha256);
        let _ = writeln!(io::stderr(), "{rows} x {dim} {precision}, model {name}, weights sha256 {hash}");
        Ok(())
    }
}
