//! The tensors of a model directory, from whichever file holds them.

mod distilbert;
mod onnx;
mod safetensors;
mod static_embeddings;

use std::collections::BTreeMap;
use std::fmt;

use ::safetensors::Dtype;
use ::safetensors::tensor::TensorView;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::{ModelFiles, in_folder};
pub(crate) use safetensors::INDEX;

/// Named tensors, all `f32`, under the names that transformers gives them in a `BertModel`.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// Values in row-major order.
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
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

/// The table of static embeddings, named as sentence-transformers does.
pub(crate) const STATIC_EMBEDDINGS: &str = "embedding.weight";

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
            safetensors::read(bytes, &mut weights, canonical)?;
        }
        Ok(weights)
    }

    /// Reads a safetensors file alone.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`], [`minilm::Error::TensorDtype`] and [`Error::TensorNotFinite`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut weights = Self { tensors: BTreeMap::new() };
        safetensors::read(bytes, &mut weights, canonical)?;
        Ok(weights)
    }

    /// Reads the table of static embeddings, which lies in `folder`, as [`STATIC_EMBEDDINGS`] `[tokens, dim]`.
    pub(crate) fn of_static_embeddings(files: &ModelFiles, folder: &str) -> Result<Self, Error> {
        let mut weights = Self { tensors: BTreeMap::new() };
        static_embeddings::read(files.require(&in_folder(folder, FORMATS[0]))?, &mut weights)?;
        Ok(weights)
    }

    /// Reads the weights of a module in a folder of its own. Names are `folder/name`.
    pub(crate) fn of_module(files: &ModelFiles, folder: &str) -> Result<Self, Error> {
        let path = format!("{folder}/{}", FORMATS[0]);
        let mut weights = Self { tensors: BTreeMap::new() };
        let name = |name: &str| Some(format!("{folder}/{name}"));
        safetensors::read(files.require(&path)?, &mut weights, name)?;
        Ok(weights)
    }

    /// Adds a tensor.
    pub(crate) fn insert(&mut self, name: String, shape: Vec<usize>, values: Vec<f32>) -> Result<(), Error> {
        if values.iter().any(|x| !x.is_finite()) {
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
            hash.update(bytemuck::cast_slice::<f32, u8>(values));
        }
        format!("{:x}", hash.finalize())
    }

    /// The tensors as one safetensors file: the same bytes for the same numbers, from whichever file they came.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`].
    pub fn to_safetensors(&self) -> Result<Vec<u8>, Error> {
        let views: Result<Vec<_>, _> = self
            .iter()
            .map(|(name, shape, values)| {
                let view = TensorView::new(Dtype::F32, shape.to_vec(), bytemuck::cast_slice(values))?;
                Ok((name, view))
            })
            .collect();
        let bytes = views.and_then(|views| ::safetensors::serialize(views, None));
        Ok(bytes.map_err(minilm::Error::from)?)
    }

    /// The shape of tensor `name`.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| &tensor.shape[..])
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

/// The name in a `BertModel` of the tensor `name`, whatever contains that model; `None` where an encoder does not use it. TensorFlow's
/// names for layer normalization are those of the first BERT models.
fn canonical(name: &str) -> Option<String> {
    let start = ["embeddings.", "encoder.layer.", distilbert::LAYER].iter().filter_map(|part| name.find(part)).min()?;
    let name = &name[start..];
    if name == "embeddings.position_ids" || name == "embeddings.token_type_ids" {
        return None;
    }
    if let Some(layer) = name.strip_prefix(distilbert::LAYER) {
        return distilbert::layer_tensor(layer);
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
            (
                "distilbert.transformer.layer.3.attention.q_lin.weight",
                Some("encoder.layer.3.attention.self.query.weight"),
            ),
            ("transformer.layer.11.ffn.lin2.bias", Some("encoder.layer.11.output.dense.bias")),
            ("transformer.layer.0.sa_layer_norm.bias", Some("encoder.layer.0.attention.output.LayerNorm.bias")),
            ("transformer.layer.0.some_norm.bias", None),
            ("embeddings.position_ids", None),
            ("pooler.dense.weight", None),
            ("onnx::MatMul_512", None),
        ] {
            assert_eq!(canonical(name).as_deref(), expected, "{name}");
        }
    }
}
