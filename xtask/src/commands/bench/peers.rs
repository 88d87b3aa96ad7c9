//! Installs what is compared with, at pinned versions, into the user's cache folder: nothing lands in the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{cargo, paths};

/// Which interpreters may make the virtual environment, the first one found.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// The Python of a virtual environment with `bench/requirements.txt`.
pub fn python() -> Result<PathBuf> {
    let folder = cache()?.join("python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let wanted = paths::bench().join("requirements.txt");
    install(&folder, &[&wanted], || {
        println!("installing PyTorch, onnxruntime and others from PyPI into {} (6 GB)", folder.display());
        let make =
            |name: &&str| Command::new(name).args(["-m", "venv"]).arg(&folder).status().is_ok_and(|s| s.success());
        ensure!(PYTHONS.iter().any(make), "needs Python 3.11 or newer with its `venv` module");
        let mut pip = Command::new(&python);
        cargo::run(pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&wanted))
    })?;
    Ok(python)
}

/// Adds the packages of the Flask service to the environment of [`python`]: only Flask and gunicorn, at versions of their own,
/// are not there yet.
pub fn flask(python: &Path) -> Result<()> {
    let wanted = paths::bench().join("http/flask/requirements.txt");
    // Inside the environment, so that it goes with it.
    let folder = cache()?.join("python/flask");
    install(&folder, &[&wanted], || {
        println!("installing Flask and gunicorn from PyPI");
        cargo::run(Command::new(python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&wanted))
    })
}

/// A `node_modules` folder with `bench/package-lock.json`.
pub fn node_modules() -> Result<PathBuf> {
    let folder = cache()?.join("node");
    let wanted = ["package.json", "package-lock.json"].map(|name| paths::bench().join(name));
    install(&folder, &[&wanted[0], &wanted[1]], || {
        println!("installing onnxruntime-web and Transformers.js from npm into {}", folder.display());
        // Scripts would fetch native libraries that nothing here uses.
        let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]).current_dir(&folder);
        cargo::run(&mut npm).context("needs Node 20 or newer with npm")
    })?;
    Ok(folder.join("node_modules"))
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
    Ok(dirs::cache_dir().context("there is no cache folder; set HOME")?.join("minilm-wasm").join("bench"))
}

/// Runs `steps` in an empty `folder` with copies of the `wanted` files, unless it was done for the same ones before. A copy of
/// their text beside the folder says so, written at the end.
fn install(folder: &Path, wanted: &[&Path], steps: impl FnOnce() -> Result<()>) -> Result<()> {
    let text = wanted.iter().map(fs::read_to_string).collect::<Result<String, _>>()?;
    let stamp = folder.with_extension("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for file in wanted {
        fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
    }
    steps()?;
    Ok(fs::write(stamp, text)?)
}
