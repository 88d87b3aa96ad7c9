//! `bench-http`: prepares the HTTP component, the hosts that serve it and the service that it replaces, and hands over to
//! `bench/http/run.py`, which times and reports.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use minilm::Precision;
use serde_json::json;

use super::{hand_over, pack, peers, wasmtime_cli};
use crate::cargo::{self, Backend};
use crate::model;
use crate::{baked, debian, paths, program};

/// `cargo xtask bench-http ARGS`: `args` are those of `bench/http/run.py`.
pub fn bench(args: &[String]) -> Result<ExitCode> {
    ensure!(cfg!(target_os = "linux"), "memory is read from /proc, so this needs Linux");
    let output = paths::output().join("bench");
    fs::create_dir_all(&output)?;
    let model = model::named(model::L6)?;
    let int8 = pack(&model, Precision::Int8)?;
    println!("building the component");
    let component = baked::http(Backend::RelaxedSimd, Some(&int8))?;
    let wasmtime = wasmtime_cli::installed()?;
    let precompiled = output.join("minilm-http.cwasm");
    wasmtime_cli::compile(&wasmtime, &component, &precompiled)?;
    let python = peers::python()?;
    peers::flask(&python)?;
    let setup = json!({
        "root": paths::root(),
        "output": output,
        "host": [program::host()?, "bench"],
        "module": cargo::build_bench(Backend::RelaxedSimd)?,
        "model": { "name": model.name, "dir": model.path, "int8": int8 },
        "component": component,
        "precompiled": precompiled,
        "wasmtime": wasmtime,
        "serve": [program::minilm()?, "serve", "--component", component],
        "wrk": wrk()?,
    });
    hand_over(&python, "http/run.py", &output.join("setup-http.json"), &setup, args)
}

/// The load generator.
fn wrk() -> Result<PathBuf> {
    if debian::which(&["wrk"]).is_none() {
        debian::install("wrk");
    }
    debian::which(&["wrk"]).context("needs wrk (apt-get install wrk)")
}
