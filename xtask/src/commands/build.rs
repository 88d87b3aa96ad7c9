//! `build`: components as files.

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use minilm::Precision;

use crate::cargo::{Backend, build_cli};
use crate::model::{self, Request};
use crate::packed::packed;
use crate::paths;

/// `cargo xtask build cli`: prints the path of the file and its size.
pub fn cli(model: Option<String>, backend: Backend) -> Result<ExitCode> {
    let (component, name) = match model {
        Some(name) => {
            let model = model::resolve(&Request::Named(name))?;
            let component = build_cli(backend, Some(&packed(&model, Precision::Int8)?))?;
            (component, format!("minilm-{}.wasm", model.name.replace('/', "--")))
        }
        None => (build_cli(backend, None)?, "minilm.wasm".to_owned()),
    };
    let output = paths::output().join(name);
    fs::create_dir_all(paths::output())?;
    fs::copy(component, &output)?;
    println!("{} ({} bytes, {})", output.display(), fs::metadata(&output)?.len(), backend.name());
    Ok(ExitCode::SUCCESS)
}
