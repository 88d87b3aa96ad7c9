//! How close vectors are to the golden ones of sentence-transformers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use minilm::Embedder;
use safetensors::{Dtype, SafeTensors};

use crate::{encode, mean};

/// Cosines of vectors with those of sentence-transformers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Their mean.
    pub mean: f64,
    /// The smallest one.
    pub min: f64,
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
    let read = |file: &Path| fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    let expected = vectors(&read(&file)?).with_context(|| file.display().to_string())?;
    let texts: Vec<String> = serde_json::from_slice(&read(&golden.join("texts.json"))?).context("texts.json")?;
    let found = encode(embedder, &texts)?;
    let (values, wanted) = (expected.len(), found.len());
    ensure!(!found.is_empty() && values == wanted, "{}: {values} values, {wanted} expected", file.display());
    Ok(Some(of_rows(&found, &expected, embedder.dim())))
}

fn of_rows(found: &[f32], expected: &[f32], dim: usize) -> Agreement {
    let rows = found.chunks_exact(dim).zip(expected.chunks_exact(dim));
    let cosines: Vec<f64> = rows.map(|(found, expected)| cosine(found, expected)).collect();
    let min = cosines.iter().copied().fold(f64::INFINITY, f64::min);
    Agreement { mean: mean(cosines.into_iter()), min }
}

fn vectors(file: &[u8]) -> Result<Vec<f32>> {
    let file = SafeTensors::deserialize(file)?;
    let tensor = file.tensor("embeddings")?;
    ensure!(tensor.dtype() == Dtype::F32, "embeddings are {:?}, not F32", tensor.dtype());
    Ok(tensor.data().chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect())
}

/// In `f64`: what an `f32` model differs by is lost in `f32`.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{Agreement, of_rows};

    #[test]
    fn cosines_are_of_rows() {
        let agreement = of_rows(&[3.0, 4.0, 1.0, 0.0], &[6.0, 8.0, 0.0, 2.0], 2);
        assert_eq!(agreement, Agreement { mean: 0.5, min: 0.0 });
    }
}
