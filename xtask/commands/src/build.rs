//! `build`: components as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use minilm::Precision;

use crate::baked;
use crate::cargo::{Backend, Store};
use crate::model::packed;
use crate::model::{self, Request};
use crate::{notices, paths};

/// `cargo xtask build cli`.
pub fn cli(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    build("minilm", baked::cli, model, backend)
}

/// `cargo xtask build component`.
pub fn component(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    build("minilm-embed", baked::component, model, backend)
}

/// `cargo xtask build http`.
pub fn http(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    build("minilm-http", baked::http, model, backend)
}

/// `cargo xtask build http --spin`.
pub fn http_for_spin(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    let named = model.or_else(|| Some(model::L3.to_owned()));
    let with_model = |backend, model: Option<&Path>| baked::http_for_spin(backend, model.context("it has a model")?);
    build("minilm-http-spin", with_model, named, backend)
}

/// `cargo xtask build kb`.
pub fn kb(model: Option<String>, backend: Backend, store: Store) -> Result<ExitCode> {
    let stem = match store {
        Store::Spin => "minilm-kb",
        Store::Index => "minilm-kb-index",
    };
    build(stem, |backend, model| baked::kb(backend, store, model), model, backend)
}

/// Builds with the model of a name and copies what comes out to where people find it; prints the path of the file and its size.
fn build(
    stem: &str,
    build: impl Fn(Backend, Option<&Path>) -> Result<PathBuf>,
    model: Option<String>,
    backend: Backend,
) -> Result<ExitCode> {
    let (component, name) = match model {
        Some(name) => {
            let model = model::resolve(&Request::Named(name))?;
            let component = build(backend, Some(&packed(&model, Precision::Int8)?))?;
            (component, format!("{stem}-{}.wasm", model.name.replace('/', "--")))
        }
        None => (build(backend, None)?, format!("{stem}.wasm")),
    };
    let output = paths::output().join(name);
    fs::create_dir_all(paths::output())?;
    fs::copy(component, &output)?;
    notices::write(&notices::COMPONENTS, &output.with_extension(notices::FILE))?;
    println!("{} ({} bytes, {})", output.display(), fs::metadata(&output)?.len(), backend.name());
    Ok(ExitCode::SUCCESS)
}
