//! The files of a model directory, in memory: this crate does not touch a file system.

use std::collections::BTreeMap;

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

    /// Which of the files in a directory are read: settings, vocabularies, and the weights in one of the formats. `paths` are relative,
    /// with `/` between folders.
    #[must_use]
    pub fn read_of(paths: &[String]) -> Vec<&String> {
        let weights = weights::FORMATS.iter().find(|&&format| paths.iter().any(|path| is_named(path, format)));
        let is_read = |path: &str| {
            let ends = |end: &str| path.ends_with(end);
            match weights {
                _ if ends(".json") || ends("vocab.txt") => true,
                Some(&weights::INDEX) => ends(".safetensors"),
                Some(format) => is_named(path, format),
                None => weights::REFUSED.iter().any(|(file, _)| is_named(path, file)),
            }
        };
        paths.iter().filter(|path| is_read(path)).collect()
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

/// Whether `path` is the file `name` of the transformer, in either of its two places.
fn is_named(path: &str, name: &str) -> bool {
    path == name || path.strip_prefix("0_Transformer/") == Some(name)
}

#[cfg(test)]
mod tests {
    use super::ModelFiles;

    #[test]
    fn one_format_of_weights_is_read() {
        let read = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
            ModelFiles::read_of(&paths).into_iter().cloned().collect::<Vec<_>>()
        };
        let settings = ["config.json", "1_Pooling/config.json", "vocab.txt"];
        for (weights, expected) in [
            (&["model.safetensors", "onnx/model.onnx", "pytorch_model.bin"][..], &["model.safetensors"][..]),
            (&["0_Transformer/model.safetensors"], &["0_Transformer/model.safetensors"]),
            (
                &["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json", "model.onnx"],
                &["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"],
            ),
            (&["onnx/model.onnx", "onnx/model_qint8.onnx"], &["onnx/model.onnx"]),
            (&["pytorch_model.bin", "README.md"], &["pytorch_model.bin"]),
        ] {
            assert_eq!(read(&[&settings, weights].concat()), [&settings, expected].concat());
        }
    }
}
