//! `model`: fetching, packing and slicing.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use minilm::Precision;

use super::slice;
use crate::model::{self, Request};
use crate::{packed, paths};

/// `cargo xtask model pull`.
pub fn pull(name: &str) -> Result<ExitCode> {
    let model = model::pull(name)?;
    println!("{} is in {}", model.name, model.path.display());
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask model pack`.
pub fn pack(request: &Request, precision: Precision, output: Option<PathBuf>) -> Result<ExitCode> {
    let model = model::resolve(request)?;
    let output = output.unwrap_or_else(|| PathBuf::from(packed::file_name(&model, precision)));
    packed::write(&model, precision, &output)?;
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
