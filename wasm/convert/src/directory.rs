//! A model directory, written into this module's memory from outside.

use std::collections::BTreeMap;

use js_sys::Function;
use minilm::Precision;
use minilm_convert::{Error, ModelFiles, Source};
use wasm_bindgen::prelude::*;

use crate::Packed;
use crate::error::Fault;

/// Which of the files at `paths`, which are relative to the model directory with `/` between folders, a conversion reads: settings,
/// vocabularies, and the weights in one of the formats.
///
/// # Errors
/// What every model directory has and this one lacks.
#[wasm_bindgen(js_name = "filesToRead")]
pub fn files_to_read(paths: Vec<String>) -> Result<Vec<String>, JsValue> {
    chosen(paths).map_err(|error| Fault::from(error).into_js())
}

fn chosen(paths: Vec<String>) -> Result<Vec<String>, Error> {
    // As natively, where a directory and the folders in it are listed, and no deeper ones.
    let paths: Vec<String> = paths.into_iter().filter(|path| path.matches('/').count() < 2).collect();
    // A repository has other JSON files too, which need not be fetched.
    let is_read = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let index = ModelFiles::WEIGHTS.contains(&name);
        !path.ends_with(".json") || name == "config.json" || index || ModelFiles::SETTINGS.contains(&name)
    };
    Ok(ModelFiles::read_of(&paths)?.into_iter().filter(|path| is_read(path)).cloned().collect())
}

/// The files of a model directory. JavaScript writes each in place, at the address that [`Directory::add`] gives.
#[wasm_bindgen]
#[derive(Default)]
pub struct Directory {
    files: BTreeMap<String, Vec<u8>>,
}

#[wasm_bindgen]
impl Directory {
    /// An empty directory.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file of `len` zero bytes: where it starts in the module's memory.
    ///
    /// # Errors
    /// `memory` where there is not so much.
    pub fn add(&mut self, path: String, len: usize) -> Result<usize, JsValue> {
        let mut content = Vec::new();
        if content.try_reserve_exact(len).is_err() {
            return Err(Fault::from(Error::from(minilm::Error::OutOfMemory { bytes: len })).into_js());
        }
        content.resize(len, 0);
        let address = content.as_ptr().addr();
        self.files.insert(path, content);
        Ok(address)
    }

    /// The packed file of the model, which it calls `name`. `precision` is `int8`, `int6-e4` or `f32`. `progress` is called after each
    /// step, with the steps that are done and how many there are; what it throws ends the conversion.
    ///
    /// # Errors
    /// What cannot be read or cannot be honoured, by file and field.
    pub fn pack(self, name: &str, precision: &str, progress: &Function) -> Result<Packed, JsValue> {
        let tell = |done: usize, steps: usize| {
            let called = progress.call2(&JsValue::NULL, &JsValue::from(done), &JsValue::from(steps));
            if let Err(thrown) = called {
                wasm_bindgen::throw_val(thrown);
            }
        };
        self.converted(name, precision, tell).map_err(Fault::into_js)
    }
}

impl Directory {
    fn converted(self, name: &str, precision: &str, progress: impl FnMut(usize, usize)) -> Result<Packed, Fault> {
        let precision = precision_of(precision)?;
        let source = {
            let mut files = ModelFiles::default();
            for (path, content) in self.files {
                files.insert(path, content);
            }
            Source::read(name, &files)?
        };
        let bytes = source.pack_with(precision, progress)?;
        Ok(Packed::new(source.config(), precision, bytes))
    }
}

fn precision_of(name: &str) -> Result<Precision, Fault> {
    name.parse().map_err(|error| match error {
        minilm::Error::Option { option, reason } => Fault::option(option, reason),
        other => minilm_convert::Error::from(other).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Directory, chosen, precision_of};

    fn choose(paths: &[&str]) -> Vec<String> {
        chosen(paths.iter().map(|&path| path.to_owned()).collect()).expect("it is complete")
    }

    #[test]
    fn only_what_is_read_is_chosen() {
        let found = choose(&[
            "README.md",
            "config.json",
            "data_config.json",
            "modules.json",
            "tokenizer.json",
            "1_Pooling/config.json",
            "onnx/model.onnx",
            "model.safetensors",
            "a/b/config.json",
            "train_script.py",
        ]);
        assert_eq!(
            found,
            ["config.json", "modules.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"]
        );
        let shards = ["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"];
        let found = choose(&[&["config.json", "vocab.txt"], &shards[..]].concat());
        assert_eq!(found[2..], shards);
    }

    #[test]
    fn precisions_have_the_names_of_the_command_line() {
        for name in ["int8", "int6-e4", "f32"] {
            assert_eq!(precision_of(name).map(|precision| precision.to_string()), Ok(name.to_owned()));
        }
        assert!(precision_of("int4").is_err());
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_said() {
        let mut directory = Directory::new();
        directory.files.insert("config.json".to_owned(), b"{".to_vec());
        let Err(fault) = directory.converted("m", "int8", |_, _| ()) else { panic!("it is no model") };
        assert_eq!(fault.code(), "source-json");
    }
}
