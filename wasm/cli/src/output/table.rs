//! Vectors for people: both ends of each, and who is close to whom.

use std::io::Write;

use anyhow::Result;

use super::{Format, Head, Item, Kept, Rows, Sink, function_name, model_line, shortened, write_matrix};

/// Most texts that are compared: wider matrices do not fit on a screen.
const MAX_COMPARED: usize = 16;
/// Characters of a text that are shown.
const TEXT_WIDTH: usize = 48;

pub struct Table<'a> {
    head: Head<'a>,
    kept: Kept,
}

impl<'a> Table<'a> {
    pub fn new(head: Head<'a>) -> Self {
        Self { head, kept: Kept::new(MAX_COMPARED) }
    }
}

impl Format for Table<'_> {
    fn begin(&mut self, out: &mut Sink) -> Result<()> {
        writeln!(out, "{}, {} x {}", model_line(self.head.config), self.head.dim, self.head.precision.name())?;
        Ok(())
    }

    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()> {
        for Item { index, text, row, n_tokens, truncated } in rows.items() {
            let (row, text) = (row.preview(), shortened(text, TEXT_WIDTH));
            let mark = if truncated { " truncated" } else { "" };
            writeln!(out, "{index:>5}  [{row}]  {n_tokens:>3} tokens{mark}  {text}")?;
        }
        self.kept.add(rows.vectors);
        Ok(())
    }

    fn end(&mut self, out: &mut Sink) -> Result<()> {
        let function = self.head.config.similarity;
        if let Some((scores, count)) = self.kept.matrix(self.head.dim, function)? {
            writeln!(out, "\nsimilarity ({})", function_name(function))?;
            write_matrix(out, &scores, count)?;
        }
        Ok(())
    }
}
