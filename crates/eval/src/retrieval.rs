//! Retrieval: whether a question asked in other words finds the one that was written down.
//!
//! The corpus is the questions of the page. Each query has one right answer among them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use minilm::{Embedder, SimilarityFunction, semantic_search};
use serde::Deserialize;

use crate::{Scores, encode, mean, scores};

/// Name of the mean reciprocal rank, 0 below rank 10.
pub const MRR: &str = "mrr_10";
/// Name of the normalized discounted cumulative gain over 10 hits.
pub const NDCG: &str = "ndcg_10";
/// Name of the share of queries whose first hit is right.
pub const RECALL: &str = "recall_1";

/// Hits that count.
const TOP_K: usize = 10;

/// A question in other words.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Query {
    /// The text that is searched for.
    pub query: String,
    /// The question of the corpus that it means.
    pub question: String,
}

/// [`MRR`], [`NDCG`] and [`RECALL`] of `queries` over `corpus`.
///
/// # Errors
/// Those of the embedder, and a query whose question is not in the corpus.
pub fn evaluate(embedder: &Embedder, corpus: &[String], queries: &[Query]) -> Result<Scores> {
    let positions: HashMap<&str, usize> = corpus.iter().enumerate().map(|(i, text)| (text.as_str(), i)).collect();
    let right = queries.iter().map(|query| {
        let position = positions.get(query.question.as_str()).copied();
        position.with_context(|| format!("query {:?}: the corpus has no question {:?}", query.query, query.question))
    });
    let right = right.collect::<Result<Vec<usize>>>()?;
    let texts: Vec<&str> = queries.iter().map(|query| query.query.as_str()).collect();
    let (vectors, corpus) = (encode(embedder, &texts)?, encode(embedder, corpus)?);
    let hits = semantic_search(&vectors, &corpus, embedder.dim(), TOP_K, SimilarityFunction::Cosine)?;
    let ranks: Vec<Option<usize>> =
        hits.iter().zip(right).map(|(hits, right)| hits.iter().position(|hit| hit.index == right)).collect();
    Ok(of_ranks(&ranks))
}

/// From where the right answer is among the hits, 0 being the first. With one right answer the ideal gain is 1.
fn of_ranks(ranks: &[Option<usize>]) -> Scores {
    let mean_of =
        |gain: fn(f64) -> f64| mean(ranks.iter().map(|rank| rank.map_or(0.0, |rank| gain(rank as f64 + 1.0))));
    scores([
        (MRR, mean_of(|rank| 1.0 / rank)),
        (NDCG, mean_of(|rank| 1.0 / (rank + 1.0).log2())),
        (RECALL, mean_of(|rank| f64::from(rank == 1.0))),
    ])
}

#[cfg(test)]
mod tests {
    use super::{MRR, NDCG, RECALL, of_ranks};

    #[test]
    fn scores_follow_from_ranks() {
        let scores = of_ranks(&[Some(0), Some(2), None, Some(0)]);
        assert_eq!(scores[RECALL], 50.0);
        assert!((scores[MRR] - 100.0 * (2.0 + 1.0 / 3.0) / 4.0).abs() < 1e-12);
        assert_eq!(scores[NDCG], 100.0 * 2.5 / 4.0);
    }
}
