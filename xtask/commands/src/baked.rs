//! Components with or without a model. Without one they read the file that MODEL_PATH names.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use minilm_bake::bake;

use crate::cargo::{self, Backend, Store};

/// The command line component, with the packed file `model` baked in where there is one.
pub fn cli(backend: Backend, model: Option<&Path>) -> Result<PathBuf> {
    match model {
        Some(model) => baked(&cargo::cli_to_bake(backend)?, "minilm", model),
        None => cargo::build_cli(backend),
    }
}

/// The HTTP component, likewise.
pub fn http(backend: Backend, model: Option<&Path>) -> Result<PathBuf> {
    match model {
        Some(model) => baked(&cargo::http_to_bake(backend)?, "minilm_http", model),
        None => cargo::build_http(backend),
    }
}

/// The HTTP component for Spin, with a model.
pub fn http_for_spin(backend: Backend, model: &Path) -> Result<PathBuf> {
    baked(&cargo::http_for_spin(backend)?, "minilm_http_spin", model)
}

/// The knowledge base, likewise.
pub fn kb(backend: Backend, store: Store, model: Option<&Path>) -> Result<PathBuf> {
    match model {
        Some(model) => baked(&cargo::kb_to_bake(backend, store)?, &format!("minilm_kb_{}", store.feature()), model),
        None => cargo::build_kb(backend, store),
    }
}

/// The library component, likewise.
pub fn component(backend: Backend, model: Option<&Path>) -> Result<PathBuf> {
    match model {
        Some(model) => baked(&cargo::component_to_bake(backend)?, "minilm_component", model),
        None => cargo::build_component(backend),
    }
}

/// Bakes the packed file `model` into `component`, and writes the result beside it as `<stem>-<name of the model>.wasm`. The file
/// appears only when it is whole.
fn baked(component: &Path, stem: &str, model: &Path) -> Result<PathBuf> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let bytes = bake(&read(component)?, &read(model)?)
        .with_context(|| format!("cannot bake {} into {}", model.display(), component.display()))?;
    let name = model.file_stem().unwrap_or_default().to_string_lossy();
    let path = component.with_file_name(format!("{stem}-{name}.wasm"));
    // Tests bake the same file in several threads and processes.
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let part = format!("{}-{}.part", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
    let part = path.with_extension(part);
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
