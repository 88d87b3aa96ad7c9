//! STS benchmark: how well similarities agree with people's.

use anyhow::{Result, ensure};
use minilm::{Embedder, SimilarityFunction, similarity_pairwise};
use statrs::statistics::{Data, OrderStatistics, RankTieBreaker, Statistics};

use crate::{Scores, encode, scores};

/// Name of the score.
pub const STS: &str = "sts";

/// Pairs of sentences with the score that people gave them.
#[derive(Debug, Default, PartialEq)]
pub struct Pairs {
    /// The first sentence of each pair.
    pub first: Vec<String>,
    /// The second one.
    pub second: Vec<String>,
    /// How close they are, the more the higher.
    pub scores: Vec<f64>,
}

/// Spearman correlation between cosines and people's scores, as [`STS`].
///
/// # Errors
/// Those of the embedder, and fewer than two pairs.
pub fn evaluate(embedder: &Embedder, pairs: &Pairs) -> Result<Scores> {
    ensure!(pairs.scores.len() > 1, "a correlation needs two pairs, and there are {}", pairs.scores.len());
    let (first, second) = (encode(embedder, &pairs.first)?, encode(embedder, &pairs.second)?);
    let cosines = similarity_pairwise(&first, &second, embedder.dim(), SimilarityFunction::Cosine)?;
    let cosines: Vec<f64> = cosines.into_iter().map(f64::from).collect();
    Ok(scores([(STS, spearman(&cosines, &pairs.scores))]))
}

/// Pearson correlation of the ranks, equal values sharing the mean of theirs.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| Data::new(values.to_vec()).ranks(RankTieBreaker::Average);
    let (a, b) = (ranks(a), ranks(b));
    let spread = |ranks: &[f64]| ranks.iter().std_dev();
    (&a).covariance(&b) / (spread(&a) * spread(&b))
}

#[cfg(test)]
mod tests {
    use super::spearman;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }

    #[test]
    fn only_the_order_counts() {
        close(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1e6]), 1.0);
        close(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, -5.0]), -1.0);
    }

    #[test]
    fn ties_share_their_ranks() {
        // scipy.stats.spearmanr([3, 1, 3, 7], [1, 2, 3, 4])
        close(spearman(&[3.0, 1.0, 3.0, 7.0], &[1.0, 2.0, 3.0, 4.0]), 0.632_455_532_033_675_9);
    }
}
