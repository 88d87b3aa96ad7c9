//! `model.safetensors`, whole or in shards.

use std::collections::{BTreeMap, BTreeSet};

use ::safetensors::{Dtype, SafeTensors};
use half::{bf16, f16};
use serde::Deserialize;

use super::{Weights, canonical};
use crate::error::Error;
use crate::files::ModelFiles;

/// Which shard has which tensor.
pub(crate) const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Adds the tensors of one file, under the names that `rename` gives them.
pub(super) fn read(bytes: &[u8], weights: &mut Weights, rename: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
    for (name, view) in file.iter() {
        let Some(name) = rename(name) else { continue };
        let values = to_f32(view.dtype(), view.data()).ok_or_else(|| minilm::Error::TensorDtype {
            name: name.clone(),
            found: view.dtype().to_string(),
            expected: "F32, F16 or BF16",
        })?;
        weights.insert(name, view.shape().to_vec(), values)?;
    }
    Ok(())
}

/// Adds the tensors of all files that the index `index`, which lies at `path`, names.
pub(super) fn read_shards(files: &ModelFiles, path: &str, index: &[u8], weights: &mut Weights) -> Result<(), Error> {
    let index: Index = serde_json::from_slice(index).map_err(|source| Error::Json { file: path.to_owned(), source })?;
    let shards: BTreeSet<&String> = index.weight_map.values().collect();
    shards.into_iter().try_for_each(|shard| read(files.require(&files.transformer(shard))?, weights, canonical))
}

pub(super) fn to_f32(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    let halves = || data.as_chunks().0.iter().copied();
    match dtype {
        Dtype::F32 => Some(data.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()),
        Dtype::F16 => Some(halves().map(|half| f16::from_le_bytes(half).to_f32()).collect()),
        Dtype::BF16 => Some(halves().map(|half| bf16::from_le_bytes(half).to_f32()).collect()),
        _ => None,
    }
}
