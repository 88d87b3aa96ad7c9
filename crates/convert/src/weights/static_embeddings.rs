//! The tensors of a model of static embeddings, as sentence-transformers and model2vec write them, as one table.

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};

use super::safetensors::numbers;
use super::{STATIC_EMBEDDINGS, Weights};
use crate::error::Error;

/// The name that model2vec gives the table.
const MODEL2VEC: &str = "embeddings";

/// Adds the table of the file `bytes`: a row of values for each token. model2vec may keep fewer rows, with the row of each token in `mapping`,
/// and a factor for each token in `weights`.
pub(super) fn read(bytes: &[u8], weights: &mut Weights) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(minilm::Error::from)?;
    let tensor = |name| file.tensor(name).ok();
    if let Some(table) = tensor(STATIC_EMBEDDINGS) {
        let ([rows, dim], values) = matrix(STATIC_EMBEDDINGS, &table)?;
        return weights.insert(STATIC_EMBEDDINGS.to_owned(), vec![rows, dim], values);
    }
    let table = tensor(MODEL2VEC).ok_or_else(|| minilm::Error::MissingTensor(MODEL2VEC.to_owned()))?;
    let ([mut rows, dim], mut values) = matrix(MODEL2VEC, &table)?;
    if let Some(mapping) = tensor("mapping") {
        (rows, values) = mapped(&indices(&mapping)?, &values, rows, dim)?;
    }
    if let Some(factors) = tensor("weights") {
        let factors = factors_of(&factors, rows)?;
        for (row, factor) in values.chunks_exact_mut(dim.max(1)).zip(factors) {
            // As torch does it: in f64 where the factors are.
            row.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
        }
    }
    weights.insert(STATIC_EMBEDDINGS.to_owned(), vec![rows, dim], values)
}

/// The rows that `mapping` names, in its order.
fn mapped(mapping: &[i64], values: &[f32], rows: usize, dim: usize) -> Result<(usize, Vec<f32>), Error> {
    let mut found = Vec::with_capacity(mapping.len() * dim);
    for &row in mapping {
        let Some(row) = usize::try_from(row).ok().filter(|&row| row < rows) else {
            return Err(Error::config("mapping", format!("row {row} is not in 0..{rows}")));
        };
        found.extend_from_slice(&values[row * dim..][..dim]);
    }
    Ok((mapping.len(), found))
}

fn matrix(name: &str, tensor: &TensorView<'_>) -> Result<([usize; 2], Vec<f32>), Error> {
    let &[rows, dim] = tensor.shape() else {
        return Err(Error::config(name, format!("a table has two dimensions, this has {:?}", tensor.shape())));
    };
    let values = floats(tensor);
    Ok(([rows, dim], values.ok_or_else(|| wrong_type(name, tensor, "F32, F16 or BF16"))?))
}

fn floats(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    Some(numbers(tensor.dtype())?.to_f32(tensor.data()))
}

/// One number for each of `rows`.
fn factors_of(tensor: &TensorView<'_>, rows: usize) -> Result<Vec<f64>, Error> {
    let name = "weights";
    let doubles = || tensor.data().as_chunks().0.iter().copied().map(f64::from_le_bytes).collect();
    let values: Option<Vec<f64>> = match tensor.dtype() {
        Dtype::F64 => Some(doubles()),
        _ => floats(tensor).map(|values| values.into_iter().map(f64::from).collect()),
    };
    let values = values.ok_or_else(|| wrong_type(name, tensor, "F64, F32, F16 or BF16"))?;
    if tensor.shape() != [rows] {
        return Err(minilm::Error::TensorShape {
            name: name.to_owned(),
            found: tensor.shape().to_vec(),
            expected: vec![rows],
        }
        .into());
    }
    Ok(values)
}

fn indices(tensor: &TensorView<'_>) -> Result<Vec<i64>, Error> {
    match tensor.dtype() {
        Dtype::I64 => Ok(tensor.data().as_chunks().0.iter().copied().map(i64::from_le_bytes).collect()),
        Dtype::I32 => Ok(tensor.data().as_chunks().0.iter().copied().map(i32::from_le_bytes).map(i64::from).collect()),
        _ => Err(wrong_type("mapping", tensor, "I64 or I32")),
    }
}

fn wrong_type(name: &str, tensor: &TensorView<'_>, expected: &'static str) -> Error {
    minilm::Error::TensorDtype { name: name.to_owned(), found: tensor.dtype().to_string(), expected }.into()
}
