//! Installs what is compared with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{node, paths, python, tool_cache};

/// The Python of a virtual environment with `bench/requirements.txt`.
pub fn python() -> Result<PathBuf> {
    let wanted = paths::bench().join("requirements.txt");
    python::environment(&cache()?.join("python"), &wanted, "PyTorch, onnxruntime and others (6 GB)")
}

/// Adds the packages of the Flask service to the environment of [`python`], where only Flask and gunicorn are missing.
pub fn flask(python: &Path) -> Result<()> {
    let wanted = paths::bench().join("http/flask/requirements.txt");
    // Inside the environment, so that it goes with it.
    let folder = cache()?.join("python").join("flask");
    tool_cache::install(&folder, &[&wanted], || {
        println!("installing Flask and gunicorn from PyPI");
        python::install_packages(python, &wanted)
    })
}

/// A `node_modules` folder with `bench/package-lock.json`.
pub fn node_modules() -> Result<PathBuf> {
    node::packages(&paths::bench(), "bench/node")
}

/// Writes a model for candle's module, which takes one buffer: each file behind its length.
pub fn write_candle(model: &Path, output: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    for name in ["config.json", "tokenizer.json", "sentence_bert_config.json", "model.safetensors"] {
        let file = fs::read(model.join(name)).with_context(|| format!("cannot read {name} of {}", model.display()))?;
        bytes.extend(u32::try_from(file.len())?.to_le_bytes());
        bytes.extend(file);
    }
    Ok(fs::write(output, bytes)?)
}

/// Where all of it lies.
pub fn cache() -> Result<PathBuf> {
    tool_cache::folder("bench")
}
