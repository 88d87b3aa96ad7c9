//! Vectors as a NumPy array `[rows, dim]`.

use std::io::{self, Write};

use anyhow::Result;

use super::{Format, Head, Rows, Sink};
use crate::npy::{HEADER_LEN, header};

/// The number of rows stands in the header and is known at the end only. It is written after every batch, so that also a
/// file that stays incomplete can be read as far as it goes.
pub struct Npy<'a> {
    head: Head<'a>,
    rows: usize,
    bytes: Vec<u8>,
}

impl<'a> Npy<'a> {
    pub fn new(head: Head<'a>) -> Self {
        Self { head, rows: 0, bytes: Vec::new() }
    }

    fn header(&self) -> [u8; HEADER_LEN] {
        header(self.head.precision.dtype(), self.rows, self.head.dim)
    }
}

impl Format for Npy<'_> {
    fn begin(&mut self, out: &mut Sink) -> Result<()> {
        out.write_all(&self.header())?;
        Ok(())
    }

    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()> {
        self.bytes.clear();
        rows.items().for_each(|item| item.row.write_bytes(&mut self.bytes));
        out.write_all(&self.bytes)?;
        self.rows += rows.vectors.len();
        out.overwrite_start(&self.header())
    }

    /// The format has no room for the model's name, and vectors without it are worth little.
    fn end(&mut self, _: &mut Sink) -> Result<()> {
        let Head { config, dim, precision } = self.head;
        let (rows, name, hash) = (self.rows, &config.name, &config.model_sha256);
        let precision = precision.name();
        let _ = writeln!(io::stderr(), "{rows} x {dim} {precision}, model {name}, model sha256 {hash}");
        Ok(())
    }
}
