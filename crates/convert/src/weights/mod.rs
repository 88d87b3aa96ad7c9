//! The tensors of a model directory, from whichever file holds them.

mod onnx;
mod safetensors;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ::safetensors::Dtype;
use ::safetensors::View;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::ModelFiles;
pub(crate) use safetensors::INDEX;
use values::{Number, Values};

/// Named tensors under the names that transformers gives them in a `BertModel`. Where a file has the values as they are needed, they stay
/// in its memory until they are asked for; all come as `f32`.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// Values in row-major order.
struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

impl fmt::Debug for Tensor {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Files that hold weights, in the order in which they are looked for. All have the same tensors where several are there.
pub(crate) const FORMATS: [&str; 4] = ["model.safetensors", INDEX, "onnx/model.onnx", "model.onnx"];

/// Files that hold weights in a form that is not read.
pub(crate) const REFUSED: [(&str, &str); 3] = [
    ("pytorch_model.bin", "is a pickle; save the model with `safe_serialization=True`"),
    ("tf_model.h5", "holds weights of TensorFlow"),
    ("flax_model.msgpack", "holds weights of Flax"),
];

impl Weights {
    /// Reads the weights of a model directory: `model.safetensors`, the shards that `model.safetensors.index.json` names, or an ONNX
    /// export of the encoder. Numbers may be `f32`, `f16` or `bf16`. Tensors that an encoder does not use (position ids, the pooler) are
    /// left out.
    ///
    /// # Errors
    /// [`Error::NoWeights`] where no such file is there, [`minilm::Error::Safetensors`] and [`Error::Onnx`] for a file that is not
    /// valid, [`minilm::Error::TensorDtype`] for other numbers, [`Error::TensorNotFinite`] for a tensor with a NaN or an infinity.
    pub fn of(files: &ModelFiles) -> Result<Self, Error> {
        let found = FORMATS.iter().map(|file| files.transformer(file)).find(|file| files.get(file).is_some());
        let Some(file) = found else {
            let refused = REFUSED.iter().find(|(file, _)| files.get(&files.transformer(file)).is_some());
            return Err(Error::NoWeights {
                found: refused.map(|(file, reason)| format!("; `{file}` {reason}")).unwrap_or_default(),
            });
        };
        let bytes = files.require(&file)?;
        let mut weights = Self { tensors: BTreeMap::new() };
        if file.ends_with(".onnx") {
            onnx::read(&file, bytes, &mut weights)?;
        } else if file.ends_with(INDEX) {
            safetensors::read_shards(files, &file, bytes, &mut weights)?;
        } else {
            safetensors::read(bytes, &mut weights)?;
        }
        Ok(weights)
    }

    /// Reads a safetensors file alone.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`], [`minilm::Error::TensorDtype`] and [`Error::TensorNotFinite`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut weights = Self { tensors: BTreeMap::new() };
        safetensors::read(&Bytes::copy_from_slice(bytes), &mut weights)?;
        Ok(weights)
    }

    /// Adds a tensor of the encoder.
    fn insert(&mut self, name: String, shape: Vec<usize>, values: impl Into<Values>) -> Result<(), Error> {
        let values = values.into();
        if !values.are_finite() {
            return Err(Error::TensorNotFinite(name));
        }
        self.tensors.insert(name, Tensor { shape, values });
        Ok(())
    }

    /// SHA-256 of names, shapes and values, in hex: the same for the same numbers, from whichever file they came.
    pub(crate) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (name, shape, values) in self.iter() {
            hash.update(format!("{name} {shape:?}\n"));
            hash.update(bytemuck::cast_slice::<f32, u8>(&values));
        }
        format!("{:x}", hash.finalize())
    }

    /// The tensors as one safetensors file: the same bytes for the same numbers, from whichever file they came.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`].
    pub fn to_safetensors(&self) -> Result<Vec<u8>, Error> {
        Ok(::safetensors::serialize(&self.tensors, None).map_err(minilm::Error::from)?)
    }

    /// The values of tensor `name`, row-major, which must have the given shape.
    ///
    /// # Errors
    /// [`minilm::Error::MissingTensor`] or [`minilm::Error::TensorShape`].
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, minilm::Error> {
        Ok(self.tensor(name, shape)?.get())
    }

    /// The values of some rows of tensor `name`, which must have the shape `[rows, columns]`, and have all of these rows.
    pub(crate) fn rows(
        &self,
        name: &str,
        shape: &[usize; 2],
        rows: Range<usize>,
    ) -> Result<Cow<'_, [f32]>, minilm::Error> {
        let [_, columns] = *shape;
        Ok(self.tensor(name, shape)?.values.slice(rows.start * columns..rows.end * columns))
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&Tensor, minilm::Error> {
        let tensor = self.tensors.get(name).ok_or_else(|| minilm::Error::MissingTensor(name.to_owned()))?;
        if tensor.shape != shape {
            return Err(minilm::Error::TensorShape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        Ok(tensor)
    }

    /// Number of values in all tensors.
    pub(crate) fn parameters(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    }

    /// Name, shape and row-major values of every tensor, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], Cow<'_, [f32]>)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), &tensor.shape[..], tensor.get()))
    }
}

impl Tensor {
    fn get(&self) -> Cow<'_, [f32]> {
        self.values.slice(0..self.shape.iter().product())
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self.get() {
            Cow::Borrowed(values) => Cow::Borrowed(bytemuck::cast_slice(values)),
            Cow::Owned(values) => Cow::Owned(bytemuck::cast_slice(&values).to_vec()),
        }
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * size_of::<f32>()
    }
}

/// The name in a `BertModel` of the tensor `name`, whatever contains that model; `None` where an encoder does not use it. TensorFlow's
/// names for layer normalization are those of the first BERT models.
fn canonical(name: &str) -> Option<String> {
    let start = ["embeddings.", "encoder.layer."].iter().filter_map(|part| name.find(part)).min()?;
    let name = &name[start..];
    if name == "embeddings.position_ids" || name == "embeddings.token_type_ids" {
        return None;
    }
    let renamed = |old: &str, new: &str| name.strip_suffix(old).map(|stem| format!("{stem}{new}"));
    let norm = renamed("LayerNorm.gamma", "LayerNorm.weight").or_else(|| renamed("LayerNorm.beta", "LayerNorm.bias"));
    Some(norm.unwrap_or_else(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_of_all_containers_are_understood() {
        for (name, expected) in [
            ("embeddings.word_embeddings.weight", Some("embeddings.word_embeddings.weight")),
            ("bert.encoder.layer.0.output.dense.bias", Some("encoder.layer.0.output.dense.bias")),
            ("model.0.auto_model.embeddings.LayerNorm.gamma", Some("embeddings.LayerNorm.weight")),
            ("bert.encoder.layer.11.output.LayerNorm.beta", Some("encoder.layer.11.output.LayerNorm.bias")),
            ("embeddings.position_ids", None),
            ("pooler.dense.weight", None),
            ("onnx::MatMul_512", None),
        ] {
            assert_eq!(canonical(name).as_deref(), expected, "{name}");
        }
    }
}
