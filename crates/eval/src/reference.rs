//! What sentence-transformers scores on the same data: `reference/make_reference.py` wrote it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{Scores, classification, data, retrieval, sts};

/// Scores of sentence-transformers, with what they were made from.
#[derive(Deserialize)]
pub struct Reference {
    /// Of each package, and of Python.
    pub versions: BTreeMap<String, String>,
    /// SHA-256 of each file.
    sha256: BTreeMap<String, String>,
    /// Scores of each model.
    models: BTreeMap<String, Scores>,
}

impl Reference {
    /// The scores that the project carries, without those that were made from other files than `sts` and `banking77`: such scores say nothing about ours.
    ///
    /// # Errors
    /// Where they are no JSON of this form.
    pub fn load(sts: &Path, banking77: &Path) -> Result<Self> {
        let mut reference: Self =
            serde_json::from_str(include_str!("../reference/reference.json")).context("reference.json")?;
        let hash = |file: &Path| fs::read(file).map(data::sha256).unwrap_or_default();
        let files = [("sts", hash(sts)), ("banking77", hash(banking77))];
        for (name, found) in files.into_iter().chain(data::built_in()) {
            if reference.sha256.get(name) != Some(&found) {
                reference.forget(name);
            }
        }
        Ok(reference)
    }

    /// Scores of a model, as far as there are any.
    #[must_use]
    pub fn of(&self, model: &str) -> Scores {
        self.models.get(model).cloned().unwrap_or_default()
    }

    fn forget(&mut self, file: &str) {
        let metrics: &[&str] = match file {
            "sts" => &[sts::STS],
            "banking77" => &[classification::LOGISTIC_REGRESSION, classification::NEAREST_NEIGHBOUR],
            _ => &[retrieval::MRR, retrieval::NDCG, retrieval::RECALL],
        };
        for scores in self.models.values_mut() {
            scores.retain(|name, _| !metrics.contains(&name.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Reference;
    use crate::{retrieval, sts};

    #[test]
    fn scores_of_other_files_are_not_shown() {
        let none = Path::new("there is no such file");
        let scores =
            Reference::load(none, none).expect("reference.json is as the script writes it").of("all-MiniLM-L6-v2");
        assert!(!scores.contains_key(sts::STS));
        // Fails where the questions or queries were changed and the script was not run again.
        assert!(scores.contains_key(retrieval::MRR));
    }

    #[test]
    fn a_model_that_was_not_measured_has_no_scores() {
        let none = Path::new("");
        assert!(Reference::load(none, none).expect("as above").of("no-such-model").is_empty());
    }
}
