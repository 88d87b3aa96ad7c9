//! The test model that has the shape of paraphrase-MiniLM-L3-v2 without its weights: three of the six layers of
//! all-MiniLM-L6-v2. It is for tests and benchmarks; nobody trained it, and its quality says nothing about L3's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::Value;

use crate::fs_util;
use crate::model::ModelDir;

/// The model that is sliced.
pub const SOURCE: &str = "all-MiniLM-L6-v2";
/// Name of the slice.
pub const NAME: &str = "slice-L3-of-all-MiniLM-L6-v2";
/// The layers that are kept.
const LAYERS: [usize; 3] = [0, 2, 5];

/// The slice of `source` in `folder`, written where it is not there yet.
pub fn prepared(source: &ModelDir, folder: &Path) -> Result<ModelDir> {
    let slice = ModelDir { name: NAME.to_owned(), path: folder.join(NAME) };
    if !slice.path.join("model.safetensors").exists() {
        write(source, &slice.path)?;
    }
    Ok(slice)
}

/// Writes the slice of `source` as a model directory.
pub fn write(source: &ModelDir, output: &Path) -> Result<()> {
    // Everything but the weights.
    let small = |path: &Path| path.is_dir() || path.extension().is_some_and(|extension| extension == "json");
    fs_util::copy(&source.path, output, &small)?;
    let config = fs::read(source.path.join("config.json"))?;
    let mut config: Value = serde_json::from_slice(&config)?;
    config["num_hidden_layers"] = LAYERS.len().into();
    fs::write(output.join("config.json"), serde_json::to_vec_pretty(&config)?)?;

    let weights = fs::read(source.path.join("model.safetensors"))?;
    let file = SafeTensors::deserialize(&weights)?;
    let tensors: BTreeMap<String, TensorView> =
        file.iter().filter_map(|(name, view)| Some((sliced_name(name)?, view))).collect();
    let part = output.join("model.safetensors.part");
    safetensors::serialize_to_file(tensors, None, &part)?;
    fs::rename(part, output.join("model.safetensors")).context("cannot write model.safetensors")
}

/// Name of a tensor in the slice; `None` where its layer is not kept.
fn sliced_name(name: &str) -> Option<String> {
    let Some(rest) = name.strip_prefix("encoder.layer.") else {
        return Some(name.to_owned());
    };
    let (layer, part) = rest.split_once('.')?;
    let layer: usize = layer.parse().ok()?;
    let position = LAYERS.iter().position(|&kept| kept == layer)?;
    Some(format!("encoder.layer.{position}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::sliced_name;

    #[test]
    fn layers_move_together() {
        let name = |name| sliced_name(name);
        assert_eq!(name("embeddings.LayerNorm.bias").as_deref(), Some("embeddings.LayerNorm.bias"));
        assert_eq!(name("encoder.layer.2.output.dense.bias").as_deref(), Some("encoder.layer.1.output.dense.bias"));
        assert_eq!(name("encoder.layer.5.a").as_deref(), Some("encoder.layer.2.a"));
        assert_eq!(name("encoder.layer.4.a"), None);
    }
}
