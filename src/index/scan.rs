//! Which rows can be among the best.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::error::IndexError;
use super::vector::Query;
use crate::kernel::dot_i8;

/// Rows whose integer products are taken at once: few enough to stay in the first-level cache.
const BLOCK: usize = 64;

/// Candidates that may gather beside those of the last time before they are looked through again.
const SLACK: usize = 1024;

/// Quantized rows, one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Quantized values `[n, dim]`.
    pub values: &'a [i8],
    /// Step of each row's grid `[n]`, above 0 and at most 1.
    pub scales: &'a [f32],
    /// Length of what each row has lost to rounding `[n]`, 0 to 1.
    pub errors: &'a [f32],
}

/// Looks at every row once, in any number of pieces, and keeps those that can be among the best `top_k`.
///
/// The score of a row is known up to what quantization has lost: by the inequality of Cauchy and Schwarz, no more than the
/// lengths of the two errors. A row stays a candidate while the most it can have reaches the `top_k`-th best of what rows have
/// at least; so no row of the exhaustive result is missing.
#[derive(Debug)]
pub struct Scan<'q> {
    query: &'q Query,
    top_k: usize,
    /// What rounding can add to the difference of two scores.
    slack: f32,
    /// The best lower bounds, the least of them on top.
    floor: BinaryHeap<Least>,
    candidates: Vec<Candidate>,
    /// Number of candidates at which they are looked through.
    look_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    index: usize,
    upper: f32,
}

impl<'q> Scan<'q> {
    /// A scan for the `top_k` rows closest to `query`.
    #[must_use]
    pub fn new(query: &'q Query, top_k: usize) -> Self {
        // A sum of n products of two vectors of length 1 is off by n times half of EPSILON at most, in any order; the length
        // that rows are divided by, the products of scales and the bounds themselves add a few more.
        let slack = (query.dim() + 16) as f32 * f32::EPSILON;
        Self { query, top_k, slack, floor: BinaryHeap::new(), candidates: Vec::new(), look_at: SLACK }
    }

    /// Looks at `rows`, the first of which has index `first`.
    ///
    /// # Errors
    /// [`IndexError::Shape`] for slices that do not belong together, [`IndexError::Row`] for a damaged row.
    pub fn rows(&mut self, first: usize, rows: Rows<'_>) -> Result<(), IndexError> {
        self.rows_where(first, rows, |_| true)
    }

    /// Looks at those of `rows` whose index `keep` accepts, as if there were no others.
    ///
    /// # Errors
    /// As for [`Scan::rows`].
    pub fn rows_where(&mut self, first: usize, rows: Rows<'_>, keep: impl Fn(usize) -> bool) -> Result<(), IndexError> {
        let (dim, n) = (self.query.dim(), rows.scales.len());
        if rows.errors.len() != n || n.checked_mul(dim) != Some(rows.values.len()) {
            let (values, errors) = (rows.values.len(), rows.errors.len());
            return Err(IndexError::Shape { dim, values, scales: n, errors });
        }
        if self.top_k == 0 {
            return Ok(());
        }
        let mut sums = [0; BLOCK];
        let blocks = rows.values.chunks(BLOCK * dim).zip(rows.scales.chunks(BLOCK)).zip(rows.errors.chunks(BLOCK));
        for (block, ((values, scales), errors)) in blocks.enumerate() {
            let sums = &mut sums[..scales.len()];
            dot_i8(&self.query.levels, values, sums);
            let start = first + block * BLOCK;
            for (index, ((&sum, &scale), &error)) in (start..).zip(sums.iter().zip(scales).zip(errors)) {
                self.row(index, sum, scale, error, &keep)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn row(
        &mut self,
        index: usize,
        sum: i32,
        scale: f32,
        error: f32,
        keep: &impl Fn(usize) -> bool,
    ) -> Result<(), IndexError> {
        // Also false where one is NaN. A unit vector has no value above 1, and loses less than its length.
        if !(scale > 0.0 && scale <= 1.0 && (0.0..=1.0).contains(&error)) {
            return Err(IndexError::Row(index));
        }
        let score = sum as f32 * (scale * self.query.scale);
        let margin = error * (1.0 + self.query.error) + self.query.error + self.slack;
        if score + margin >= self.reached() && keep(index) {
            self.take(index, score - margin, score + margin);
        }
        Ok(())
    }

    /// What a row must be able to have.
    #[inline(always)]
    fn reached(&self) -> f32 {
        match self.floor.peek() {
            Some(least) if self.floor.len() == self.top_k => least.0,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Rare: nearly all rows are far from the best.
    #[cold]
    fn take(&mut self, index: usize, lower: f32, upper: f32) {
        if self.floor.len() < self.top_k {
            self.floor.push(Least(lower));
        } else if self.reached() < lower {
            self.floor.pop();
            self.floor.push(Least(lower));
        }
        self.candidates.push(Candidate { index, upper });
        if self.candidates.len() >= self.look_at {
            self.look_through();
            self.look_at = 2 * self.candidates.len() + SLACK;
        }
    }

    /// Drops candidates that better rows have overtaken.
    fn look_through(&mut self) {
        let reached = self.reached();
        self.candidates.retain(|candidate| candidate.upper >= reached);
    }

    /// Indices of the rows that can be among the best, in ascending order if that is how rows came.
    #[must_use]
    pub fn candidates(mut self) -> Vec<usize> {
        self.look_through();
        self.candidates.into_iter().map(|candidate| candidate.index).collect()
    }
}

/// Turned around, so that the least is on top of a heap. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Least(f32);

impl Eq for Least {}

impl Ord for Least {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl PartialOrd for Least {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
