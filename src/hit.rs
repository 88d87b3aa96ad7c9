//! What a search found, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

/// A row that a search found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// Index of the row in what was searched, from 0.
    pub index: usize,
    /// Its similarity to the query; larger is closer. In an [index](crate::index) it is the cosine.
    pub score: f32,
}

/// Keeps the best hits of a stream.
#[derive(Debug)]
pub struct TopK {
    limit: usize,
    /// The worst kept hit is on top.
    heap: BinaryHeap<Reverse<Ranked>>,
}

impl TopK {
    /// Keeps up to `limit` hits.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, heap: BinaryHeap::new() }
    }

    /// Takes `hit` if it is among the best so far.
    pub fn offer(&mut self, hit: Hit) {
        self.heap.push(Reverse(Ranked(hit)));
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }

    /// The hits, best first.
    #[must_use]
    pub fn into_hits(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(Ranked(hit))| hit).collect()
    }
}

/// Orders by score, then earlier rows above later ones. A score that is not a number is below every other.
#[derive(Debug)]
struct Ranked(Hit);

impl Ranked {
    fn key(&self) -> (bool, f32, Reverse<usize>) {
        (!self.0.score.is_nan(), self.0.score, Reverse(self.0.index))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (a, b) = (self.key(), other.key());
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// The `top_k` best of `hits`, best first; of equal scores, the earlier row first. Hits below `threshold` are left out, and so
/// are scores that are no numbers.
#[must_use]
pub fn best(mut hits: Vec<Hit>, top_k: usize, threshold: Option<f32>) -> Vec<Hit> {
    hits.retain(|hit| !hit.score.is_nan() && threshold.is_none_or(|threshold| hit.score >= threshold));
    hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
    hits.truncate(top_k);
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_first_and_ties_by_index() {
        let hits = |scores: &[f32]| -> Vec<Hit> {
            scores.iter().enumerate().map(|(index, &score)| Hit { index, score }).collect()
        };
        let order = |scores: &[f32], top_k, threshold| -> Vec<usize> {
            best(hits(scores), top_k, threshold).iter().map(|hit| hit.index).collect()
        };
        assert_eq!(order(&[0.1, 0.9, 0.5, 0.9], 3, None), [1, 3, 2]);
        assert_eq!(order(&[0.1, 0.9, f32::NAN, 0.5], 9, Some(0.5)), [1, 3]);
        assert_eq!(order(&[0.1], 0, None), [0; 0]);
        assert_eq!(order(&[], 3, None), [0; 0]);
    }
}
