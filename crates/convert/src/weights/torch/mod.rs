//! `pytorch_model.bin`: what `torch.save` writes of a state dict, without Python and without running anything of it.

mod archive;
mod pickle;

use bytes::Bytes;

use super::{Numbers, Rename, Values, Weights};
use crate::error::Error;
use archive::Archive;
use pickle::{Storage, Tensor};

/// Adds the tensors of the file `bytes`, which errors call `file`, under the names that `rename` gives them. They stay in its memory where
/// they are contiguous.
pub(super) fn read(file: &str, bytes: &Bytes, weights: &mut Weights, rename: Rename<'_>) -> Result<(), Error> {
    let invalid = |reason: String| Error::WeightsFile { file: file.to_owned(), reason };
    if !bytes.starts_with(b"PK") {
        let reason = "it is no zip file, so it is not from PyTorch 1.6 or later: load it with PyTorch and save it again, \
                      best as `model.safetensors`";
        return Err(invalid(reason.to_owned()));
    }
    let mut archive = Archive::open(bytes).map_err(invalid)?;
    let missing = |name: &str| invalid(format!("it has no `{name}`"));
    // Files that do not say so are from before there was a choice.
    if archive.get("byteorder").map_err(invalid)?.is_some_and(|order| order != b"little") {
        return Err(invalid("its numbers are not little-endian".to_owned()));
    }
    let pickle = archive.get("data.pkl").map_err(invalid)?.ok_or_else(|| missing("data.pkl"))?;
    // Tensors may share numbers, and each gets copies of its own. Some do that, but not all of them with all numbers.
    let mut left = bytes.len();
    for (name, tensor) in pickle::read(pickle).map_err(invalid)? {
        let Some(name) = rename(name) else { continue };
        let wrong = |reason: String| invalid(format!("`{name}` {reason}"));
        let Storage { class, key, len } = tensor.storage;
        let numbers = numbers(class).ok_or_else(|| minilm::Error::TensorDtype {
            name: name.clone(),
            found: class.to_owned(),
            expected: "FloatStorage, HalfStorage or BFloat16Storage",
        })?;
        let path = format!("data/{key}");
        let content = archive.get(&path).map_err(invalid)?.ok_or_else(|| missing(&path))?;
        if len.checked_mul(numbers.size()) != Some(content.len()) {
            return Err(wrong(format!("has {len} numbers in `{path}`, which has {} bytes", content.len())));
        }
        let count = count(&tensor).ok_or_else(|| wrong(format!("reaches beyond the {len} numbers in `{path}`")))?;
        left = left.checked_sub(count).ok_or_else(|| {
            invalid(format!("its tensors have more numbers than the file has bytes, {}", bytes.len()))
        })?;
        let content = bytes.slice_ref(content);
        let values = values(&tensor, count, numbers, &content);
        weights.insert(name, tensor.shape, values)?;
    }
    Ok(())
}

/// The numbers in a storage of this class; `None` for those that no encoder is trained in.
fn numbers(class: &str) -> Option<Numbers> {
    match class {
        "FloatStorage" => Some(Numbers::F32),
        "HalfStorage" => Some(Numbers::F16),
        "BFloat16Storage" => Some(Numbers::BF16),
        _ => None,
    }
}

/// How many numbers a tensor has; `None` where one of them is not in the storage.
fn count(tensor: &Tensor<'_>) -> Option<usize> {
    let count = tensor.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))?;
    if count == 0 {
        return Some(0);
    }
    let mut last = tensor.offset;
    for (&size, &stride) in tensor.shape.iter().zip(&tensor.strides) {
        last = last.checked_add((size - 1).checked_mul(stride)?)?;
    }
    (last < tensor.storage.len).then_some(count)
}

/// The `count` numbers of a tensor, row-major. All of them are in `content`.
fn values(tensor: &Tensor<'_>, count: usize, numbers: Numbers, content: &Bytes) -> Values {
    if count == 0 {
        return Vec::new().into();
    }
    // Dimensions of one number are of no importance to the order. Without them, there are fewer dimensions than bits in `count`.
    let dims = tensor.shape.iter().copied().zip(tensor.strides.iter().copied()).filter(|&(size, _)| size != 1);
    let dims: Vec<(usize, usize)> = dims.collect();
    let size = numbers.size();
    let mut contiguous = 1;
    let is_contiguous = dims.iter().rev().all(|&(len, stride)| {
        let fits = stride == contiguous;
        contiguous *= len;
        fits
    });
    if is_contiguous {
        let start = tensor.offset * size;
        return Values::InFile { bytes: content.slice(start..start + count * size), numbers };
    }
    let mut bytes = Vec::with_capacity(count * size);
    let mut index = vec![0; dims.len()];
    let mut at = tensor.offset;
    for _ in 0..count {
        bytes.extend_from_slice(&content[at * size..][..size]);
        for (index, &(len, stride)) in index.iter_mut().zip(&dims).rev() {
            *index += 1;
            at += stride;
            if *index < len {
                break;
            }
            at -= len * stride;
            *index = 0;
        }
    }
    Values::InFile { bytes: bytes.into(), numbers }
}
