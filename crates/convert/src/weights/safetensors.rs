//! safetensors files.

use ::safetensors::{Dtype, SafeTensors};
use bytes::Bytes;

use super::{Numbers, Rename, Values, Weights};
use crate::error::Error;

/// Adds the tensors of one file, which stay in its memory, under the names that `rename` gives them.
pub(super) fn read(bytes: &Bytes, weights: &mut Weights, rename: Rename<'_>) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
    for (name, view) in file.iter() {
        let Some(name) = rename(name) else { continue };
        let Some(numbers) = numbers(view.dtype()) else {
            let (found, expected) = (view.dtype().to_string(), "F32, F16 or BF16");
            return Err(minilm::Error::TensorDtype { name, found, expected }.into());
        };
        let values = Values::InFile { bytes: bytes.slice_ref(view.data()), numbers };
        weights.insert(name, view.shape().to_vec(), values)?;
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
