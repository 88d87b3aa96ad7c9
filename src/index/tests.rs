//! A scan against the exhaustive search.

use super::*;
use crate::kernel::testing::noise;
use crate::{SimilarityFunction, semantic_search};

/// Quantized rows that own their slices.
struct Table {
    dim: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
}

impl Table {
    fn new(vectors: &[f32], dim: usize) -> Self {
        let rows: Vec<_> = vectors.chunks_exact(dim).map(|v| QuantizedVector::new(v).expect("not 0")).collect();
        Self {
            dim,
            values: rows.iter().flat_map(|row| &row.values).copied().collect(),
            scales: rows.iter().map(|row| row.scale).collect(),
            errors: rows.iter().map(|row| row.error).collect(),
        }
    }

    /// Rows `range`.
    fn rows(&self, range: std::ops::Range<usize>) -> Rows<'_> {
        Rows {
            values: &self.values[range.start * self.dim..range.end * self.dim],
            scales: &self.scales[range.clone()],
            errors: &self.errors[range],
        }
    }

    fn candidates(&self, query: &Query, top_k: usize, piece: usize) -> Vec<usize> {
        let mut scan = Scan::new(query, top_k);
        for first in (0..self.scales.len()).step_by(piece) {
            let rows = self.rows(first..self.scales.len().min(first + piece));
            scan.rows(first, rows).expect("the rows fit");
        }
        scan.candidates()
    }
}

/// Vectors in a few bundles, so that many scores are close to each other; each fifth is there twice.
fn vectors(seed: u64, n: usize, dim: usize, spread: f32) -> Vec<f32> {
    let centres = noise(seed, 7 * dim);
    let noise = noise(seed + 1, n * dim);
    let value = |i: usize| {
        let (row, column) = (i / dim, i % dim);
        let row = if row % 5 == 4 { row - 1 } else { row };
        centres[(row / 5 % 7) * dim + column] + spread * noise[row * dim + column]
    };
    (0..n * dim).map(value).collect()
}

fn found(query: &Query, vectors: &[f32], candidates: &[usize], top_k: usize) -> Vec<(usize, u32)> {
    let dim = query.dim();
    let hit = |&index: &usize| Hit { index, score: query.score(&vectors[index * dim..][..dim]) };
    let hits = best(candidates.iter().map(hit).collect(), top_k, None);
    hits.iter().map(|hit| (hit.index, hit.score.to_bits())).collect()
}

#[test]
fn what_is_found_is_what_the_exhaustive_search_finds() {
    for (seed, (dim, spread)) in
        [(1, 0.3), (2, 1.0), (3, 0.01), (16, 1e-4), (65, 0.3), (384, 0.05), (384, 2.0), (384, 0.0)]
            .into_iter()
            .enumerate()
    {
        let n = 333;
        let corpus = vectors(seed as u64, n, dim, spread);
        let table = Table::new(&corpus, dim);
        let queries = vectors(seed as u64, 12, dim, 2.0 * spread);
        for top_k in [1, 2, 10, 100, n, n + 1, usize::MAX] {
            let expected = semantic_search(&queries, &corpus, dim, top_k.min(n), SimilarityFunction::Cosine);
            let expected = expected.expect("whole rows");
            for (query, expected) in queries.chunks_exact(dim).zip(expected) {
                let query = Query::new(query).expect("not 0");
                let candidates = table.candidates(&query, top_k, 100);
                let expected: Vec<_> = expected.iter().map(|hit| (hit.index, hit.score.to_bits())).collect();
                assert_eq!(found(&query, &corpus, &candidates, top_k), expected, "{dim} {spread} {top_k}");
                assert_eq!(candidates, table.candidates(&query, top_k, 7), "in other pieces");
            }
        }
    }
}

#[test]
fn most_rows_are_left_out() {
    let corpus = noise(5, 20_000 * 48);
    let table = Table::new(&corpus, 48);
    let query = Query::new(&noise(9, 48)).expect("not 0");
    assert!(table.candidates(&query, 10, 20_000).len() < 100);
    assert_eq!(table.candidates(&query, 0, 1000), [0; 0]);
}

#[test]
fn many_candidates_are_looked_through() {
    // Each row is better than all before it.
    let corpus: Vec<f32> = (0..20_000).flat_map(|i| [1.0, 10.0 - i as f32 / 2500.0]).collect();
    let table = Table::new(&corpus, 2);
    let query = Query::new(&[1.0, 0.0]).expect("not 0");
    let candidates = table.candidates(&query, 3, 20_000);
    assert_eq!(
        found(&query, &corpus, &candidates, 3).iter().map(|hit| hit.0).collect::<Vec<_>>(),
        [19_999, 19_998, 19_997]
    );
}

#[test]
fn rows_can_be_left_aside() {
    let corpus = vectors(1, 100, 16, 0.3);
    let table = Table::new(&corpus, 16);
    let query = Query::new(&corpus[..16]).expect("not 0");
    let mut scan = Scan::new(&query, 5);
    scan.rows_where(1000, table.rows(0..100), |index| index % 2 == 1).expect("the rows fit");
    let candidates: Vec<_> = scan.candidates().iter().map(|index| index - 1000).collect();
    let odd: Vec<_> = (1..100).step_by(2).collect();
    assert_eq!(found(&query, &corpus, &candidates, 5), found(&query, &corpus, &odd, 5));
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let query = Query::new(&[1.0, 2.0]).expect("not 0");
    let rows =
        |values: &[i8], scales: &[f32], errors: &[f32]| Scan::new(&query, 1).rows(7, Rows { values, scales, errors });
    assert_eq!(rows(&[], &[], &[]), Ok(()));
    assert_eq!(rows(&[1, 2], &[1.0], &[0.0]), Ok(()));
    for (values, scales, errors) in [
        (&[1, 2, 3][..], &[1.0][..], &[0.0][..]),
        (&[1, 2], &[1.0, 1.0], &[0.0, 0.0]),
        (&[1, 2], &[1.0], &[]),
        (&[], &[], &[0.0]),
    ] {
        assert!(matches!(rows(values, scales, errors), Err(IndexError::Shape { dim: 2, .. })));
    }
    for (scale, error) in [
        (f32::NAN, 0.0),
        (f32::INFINITY, 0.0),
        (0.0, 0.0),
        (-1.0, 0.0),
        (2.0, 0.0),
        (1.0, f32::NAN),
        (1.0, -0.1),
        (1.0, f32::INFINITY),
    ] {
        assert_eq!(rows(&[1, 2, 1, 2], &[1.0, scale], &[0.0, error]), Err(IndexError::Row(8)), "{scale} {error}");
    }
}
