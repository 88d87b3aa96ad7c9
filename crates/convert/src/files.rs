//! The files of a model directory, in memory: this crate does not touch a file system.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::weights;

/// Contents by path relative to the model directory, with `/` between folders.
#[derive(Clone, Debug, Default)]
pub struct ModelFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl ModelFiles {
    /// Adds a file.
    pub fn insert(&mut self, path: impl Into<String>, content: Vec<u8>) {
        self.files.insert(path.into(), content);
    }

    /// Which of the files in a directory are read: settings, vocabularies, the weights in one of the formats, and those of further
    /// modules. `paths` are relative, with `/` between folders.
    #[must_use]
    pub fn read_of(paths: &[String]) -> Vec<&String> {
        let weights = weights::FORMATS.iter().find(|&&format| paths.iter().any(|path| is_named(path, format)));
        let is_read = |path: &str| {
            let ends = |end: &str| path.ends_with(end);
            match weights {
                _ if ends(".json") || ends("vocab.txt") || is_of_module(path, paths) => true,
                Some(&weights::INDEX) => ends(".safetensors"),
                Some(format) => is_named(path, format),
                None => weights::REFUSED.iter().any(|(file, _)| is_named(path, file)),
            }
        };
        paths.iter().filter(|path| is_read(path)).collect()
    }

    pub(super) fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    pub(super) fn require(&self, path: &str) -> Result<&[u8], Error> {
        self.get(path).ok_or_else(|| Error::MissingFile(path.to_owned()))
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

/// Whether `path` is the file `name` of the transformer, in either of its two places.
fn is_named(path: &str, name: &str) -> bool {
    path == name || path.strip_prefix("0_Transformer/") == Some(name)
}

/// Whether `path` has the weights of a module in a folder of its own, `2_Dense/model.safetensors` for instance: settings lie beside them.
fn is_of_module(path: &str, paths: &[String]) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let settings = format!("{folder}/config.json");
    name == weights::FORMATS[0] && folder != "0_Transformer" && paths.contains(&settings)
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
            (
                &["model.safetensors", "2_Dense/config.json", "2_Dense/model.safetensors", "other/model.safetensors"],
                &["model.safetensors", "2_Dense/config.json", "2_Dense/model.safetensors"],
            ),
        ] {
            assert_eq!(read(&[&settings, weights].concat()), [&settings, expected].concat());
        }
    }
}
