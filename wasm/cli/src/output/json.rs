//! One JSON object for the whole input, written as it comes.

use std::fmt::Display;
use std::io::Write;

use anyhow::Result;

use super::{Format, Head, Kept, ModelFacts, Rows, Sink, write_json};

/// Most texts that are compared with each other.
const MAX_COMPARED: usize = 64;

/// `{"model": {…}, "dim", "precision", "embeddings": […], "n_tokens": […], "truncated": […], "similarity"?: […]}`.
///
/// The embeddings go out as they come. Numbers of tokens stand behind them and wait until then: four bytes a row, where a
/// row of the output has thousands.
pub struct Json<'a> {
    head: Head<'a>,
    counts: Counts,
    kept: Kept,
}

impl<'a> Json<'a> {
    /// `compared`: whether a similarity matrix is wanted.
    pub fn new(head: Head<'a>, compared: bool) -> Self {
        Self { head, counts: Counts::default(), kept: Kept::new(if compared { MAX_COMPARED } else { 0 }) }
    }
}

impl Format for Json<'_> {
    fn begin(&mut self, out: &mut Sink) -> Result<()> {
        out.write_all(b"{\"model\":")?;
        write_json(out, &ModelFacts::from(self.head.config))?;
        write!(out, ",\"dim\":{},\"precision\":\"{}\",\"embeddings\":[", self.head.dim, self.head.precision.name())?;
        Ok(())
    }

    fn rows(&mut self, out: &mut Sink, rows: &Rows<'_>) -> Result<()> {
        for item in rows.items() {
            out.write_all(if item.index == 0 { b"\n" } else { b",\n" })?;
            write_json(out, &item.row)?;
            self.counts.push(item.n_tokens, item.truncated);
        }
        self.kept.add(rows.vectors);
        Ok(())
    }

    fn end(&mut self, out: &mut Sink) -> Result<()> {
        out.write_all(b"],\n\"n_tokens\":")?;
        write_list(out, self.counts.iter().map(|(n_tokens, _)| n_tokens))?;
        out.write_all(b",\n\"truncated\":")?;
        write_list(out, self.counts.iter().map(|(_, truncated)| truncated))?;
        if let Some((scores, count)) = self.kept.matrix(self.head.dim, self.head.config.similarity)? {
            out.write_all(b",\n\"similarity\":")?;
            write_json(out, &scores.chunks(count).collect::<Vec<_>>())?;
        }
        out.write_all(b"}\n")?;
        Ok(())
    }
}

fn write_list(out: &mut Sink, values: impl Iterator<Item = impl Display>) -> Result<()> {
    out.write_all(b"[")?;
    for (index, value) in values.enumerate() {
        write!(out, "{}{value}", if index == 0 { "" } else { "," })?;
    }
    out.write_all(b"]")?;
    Ok(())
}

/// Number of tokens and truncation mark of each row, in one word.
///
/// In blocks, as a vector that grows holds its values twice while it moves.
#[derive(Default)]
struct Counts {
    blocks: Vec<Vec<u32>>,
}

impl Counts {
    const BLOCK: usize = 4096;

    fn push(&mut self, n_tokens: usize, truncated: bool) {
        // A model has at most 65,536 positions, so the number leaves the lowest bit free.
        let word = (n_tokens as u32) << 1 | u32::from(truncated);
        match self.blocks.last_mut() {
            Some(block) if block.len() < Self::BLOCK => block.push(word),
            _ => {
                let mut block = Vec::with_capacity(Self::BLOCK);
                block.push(word);
                self.blocks.push(block);
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, bool)> {
        self.blocks.iter().flatten().map(|word| (word >> 1, word & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn counts_come_back() {
        let mut counts = Counts::default();
        let expected: Vec<(u32, bool)> = (0..10_000).map(|i| (i * 6, i % 3 == 0)).collect();
        expected.iter().for_each(|&(n_tokens, truncated)| counts.push(n_tokens as usize, truncated));
        assert_eq!(counts.iter().collect::<Vec<_>>(), expected);
    }
}
