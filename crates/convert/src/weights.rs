//! The tensors of a `model.safetensors`, as sentence-transformers writes it.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::error::Error;

/// Named tensors, all `f32`.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// Values in row-major order.
#[derive(Debug)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Weights {
    /// Reads a safetensors file of `f32`, `f16` or `bf16` tensors; the names may begin with `bert.`. Tensors that an encoder
    /// does not use (`embeddings.position_ids`, the pooler) are left out.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`] for a file that is not valid, [`minilm::Error::TensorDtype`] for other types,
    /// [`Error::TensorNotFinite`] for a tensor with a NaN or an infinity.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            let name = name.strip_prefix("bert.").unwrap_or(name);
            if name == "embeddings.position_ids" || !(name.starts_with("embeddings.") || name.starts_with("encoder.")) {
                continue;
            }
            let values = to_f32(view.dtype(), view.data()).ok_or_else(|| minilm::Error::TensorDtype {
                name: name.to_owned(),
                found: view.dtype().to_string(),
                expected: "F32, F16 or BF16",
            })?;
            if values.iter().any(|x| !x.is_finite()) {
                return Err(Error::TensorNotFinite(name.to_owned()));
            }
            tensors.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), values });
        }
        Ok(Self { tensors })
    }

    /// The values of tensor `name`, row-major, which must have the given shape.
    ///
    /// # Errors
    /// [`minilm::Error::MissingTensor`] or [`minilm::Error::TensorShape`].
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&[f32], minilm::Error> {
        let tensor = self.tensors.get(name).ok_or_else(|| minilm::Error::MissingTensor(name.to_owned()))?;
        if tensor.shape != shape {
            return Err(minilm::Error::TensorShape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        Ok(&tensor.values)
    }

    /// Name, shape and row-major values of every tensor, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], &[f32])> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), &tensor.shape[..], &tensor.values[..]))
    }
}

fn to_f32(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    let halves = || data.as_chunks().0.iter().copied();
    match dtype {
        Dtype::F32 => Some(data.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()),
        Dtype::F16 => Some(halves().map(|half| f16::from_le_bytes(half).to_f32()).collect()),
        Dtype::BF16 => Some(halves().map(|half| bf16::from_le_bytes(half).to_f32()).collect()),
        _ => None,
    }
}
