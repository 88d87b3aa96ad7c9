//! Similarity of vectors, and exact search. Names and meanings are those of sentence-transformers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::config::SimilarityFunction;
use crate::kernel::dot;
use crate::{Error, normalize};

/// A row of the corpus that a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Index of the row in the corpus.
    pub corpus_id: usize,
    /// Its similarity to the query.
    pub score: f32,
}

/// Similarity of every row of `a` `[n, dim]` to every row of `b` `[m, dim]`, as a matrix `[n, m]`.
///
/// ```
/// use minilm::{SimilarityFunction, similarity};
///
/// let scores = similarity(&[3.0, 4.0], &[6.0, 8.0, -4.0, 3.0], 2, SimilarityFunction::Cosine)?;
/// assert_eq!(scores, [1.0, 0.0]);
/// # Ok::<(), minilm::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] where a slice is not a whole number of rows.
pub fn similarity(a: &[f32], b: &[f32], dim: usize, function: SimilarityFunction) -> Result<Vec<f32>, Error> {
    let (a, b) = (prepared("a", a, dim, function)?, prepared("b", b, dim, function)?);
    let against = |row| b.chunks_exact(dim).map(move |other| compare(row, other, function));
    Ok(a.chunks_exact(dim).flat_map(against).collect())
}

/// Similarity of each row of `a` `[n, dim]` to the same row of `b` `[n, dim]`.
///
/// # Errors
/// [`Error::Rows`] where a slice is not a whole number of rows, or the two have different lengths.
pub fn similarity_pairwise(a: &[f32], b: &[f32], dim: usize, function: SimilarityFunction) -> Result<Vec<f32>, Error> {
    let (a, b) = (prepared("a", a, dim, function)?, prepared("b", b, dim, function)?);
    if a.len() != b.len() {
        return Err(Error::Rows { name: "b", len: b.len(), dim: a.len() });
    }
    Ok(a.chunks_exact(dim).zip(b.chunks_exact(dim)).map(|(a, b)| compare(a, b, function)).collect())
}

/// The `top_k` rows of `corpus` `[m, dim]` closest to each row of `queries` `[n, dim]`, best first; of equal scores, the
/// earlier row first. Exact: every row is compared.
///
/// ```
/// use minilm::{SimilarityFunction, semantic_search};
///
/// let corpus = [1.0, 0.0, 0.0, 1.0, 0.6, 0.8];
/// let hits = semantic_search(&[0.0, 1.0], &corpus, 2, 2, SimilarityFunction::Dot)?;
/// assert_eq!([hits[0][0].corpus_id, hits[0][1].corpus_id], [1, 2]);
/// # Ok::<(), minilm::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] where a slice is not a whole number of rows.
pub fn semantic_search(
    queries: &[f32],
    corpus: &[f32],
    dim: usize,
    top_k: usize,
    function: SimilarityFunction,
) -> Result<Vec<Vec<Hit>>, Error> {
    let (queries, corpus) = (prepared("queries", queries, dim, function)?, prepared("corpus", corpus, dim, function)?);
    let search = |query| {
        let mut best = TopK::new(top_k);
        for (corpus_id, row) in corpus.chunks_exact(dim).enumerate() {
            let score = compare(query, row, function);
            best.offer(Hit { corpus_id, score });
        }
        best.into_hits()
    };
    Ok(queries.chunks_exact(dim).map(search).collect())
}

/// Keeps the best hits of a stream.
#[derive(Debug)]
pub struct TopK {
    limit: usize,
    /// The worst kept hit is on top.
    heap: BinaryHeap<Reverse<Ranked>>,
}

impl TopK {
    /// Room for `limit` hits.
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
        (!self.0.score.is_nan(), self.0.score, Reverse(self.0.corpus_id))
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

/// Checked rows, scaled to length 1 where the cosine is asked for.
fn prepared(name: &'static str, rows: &[f32], dim: usize, function: SimilarityFunction) -> Result<Vec<f32>, Error> {
    if dim == 0 || !rows.len().is_multiple_of(dim) {
        return Err(Error::Rows { name, len: rows.len(), dim });
    }
    let mut rows = rows.to_vec();
    if function == SimilarityFunction::Cosine {
        rows.chunks_exact_mut(dim).for_each(normalize);
    }
    Ok(rows)
}

fn compare(a: &[f32], b: &[f32], function: SimilarityFunction) -> f32 {
    let differences = || a.iter().zip(b).map(|(a, b)| a - b);
    match function {
        SimilarityFunction::Cosine | SimilarityFunction::Dot => dot(a, b),
        SimilarityFunction::Euclidean => -differences().map(|d| d * d).sum::<f32>().sqrt(),
        SimilarityFunction::Manhattan => -differences().map(f32::abs).sum::<f32>(),
    }
}
