//! `bench`: prepares what is timed, ours and the peers, and hands over to `bench/run.py`, which times and reports.

pub mod browsers;
pub mod http;
pub mod kb;
mod peers;
mod wasmtime_cli;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use minilm::Precision;
use serde_json::{Value, json};

use crate::cargo::{self, Backend};
use crate::model::{self, ModelDir};
use crate::{paths, program};

/// `cargo xtask bench ARGS`: `args` are those of `bench/run.py`.
pub fn bench(args: &[String]) -> Result<ExitCode> {
    let output = paths::output().join("bench");
    fs::create_dir_all(&output)?;
    let models = models(&output)?;
    println!("building the modules; candle's takes minutes the first time");
    let modules = json!({
        "relaxed-simd": cargo::build_bench(Backend::RelaxedSimd)?,
        "relaxed-simd-js": cargo::build_bench_for_javascript()?,
        "simd128": cargo::build_bench(Backend::Simd128)?,
        "candle": cargo::build_candle()?,
    });
    let python = peers::python()?;
    let setup = json!({
        "root": paths::root(),
        "output": output,
        "host": [program::host()?, "bench"],
        "modules": modules,
        "models": models,
        "node_modules": peers::node_modules()?,
        "chromium": browsers::find("chromium", &["chromium", "chromium-browser", "google-chrome"]),
        "firefox": browsers::find("firefox-esr", &["firefox", "firefox-esr"]),
        "sentences": paths::shared().map(|shared| shared.join("data/sts-benchmark-dev.tsv")),
    });
    hand_over(&python, "run.py", &output.join("setup.json"), &setup, args)
}

/// Writes `setup` into `file` and runs the program `script` of `bench/` with it and with the arguments of the user.
fn hand_over(python: &Path, script: &str, file: &Path, setup: &Value, args: &[String]) -> Result<ExitCode> {
    fs::write(file, serde_json::to_vec_pretty(setup)?)?;
    let mut run = Command::new(python);
    run.arg(paths::bench().join(script)).arg(file).args(args).current_dir(paths::root());
    let status = run.status().context("cannot start Python")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The two models, as directories and packed.
fn models(output: &Path) -> Result<Value> {
    let mut models = Vec::new();
    for model in [model::L3, model::L6] {
        let model = &model::named(model)?;
        let int8 = pack(model, Precision::Int8)?;
        let f32 = pack(model, Precision::F32)?;
        let candle = output.join(format!("{}.candle", model.name));
        peers::write_candle(&model.path, &candle)?;
        models.push(json!({ "name": model.name, "dir": model.path, "int8": int8, "f32": f32, "candle": candle }));
    }
    Ok(models.into())
}

fn pack(model: &ModelDir, precision: Precision) -> Result<PathBuf> {
    model::packed(model, precision).with_context(|| format!("cannot pack {}", model.name))
}
