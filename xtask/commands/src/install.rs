//! `install`: `minilm` for the user.

use std::process::ExitCode;

use anyhow::Result;

use crate::{cargo, program, www};

/// Puts `minilm` into cargo's folder of programs, with all components and the page in it.
pub fn install() -> Result<ExitCode> {
    let components = program::components(&program::ALL)?;
    let page = www::page()?;
    let mut install = cargo::native("install");
    install.args(["--path", "crates/minilm-cli", "--profile", program::PROFILE]);
    cargo::run(install.env("MINILM_COMPONENTS", components).env("MINILM_PAGE", page))?;
    Ok(ExitCode::SUCCESS)
}
