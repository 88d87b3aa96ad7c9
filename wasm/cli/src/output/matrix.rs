//! The similarity of a handful of texts, all against all.

use std::io::Write;

use anyhow::Result;
use minilm::{SimilarityFunction, similarity};

use super::{Sink, Vectors};

/// Keeps vectors as long as there are few enough to compare them all.
pub struct Kept {
    rows: Vec<f32>,
    count: usize,
    limit: usize,
}

impl Kept {
    /// Matrices of 2 to `limit` texts; none where `limit` is 0.
    pub fn new(limit: usize) -> Self {
        Self { rows: Vec::new(), count: 0, limit }
    }

    pub fn add(&mut self, vectors: &Vectors) {
        self.count += vectors.len();
        if self.count <= self.limit && vectors.quantized.is_none() {
            self.rows.extend_from_slice(&vectors.embeddings.data);
        } else {
            // Too many, or packed numbers that have no similarity of this kind.
            (self.rows, self.limit) = (Vec::new(), 0);
        }
    }

    /// The matrix `[count, count]` and `count`, where it was asked for and makes sense.
    pub fn matrix(&self, dim: usize, function: SimilarityFunction) -> Result<Option<(Vec<f32>, usize)>> {
        if self.count < 2 || self.limit == 0 {
            return Ok(None);
        }
        Ok(Some((similarity(&self.rows, &self.rows, dim, function)?, self.count)))
    }
}

/// `scores` `[n, columns]` with indices at both edges.
pub fn write_matrix(out: &mut Sink, scores: &[f32], columns: usize) -> Result<()> {
    write!(out, "{:>5}", "")?;
    (0..columns).try_for_each(|column| write!(out, " {column:>7}"))?;
    writeln!(out)?;
    for (index, row) in scores.chunks(columns.max(1)).enumerate() {
        write!(out, "{index:>5}")?;
        row.iter().try_for_each(|score| write!(out, " {score:>7.4}"))?;
        writeln!(out)?;
    }
    Ok(())
}
