//! `build`: components as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use minilm::Precision;

use crate::cargo::{Backend, build_cli, build_http};
use crate::model::{self, Request};
use crate::packed::packed;
use crate::paths;

/// `cargo xtask build cli`.
pub fn cli(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    component("minilm", build_cli, model, backend)
}

/// `cargo xtask build http`.
pub fn http(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    component("minilm-http", build_http, model, backend)
}

/// Builds a component as a file of the output folder, and prints its path and size.
fn component(
    name: &str,
    build: fn(Backend, Option<&Path>) -> Result<PathBuf>,
    model: Option<String>,
    backend: Backend,
) -> Result<ExitCode> {
    let (component, name) = match model {
        Some(named) => {
            let model = model::resolve(&Request::Named(named))?;
            let component = build(backend, Some(&packed(&model, Precision::Int8)?))?;
            (component, format!("{name}-{}.wasm", model.name.replace('/', "--")))
        }
        None => (build(backend, None)?, format!("{name}.wasm")),
    };
    let output = paths::output().join(name);
    fs::create_dir_all(paths::output())?;
    fs::copy(component, &output)?;
    println!("{} ({} bytes, {})", output.display(), fs::metadata(&output)?.len(), backend.name());
    Ok(ExitCode::SUCCESS)
}
