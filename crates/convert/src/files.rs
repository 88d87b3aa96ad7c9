//! The files of a model directory, in memory: this crate does not touch a file system.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::error::Error;
use crate::weights;

/// Contents by path relative to the model directory, with `/` between folders. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct ModelFiles {
    files: BTreeMap<String, Bytes>,
}

impl ModelFiles {
    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, content: Vec<u8>) {
        self.files.insert(path.into(), content.into());
    }

    /// Settings and vocabularies of a transformer that are read where they are there, for those who have no listing of a directory. Beside
    /// them are `config.json`, [`weights`](Self::WEIGHTS), and the `config.json` and weights of further modules in their folders.
    pub const SETTINGS: [&str; 8] = [
        "modules.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.txt",
    ];

    /// Files of which the first that is there has the weights. Those with the ending `.index.json` name [`shards`](Self::shards).
    pub const WEIGHTS: [&str; 6] = weights::FORMATS;

    /// Folders in which the files of the first module are in older models, and of static embeddings. Else they are at the top.
    pub const FIRST_MODULES: [&str; 2] = ["0_Transformer", "0_StaticEmbedding"];

    /// Files of which the first that is there has the weights of a module that is no transformer, such as `2_Dense`.
    pub const MODULE_WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

    /// Which of the files in a directory are read: settings, vocabularies, and the weights in one of the formats. `paths` are relative,
    /// with `/` between folders.
    ///
    /// # Errors
    /// What every model directory has and this one lacks: [`Error::MissingFile`] for a configuration or a vocabulary,
    /// [`Error::NoWeights`] with what there is instead.
    pub fn read_of(paths: &[String]) -> Result<Vec<&String>, Error> {
        let has = |name: &str| paths.iter().any(|path| is_named(path, name));
        // Static embeddings have no `config.json`; only `modules.json` says that a model is one of these.
        for either in [["config.json", "modules.json"], ["tokenizer.json", "vocab.txt"]] {
            if !either.iter().any(|name| has(name)) {
                return Err(Error::MissingFile(either[0].to_owned()));
            }
        }
        let weights = Self::weights_of(paths);
        if weights.is_empty() {
            return Err(weights::none(paths.iter()));
        }
        let is_setting = |path: &str| path.ends_with(".json") || path.ends_with("vocab.txt");
        Ok(paths.iter().filter(|path| is_setting(path) || weights.contains(path)).collect())
    }

    /// Which of the files in a directory hold the weights that are read: those of the encoder, whole or in shards, and those of modules in
    /// folders of their own.
    #[must_use]
    pub fn weights_of(paths: &[String]) -> Vec<&String> {
        let format = Self::WEIGHTS.iter().find(|format| paths.iter().any(|path| is_named(path, format)));
        let is_weights = |path: &String| match format.map(|format| (format, format.strip_suffix(".index.json"))) {
            _ if is_of_module(path, paths) => true,
            // `model-00001-of-00002.safetensors`, by the name that the whole would have.
            Some((_, Some(whole))) => whole.split_once('.').is_some_and(|(stem, end)| {
                file_name(path).strip_prefix(stem).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(end))
            }),
            Some((format, None)) => is_named(path, format),
            None => false,
        };
        paths.iter().filter(|path| is_weights(path)).collect()
    }

    /// The files that hold the weights, by the content of the `.index.json` at `path`. They lie beside it.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub fn shards(path: &str, index: &[u8]) -> Result<BTreeSet<String>, Error> {
        weights::shards(path, index)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &String> + Clone {
        self.files.keys()
    }

    pub(super) fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|content| &content[..])
    }

    /// The file at `path`. What is sliced out of it shares its memory.
    pub(super) fn require(&self, path: &str) -> Result<&Bytes, Error> {
        self.files.get(path).ok_or_else(|| Error::MissingFile(path.to_owned()))
    }

    /// Path of a file of the transformer module: at the top, or in `0_Transformer` as older models have it.
    pub(super) fn transformer(&self, file: &str) -> String {
        let folder = format!("0_Transformer/{file}");
        if self.files.contains_key(&folder) { folder } else { file.to_owned() }
    }
}

/// The path of `file` in the folder of a module, which is empty for a module at the top.
pub(super) fn in_folder(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

/// Whether `path` is the file `name` of the first module, in any of its places.
fn is_named(path: &str, name: &str) -> bool {
    let in_folder = |folder: &str| path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')) == Some(name);
    path == name || ModelFiles::FIRST_MODULES.into_iter().any(in_folder)
}

/// Whether `path` has the weights of a module in a folder of its own, such as `2_Dense`: settings lie beside them.
fn is_of_module(path: &str, paths: &[String]) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let beside = |file: &str| paths.contains(&format!("{folder}/{file}"));
    let first = ModelFiles::MODULE_WEIGHTS.into_iter().find(|file| beside(file));
    !ModelFiles::FIRST_MODULES.contains(&folder) && first == Some(name) && beside("config.json")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::ModelFiles;

    #[test]
    fn one_format_of_weights_is_read() {
        let read = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
            ModelFiles::read_of(&paths).expect("it is complete").into_iter().cloned().collect::<Vec<_>>()
        };
        let settings = ["config.json", "1_Pooling/config.json", "vocab.txt"];
        for (weights, expected) in [
            (&["model.safetensors", "onnx/model.onnx", "pytorch_model.bin"][..], &["model.safetensors"][..]),
            (&["0_Transformer/model.safetensors"], &["0_Transformer/model.safetensors"]),
            (
                &["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json", "modeling.py"],
                &["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"],
            ),
            (&["onnx/model.onnx", "onnx/model_qint8.onnx"], &["onnx/model.onnx"]),
            (&["0_StaticEmbedding/model.safetensors"], &["0_StaticEmbedding/model.safetensors"]),
            (&["pytorch_model.bin", "README.md", "onnx/model.onnx"], &["pytorch_model.bin"]),
            (
                &["pytorch_model-1.bin", "pytorch_model.bin.index.json", "training_args.bin"],
                &["pytorch_model-1.bin", "pytorch_model.bin.index.json"],
            ),
            (
                &["model.safetensors", "2_Dense/config.json", "2_Dense/pytorch_model.bin", "other/pytorch_model.bin"],
                &["model.safetensors", "2_Dense/config.json", "2_Dense/pytorch_model.bin"],
            ),
            (
                &["model.safetensors", "2_Dense/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"],
                &["model.safetensors", "2_Dense/config.json", "2_Dense/model.safetensors"],
            ),
        ] {
            assert_eq!(read(&[&settings, weights].concat()), [&settings, expected].concat());
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
            ModelFiles::read_of(&paths).expect_err("it is not complete").to_string()
        };
        assert!(refused(&["tokenizer.json", "model.safetensors"]).contains("no `config.json`"));
        assert!(refused(&["config.json", "model.safetensors"]).contains("no `tokenizer.json`"));
        for (weights, expected) in [
            ("minilm.q8_0.gguf", "; `minilm.q8_0.gguf` is a GGUF file: give the model that it was made from"),
            ("tf_model.h5", "; `tf_model.h5` holds weights of TensorFlow: load them with `from_tf=True`"),
            ("flax_model.msgpack", "; `flax_model.msgpack` holds weights of Flax"),
            ("openvino/openvino_model.bin", "; `openvino/openvino_model.bin` is an export for OpenVINO"),
            ("onnx/model_O4.onnx", "; `onnx/model_O4.onnx` is an optimized or quantized export: give `model.onnx`"),
            ("README.md", "`model.onnx` is needed"),
        ] {
            let message = refused(&["config.json", "vocab.txt", weights]);
            assert!(
                message.starts_with("the model directory has no weights") && message.contains(expected),
                "{message}"
            );
        }
    }
}
