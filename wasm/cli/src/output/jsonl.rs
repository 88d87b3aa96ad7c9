//! One JSON object a line: every row stands alone, so files can be cut, joined and read in parallel.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::row::Row;
use super::{Format, Head, Item, Rows, Sink, write_json};

pub struct Jsonl<'a> {
    head: Head<'a>,
    with_text: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    embedding: Row<'a>,
    n_tokens: usize,
    truncated: bool,
    model: &'a str,
    model_sha256: &'a str,
}

impl<'a> Jsonl<'a> {
    pub fn new(head: Head<'a>, with_text: bool) -> Self {
        Self { head, with_text }
    }
}

impl Format for Jsonl<'_> {
    fn begin(&mut self, _: &mut Sink) -> Result<()> {
        Ok(())
    }

    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()> {
        let config = self.head.config;
        for Item { index, text, row, n_tokens, truncated } in rows.items() {
            let line = Line {
                index,
                text: self.with_text.then_some(text),
                embedding: row,
                n_tokens,
                truncated,
                model: &config.name,
                model_sha256: &config.model_sha256,
            };
            write_json(out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Sink) -> Result<()> {
        Ok(())
    }
}
