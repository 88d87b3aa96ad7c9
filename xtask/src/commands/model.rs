//! `model`: fetching, packing and slicing.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use minilm::Precision;
use minilm_hub::{Context, Verify, file_name};

use super::slice;
use crate::model::{self, Request};
use crate::paths;

/// `cargo xtask model pull`.
pub fn pull(name: &str) -> Result<ExitCode> {
    let model = Context::from_env()?.obtain_named(name, Verify::Sha256)?;
    println!("{} is in {}", model.name, model.path.display());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask model pack`.
pub fn pack(request: &Request, precision: Precision, output: Option<PathBuf>) -> Result<ExitCode> {
    let model = model::resolve(request)?;
    let output = output.unwrap_or_else(|| PathBuf::from(file_name(&model, precision)));
    Context::from_env()?.pack(&model, precision, &output)?;
    println!("{} ({} bytes)", output.display(), fs::metadata(&output)?.len());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask model slice`.
pub fn slice(output: Option<PathBuf>) -> Result<ExitCode> {
    let source = model::resolve(&Request::Named(slice::SOURCE.to_owned()))?;
    let output = output.unwrap_or_else(|| paths::output().join(slice::NAME));
    slice::write(&source, &output)?;
    println!("{} is in {}", slice::NAME, output.display());
    Ok(ExitCode::SUCCESS)
}
