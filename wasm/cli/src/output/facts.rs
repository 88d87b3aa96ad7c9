//! Which model made the numbers: vectors of two models must never be mixed, so every output says it.

use minilm::{Config, Precision, SimilarityFunction};
use serde::Serialize;

/// Digits of the identity that tell models apart for a person.
const SHORT_HASH: usize = 12;

/// The model in JSON output.
#[derive(Serialize)]
pub struct ModelFacts<'a> {
    pub name: &'a str,
    pub model_sha256: &'a str,
    pub precision: Precision,
}

impl<'a> From<&'a Config> for ModelFacts<'a> {
    fn from(config: &'a Config) -> Self {
        Self { name: &config.name, model_sha256: &config.model_sha256, precision: config.precision }
    }
}

/// The model in one line.
pub fn model_line(config: &Config) -> String {
    let hash = config.model_sha256.get(..SHORT_HASH).unwrap_or(&config.model_sha256);
    format!("model {} ({} weights, model sha256 {hash})", config.name, config.precision)
}

/// Name of a similarity function in sentence-transformers.
pub fn function_name(function: SimilarityFunction) -> &'static str {
    match function {
        SimilarityFunction::Cosine => "cosine",
        SimilarityFunction::Dot => "dot",
        SimilarityFunction::Euclidean => "euclidean",
        SimilarityFunction::Manhattan => "manhattan",
    }
}
