//! `model slice`: the test model as a directory.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::slice;
use crate::model::{self, Request};
use crate::paths;

/// `cargo xtask model slice`.
pub fn slice(output: Option<PathBuf>) -> Result<ExitCode> {
    let source = model::resolve(&Request::Named(slice::SOURCE.to_owned()))?;
    let output = output.unwrap_or_else(|| paths::output().join(slice::NAME));
    slice::write(&source, &output)?;
    println!("{} is in {}", slice::NAME, output.display());
    Ok(ExitCode::SUCCESS)
}
