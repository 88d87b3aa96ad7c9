//! safetensors files.

use ::safetensors::{Dtype, SafeTensors};

use super::numbers::Numbers;
use super::{Rename, Weights};
use crate::error::Error;

/// Adds the tensors of one file, under the names that `rename` gives them.
pub(super) fn read(bytes: &[u8], weights: &mut Weights, rename: Rename<'_>) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
    for (name, view) in file.iter() {
        let Some(name) = rename(name) else { continue };
        let Some(numbers) = numbers(view.dtype()) else {
            let (found, expected) = (view.dtype().to_string(), "F32, F16 or BF16");
            return Err(minilm::Error::TensorDtype { name, found, expected }.into());
        };
        weights.insert(name, view.shape().to_vec(), numbers.to_f32(view.data()))?;
    }
    Ok(())
}

/// The form of the numbers of a tensor, where it is one that is read.
pub(super) fn numbers(dtype: Dtype) -> Option<Numbers> {
    match dtype {
        Dtype::F32 => Some(Numbers::F32),
        Dtype::F16 => Some(Numbers::F16),
        Dtype::BF16 => Some(Numbers::BF16),
        _ => None,
    }
}
