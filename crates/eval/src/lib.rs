//! How good a packed model is.
//!
//! A task takes an [`Embedder`] and its data and gives [`Scores`]: [`sts`], [`classification`] and [`retrieval`]. [`agreement`] compares
//! vectors with the golden ones of sentence-transformers, [`parity`] does so for every shape of model, [`speed`] compares models with each other, [`reference`](mod@reference) has the scores of
//! sentence-transformers on the same data, and [`report`] makes tables of all of them.

pub mod agreement;
pub mod classification;
pub mod data;
pub mod parity;
pub mod reference;
pub mod report;
pub mod retrieval;
pub mod speed;
pub mod sts;

use std::collections::BTreeMap;

use anyhow::Result;
use minilm::{Embedder, EncodeOptions};

/// What a model scored, by the name of the metric, times 100.
pub type Scores = BTreeMap<String, f64>;

/// Vectors of `texts`, row-major, as the model gives them.
fn encode<T: AsRef<str>>(embedder: &Embedder, texts: &[T]) -> Result<Vec<f32>> {
    Ok(embedder.encode(texts, &EncodeOptions::default())?.data)
}

fn scores<const N: usize>(shares: [(&str, f64); N]) -> Scores {
    shares.into_iter().map(|(name, share)| (name.to_owned(), 100.0 * share)).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
