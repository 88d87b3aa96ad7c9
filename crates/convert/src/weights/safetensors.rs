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
        let numbers = match view.dtype() {
            Dtype::F32 => Numbers::F32,
            Dtype::F16 => Numbers::F16,
            Dtype::BF16 => Numbers::BF16,
            other => {
                let expected = "F32, F16 or BF16";
                return Err(minilm::Error::TensorDtype { name, found: other.to_string(), expected }.into());
            }
        };
        weights.insert(name, view.shape().to_vec(), numbers.to_f32(view.data()))?;
    }
    Ok(())
}
