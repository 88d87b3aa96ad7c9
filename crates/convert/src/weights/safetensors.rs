//! `model.safetensors`, whole or in shards.

use std::collections::{BTreeMap, BTreeSet};

use ::safetensors::{Dtype, SafeTensors};
use bytes::Bytes;
use serde::Deserialize;

use super::{Number, Values, Weights, canonical};
use crate::error::Error;
use crate::files::ModelFiles;

/// Which shard has which tensor.
pub(crate) const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Adds the tensors of one file, which stay in its memory.
pub(super) fn read(bytes: &Bytes, weights: &mut Weights) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
    for (name, view) in file.iter() {
        let Some(name) = canonical(name) else { continue };
        let number = match view.dtype() {
            Dtype::F32 => Number::F32,
            Dtype::F16 => Number::F16,
            Dtype::BF16 => Number::BF16,
            other => {
                let (found, expected) = (other.to_string(), "F32, F16 or BF16");
                return Err(minilm::Error::TensorDtype { name, found, expected }.into());
            }
        };
        let values = Values::InFile { bytes: bytes.slice_ref(view.data()), number };
        weights.insert(name, view.shape().to_vec(), values)?;
    }
    Ok(())
}

/// Adds the tensors of all files that the index `index`, which lies at `path`, names.
pub(super) fn read_shards(files: &ModelFiles, path: &str, index: &[u8], weights: &mut Weights) -> Result<(), Error> {
    let index: Index = serde_json::from_slice(index).map_err(|source| Error::Json { file: path.to_owned(), source })?;
    let shards: BTreeSet<&String> = index.weight_map.values().collect();
    shards.into_iter().try_for_each(|shard| read(files.require(&files.transformer(shard))?, weights))
}
