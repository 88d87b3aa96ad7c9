//! Model directories to packed files, written once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use minilm::Precision;
use minilm_convert::{ModelFiles, Source};

use crate::model::ModelDir;
use crate::paths;

/// The packed file of a model, in the target folder; written where it is not there, or older than the model or this program.
pub fn packed(model: &ModelDir, precision: Precision) -> Result<PathBuf> {
    let path = paths::output().join(file_name(model, precision));
    let written = modified(&path);
    let newest = modified(&model.path.join("model.safetensors")).max(modified(&std::env::current_exe()?));
    if written.is_none() || written <= newest {
        write(model, precision, &path)?;
    }
    Ok(path)
}

/// Name of a packed file.
pub fn file_name(model: &ModelDir, precision: Precision) -> String {
    format!("{}-{precision}.minilm", model.name.replace('/', "--"))
}

/// Packs a model. The file appears at `path` only when it is whole.
pub fn write(model: &ModelDir, precision: Precision, path: &Path) -> Result<()> {
    let bytes = read(model)?.pack(precision)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::create_dir_all(parent.unwrap_or(Path::new(".")))?;
    let part = path.with_extension("part");
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a model directory.
pub fn read(model: &ModelDir) -> Result<Source> {
    let mut files = ModelFiles::default();
    add_files(&model.path, "", &mut files)?;
    Source::read(&model.name, &files).with_context(|| format!("cannot use the model in {}", model.path.display()))
}

/// Adds the JSON files and the weights of a directory and of the folders in it.
fn add_files(dir: &Path, prefix: &str, files: &mut ModelFiles) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() && prefix.is_empty() {
            add_files(&path, &format!("{name}/"), files)?;
        } else if name.ends_with(".json") || name.ends_with("model.safetensors") {
            files.insert(name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
