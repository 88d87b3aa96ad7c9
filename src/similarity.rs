//! Similarity of vectors, and exact search. Names and meanings are those of sentence-transformers.

use crate::config::SimilarityFunction;
use crate::hit::{Hit, TopK};
use crate::kernel::dot;
use crate::{Error, normalize};

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
/// assert_eq!([hits[0][0].index, hits[0][1].index], [1, 2]);
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
        for (index, row) in corpus.chunks_exact(dim).enumerate() {
            let score = compare(query, row, function);
            best.offer(Hit { index, score });
        }
        best.into_hits()
    };
    Ok(queries.chunks_exact(dim).map(search).collect())
}

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
