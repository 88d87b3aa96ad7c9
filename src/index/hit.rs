//! What was found, in order.

/// A row that a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Index of the row.
    pub index: usize,
    /// Its cosine with the query.
    pub score: f32,
}

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
