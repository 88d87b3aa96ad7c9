//! The tensors of a model directory, from whichever file holds them.

mod distilbert;
pub(crate) mod mpnet;
mod numbers;
mod onnx;
mod safetensors;
mod static_embeddings;
mod torch;
mod values;

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use ::safetensors::Dtype;
use ::safetensors::View;
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::files::{ModelFiles, in_folder};
use numbers::Numbers;
use values::Values;

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

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.get() == other.get()
    }
}

impl fmt::Debug for Tensor {
    /// Without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Files that hold weights, in the order in which they are looked for: that of transformers, and then exports. All have the same
/// tensors where several are there.
pub(crate) const FORMATS: [&str; 6] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "onnx/model.onnx",
    "model.onnx",
];

/// Endings of files that hold weights in a form that is not read, and what to do about it.
const REFUSED: [(&str, &str); 8] = [
    (".gguf", "is a GGUF file: give the model that it was made from"),
    ("tf_model.h5", "holds weights of TensorFlow: load them with `from_tf=True` in transformers 4, and save the model"),
    (".h5", "holds weights of Keras: save the model from PyTorch"),
    (".msgpack", "holds weights of Flax: load them with `from_flax=True` in transformers 4, and save the model"),
    ("openvino_model.xml", "is an export for OpenVINO: give the model that it was made from"),
    ("openvino_model.bin", "is an export for OpenVINO: give the model that it was made from"),
    ("rust_model.ot", "holds weights of rust-bert: give the model that it was made from"),
    (".onnx", "is an optimized or quantized export: give `model.onnx`"),
];

/// Files that lie in the place of weights, by how they begin.
const OTHERS: [(&[u8], &str); 3] = [
    (b"GGUF", "it is a GGUF file: give the model that it was made from"),
    (b"\x89HDF\r\n", "it is an HDF5 file, as of Keras: save the model from PyTorch"),
    (b"version https://git-lfs", "it is a pointer of Git LFS: `git lfs pull` fetches the weights"),
];

/// The name of a tensor by the one that it has in a file; `None` where it is not used.
type Rename<'f> = &'f dyn Fn(&str) -> Option<String>;

/// That there are no weights among the files of a directory, and what there is instead.
pub(crate) fn none<'p>(paths: impl Iterator<Item = &'p String> + Clone) -> Error {
    let found = REFUSED.iter().find_map(|(end, reason)| {
        let path = paths.clone().find(|path| path.ends_with(end))?;
        Some(format!("; `{path}` {reason}"))
    });
    Error::NoWeights { found: found.unwrap_or_default() }
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files that the index `bytes` of shards, which lies at `path`, names. They lie beside it.
pub(crate) fn shards(path: &str, bytes: &[u8]) -> Result<BTreeSet<String>, Error> {
    let index: Result<Index, _> = serde_json::from_slice(bytes);
    let index = index.map_err(|cause| Error::Json { file: path.to_owned(), cause })?;
    Ok(index.weight_map.into_values().collect())
}

/// The table of static embeddings, named as sentence-transformers does.
pub(crate) const STATIC_EMBEDDINGS: &str = "embedding.weight";

impl Weights {
    /// Reads the weights of a model directory: `model.safetensors`, `pytorch_model.bin`, the shards that the `.index.json` of either names,
    /// or an ONNX export of the encoder, whichever is found first. Numbers may be `f32`, `f16` or `bf16`. Tensors that an encoder does
    /// not use (position ids, the pooler) are left out.
    ///
    /// # Errors
    /// [`Error::NoWeights`] where no such file is there, [`minilm::Error::Safetensors`] and [`Error::WeightsFile`] for a file that is not
    /// valid, [`minilm::Error::TensorDtype`] for other numbers, [`Error::TensorNotFinite`] for a tensor with a NaN or an infinity,
    /// [`Error::TwoTensors`] where tensors cannot be told apart.
    pub fn of(files: &ModelFiles) -> Result<Self, Error> {
        let found = FORMATS.iter().map(|file| files.transformer(file)).find(|file| files.get(file).is_some());
        let file = found.ok_or_else(|| none(files.paths()))?;
        let mut weights = Self { tensors: BTreeMap::new() };
        let bytes = files.require(&file)?;
        if file.ends_with(".index.json") {
            for shard in shards(&file, bytes)? {
                let shard = files.transformer(&shard);
                weights.add(&shard, files.require(&shard)?, &canonical)?;
            }
        } else {
            weights.add(&file, bytes, &canonical)?;
        }
        Ok(weights)
    }

    /// Adds the tensors of a file in the format that its name says, under the names that `rename` gives them.
    fn add(&mut self, file: &str, bytes: &Bytes, rename: Rename<'_>) -> Result<(), Error> {
        if let Some((_, reason)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
            return Err(Error::WeightsFile { file: file.to_owned(), reason: (*reason).to_owned() });
        }
        if file.ends_with(".onnx") {
            onnx::read(file, bytes, self, rename)
        } else if file.ends_with(".bin") {
            torch::read(file, bytes, self, rename)
        } else {
            safetensors::read(bytes, self, rename)
        }
    }

    /// Reads a safetensors file alone.
    ///
    /// # Errors
    /// [`minilm::Error::Safetensors`], [`minilm::Error::TensorDtype`] and [`Error::TensorNotFinite`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut weights = Self { tensors: BTreeMap::new() };
        safetensors::read(&Bytes::copy_from_slice(bytes), &mut weights, &canonical)?;
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
        let [first, second] = ModelFiles::MODULE_WEIGHTS.map(|file| in_folder(folder, file));
        let path = if files.get(&first).is_none() && files.get(&second).is_some() { second } else { first };
        let mut weights = Self { tensors: BTreeMap::new() };
        weights.add(&path, files.require(&path)?, &|name| Some(in_folder(folder, name)))?;
        Ok(weights)
    }

    /// Adds a tensor.
    pub(crate) fn insert(&mut self, name: String, shape: Vec<usize>, values: impl Into<Values>) -> Result<(), Error> {
        let values = values.into();
        if !values.are_finite() {
            return Err(Error::TensorNotFinite(name));
        }
        let tensor = Tensor { shape, values };
        match self.tensors.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(tensor)),
            Entry::Occupied(entry) if *entry.get() != tensor => return Err(Error::TwoTensors(entry.key().clone())),
            Entry::Occupied(_) => {}
        }
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

    /// The shape of tensor `name`.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| &tensor.shape[..])
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
    let starts = ["embeddings.", "encoder.layer.", distilbert::LAYER, mpnet::BIAS];
    let start = starts.iter().filter_map(|part| name.find(part)).min()?;
    let name = &name[start..];
    if name == "embeddings.position_ids" || name == "embeddings.token_type_ids" {
        return None;
    }
    if let Some(layer) = name.strip_prefix(distilbert::LAYER) {
        return distilbert::layer_tensor(layer);
    }
    if let Some(name) = mpnet::layer_tensor(name) {
        return Some(name);
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
            ("mpnet.encoder.layer.7.attention.attn.k.weight", Some("encoder.layer.7.attention.self.key.weight")),
            ("encoder.layer.7.attention.attn.o.bias", Some("encoder.layer.7.attention.output.dense.bias")),
            ("encoder.layer.0.attention.LayerNorm.weight", Some("encoder.layer.0.attention.output.LayerNorm.weight")),
            ("mpnet.encoder.relative_attention_bias.weight", Some("encoder.relative_attention_bias.weight")),
            ("embeddings.position_ids", None),
            ("pooler.dense.weight", None),
            ("onnx::MatMul_512", None),
        ] {
            assert_eq!(canonical(name).as_deref(), expected, "{name}");
        }
    }
}
