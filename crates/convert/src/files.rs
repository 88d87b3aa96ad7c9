//! The files of a model directory, in memory: this crate does not touch a file system.

use std::collections::BTreeMap;

use crate::error::Error;

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
