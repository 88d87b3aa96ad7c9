//! `eval sts`: how well similarities agree with people's, in `f32` and in `int8`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use minilm::{Embedder, EncodeOptions, Precision, SimilarityFunction, similarity_pairwise};

use crate::model::packed;
use crate::model::{self, Request};

/// Pairs of sentences with the score that people gave them.
struct Pairs {
    first: Vec<String>,
    second: Vec<String>,
    scores: Vec<f64>,
}

/// `cargo xtask eval sts`.
pub fn sts(request: &Request, file: &Path) -> Result<ExitCode> {
    let pairs = read_pairs(file)?;
    let model = model::resolve(request)?;
    println!("{}, {} pairs of {}", model.name, pairs.scores.len(), file.display());
    for precision in [Precision::F32, Precision::Int8] {
        let bytes = fs::read(packed(&model, precision)?)?;
        let embedder = Embedder::from_bytes(bytes)?;
        let correlation = spearman(&cosines(&embedder, &pairs)?, &pairs.scores);
        println!("{precision:>5}: Spearman {:.2}", 100.0 * correlation);
    }
    Ok(ExitCode::SUCCESS)
}

fn cosines(embedder: &Embedder, pairs: &Pairs) -> Result<Vec<f64>> {
    let encode = |texts: &[String]| Ok::<_, anyhow::Error>(embedder.encode(texts, &EncodeOptions::default())?.data);
    let (first, second) = (encode(&pairs.first)?, encode(&pairs.second)?);
    let cosines = similarity_pairwise(&first, &second, embedder.dim(), SimilarityFunction::Cosine)?;
    Ok(cosines.into_iter().map(f64::from).collect())
}

fn read_pairs(file: &Path) -> Result<Pairs> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut pairs = Pairs { first: Vec::new(), second: Vec::new(), scores: Vec::new() };
    for (index, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        ensure!(
            fields.len() >= 7,
            "{}, line {}: 7 columns expected, {} found",
            file.display(),
            index + 1,
            fields.len()
        );
        let score = fields[4].parse().with_context(|| format!("{}, line {}: score", file.display(), index + 1))?;
        pairs.scores.push(score);
        pairs.first.push(fields[5].to_owned());
        pairs.second.push(fields[6].to_owned());
    }
    ensure!(pairs.scores.len() > 1, "{} has fewer than two pairs", file.display());
    Ok(pairs)
}

/// Pearson correlation of the ranks, equal values sharing the mean of theirs.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let covariance: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    let spread = |x: &[f64], mean: f64| x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    covariance / (spread(&a, mean_a) * spread(&b, mean_b)).sqrt()
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (tied.len() - 1) as f64 / 2.0;
        tied.iter().for_each(|&index| ranks[index] = rank);
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::{ranks, spearman};

    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 7.0]), [1.5, 0.0, 1.5, 3.0]);
    }

    #[test]
    fn only_the_order_counts() {
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1e6]), 1.0);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, -5.0]), -1.0);
    }
}
