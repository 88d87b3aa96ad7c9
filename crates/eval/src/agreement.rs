//! How close vectors are to the golden ones of sentence-transformers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use minilm::Embedder;
use safetensors::{Dtype, SafeTensors};

use crate::{encode, mean};

/// How close vectors are to those of sentence-transformers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Mean cosine.
    pub mean: f64,
    /// Smallest cosine.
    pub min: f64,
    /// Largest difference of two values, of vectors of length 1.
    pub difference: f64,
}

/// Agreement with the golden vectors in the folder `golden`; none where it has none of the model.
///
/// # Errors
/// Those of the embedder, and what is wrong with a golden file.
pub fn evaluate(embedder: &Embedder, golden: &Path) -> Result<Option<Agreement>> {
    let file = golden.join(format!("{}.safetensors", embedder.config().name.replace('/', "--")));
    if !file.exists() {
        return Ok(None);
    }
    with_vectors(embedder, &texts()?, &file).map(Some)
}

/// The texts that golden vectors are made of.
///
/// # Errors
/// Where they are no JSON of this form.
pub fn texts() -> Result<Vec<String>> {
    serde_json::from_str(include_str!("../../../tests/golden/texts.json")).context("texts.json")
}

/// Agreement with the tensor `embeddings` of the safetensors file `vectors`, which was made from `texts`.
///
/// # Errors
/// Those of the embedder, and what is wrong with the file.
pub fn with_vectors(embedder: &Embedder, texts: &[String], vectors: &Path) -> Result<Agreement> {
    let path = vectors.display();
    let file = fs::read(vectors).with_context(|| format!("cannot read {path}"))?;
    let expected = values(&file).with_context(|| path.to_string())?;
    let found = encode(embedder, texts)?;
    let (count, wanted) = (expected.len(), found.len());
    ensure!(!found.is_empty() && count == wanted, "{path}: {count} values, {wanted} expected");
    Ok(of_rows(&found, &expected, embedder.dim()))
}

fn of_rows(found: &[f32], expected: &[f32], dim: usize) -> Agreement {
    let rows = || found.chunks_exact(dim).zip(expected.chunks_exact(dim));
    let cosines: Vec<f64> = rows().map(|(found, expected)| cosine(found, expected)).collect();
    let min = cosines.iter().copied().fold(f64::INFINITY, f64::min);
    let differences = rows().flat_map(|(found, expected)| {
        let (a, b) = (unit(found), unit(expected));
        a.zip(b).map(|(a, b)| (a - b).abs())
    });
    let difference = differences.fold(0.0, f64::max);
    Agreement { mean: mean(cosines.into_iter()), min, difference }
}

fn values(file: &[u8]) -> Result<Vec<f32>> {
    let file = SafeTensors::deserialize(file)?;
    let tensor = file.tensor("embeddings")?;
    ensure!(tensor.dtype() == Dtype::F32, "embeddings are {:?}, not F32", tensor.dtype());
    Ok(tensor.data().chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect())
}

/// In `f64`: what an `f32` model differs by is lost in `f32`. Static embeddings give zeros for a text without words: two such vectors agree.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.iter().chain(b).all(|&x| x == 0.0) {
        return 1.0;
    }
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// The vector with length 1; one of zeros stays as it is.
fn unit(vector: &[f32]) -> impl Iterator<Item = f64> {
    let length = match dot(vector, vector).sqrt() {
        0.0 => 1.0,
        length => length,
    };
    vector.iter().map(move |&x| f64::from(x) / length)
}

#[cfg(test)]
mod tests {
    use super::{Agreement, of_rows};

    #[test]
    fn cosines_are_of_rows() {
        let agreement = of_rows(&[3.0, 4.0, 1.0, 0.0], &[6.0, 8.0, 0.0, 2.0], 2);
        assert_eq!(agreement, Agreement { mean: 0.5, min: 0.0, difference: 1.0 });
    }

    #[test]
    fn zeros_agree_with_zeros_only() {
        assert_eq!(of_rows(&[0.0; 2], &[0.0; 2], 2), Agreement { mean: 1.0, min: 1.0, difference: 0.0 });
        assert!(of_rows(&[0.0; 2], &[0.0, 1.0], 2).mean.is_nan());
    }
}
