//! `test`: every test there is, and one line that counts them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use minilm::Precision;

use super::slice;
use crate::cargo::{self, Backend};
use crate::model::{self, Request};
use crate::{packed, paths};

/// Passed, failed and skipped tests.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// `cargo xtask test`. Tests that need the data beside the project count as skipped where it is not there.
pub fn test() -> Result<ExitCode> {
    let models = prepare_models()?;
    let mut counts = Counts::default();
    let mut native = |title: &str, args: &[&str], ignored: bool| {
        let mut command = cargo::native("test");
        command.args(["--no-fail-fast", "--features", "minilm/reference"]).args(args);
        command.env("MINILM_TEST_MODELS", &models);
        run(title, &mut command, ignored, &mut counts)
    };
    native("native, with the models", &["--package", "minilm", "--lib", "--test", "[!s]*"], true)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("native, data beside the project", &["--package", "minilm", "--test", "shared_*"], shared)?;
    native("documentation", &["--package", "minilm", "--doc"], false)?;
    let tools = ["--package", "xtask", "--package", "minilm-cli", "--package", "minilm-component"];
    native("tools and components", &tools, true)?;
    for backend in Backend::ALL {
        on_wasm(backend, &models, &mut counts)?;
    }
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The core's own tests under wasmtime; the golden vectors too where the backend is fast enough for them.
fn on_wasm(backend: Backend, models: &Path, counts: &mut Counts) -> Result<()> {
    let mut command = cargo::wasm("test", backend)?;
    command.args(["--no-fail-fast", "--package", "minilm", "--lib"]);
    if backend != Backend::Scalar {
        command.args(["--test", "golden", "--test", "batch_invariance"]);
    }
    let runner = format!("{} wasmtime", std::env::current_exe()?.display());
    // Cargo runs tests in the root of their package, and that folder is all that the component sees.
    let visible = models.strip_prefix(paths::root())?;
    command.env("CARGO_TARGET_WASM32_WASIP2_RUNNER", runner).env("MINILM_TEST_MODELS", visible);
    run(&format!("wasmtime, {}", backend.name()), &mut command, true, counts)
}

/// Fetches and packs what the tests need, into one folder.
fn prepare_models() -> Result<PathBuf> {
    let output = paths::output().join("test-models");
    let source = model::resolve(&Request::Named(slice::SOURCE.to_owned()))?;
    let slice = slice::prepared(&source, &output)?;
    for model in [&source, &slice] {
        for precision in [Precision::F32, Precision::Int8] {
            let file = packed::packed(model, precision)?;
            fs::copy(&file, output.join(packed::file_name(model, precision)))?;
        }
    }
    let copy = output.join(slice::SOURCE);
    if !copy.join("model.safetensors").exists() {
        copy_dir(&source.path, &copy)?;
    }
    Ok(output)
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs a test command, passes its output on, and adds up the result lines of the test harness.
fn run(title: &str, command: &mut Command, ignored: bool, counts: &mut Counts) -> Result<()> {
    println!("\n== {title}");
    command.arg("--");
    if ignored {
        command.arg("--include-ignored");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let mut failed = 0;
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result: ") {
            let count = |what: &str| count_before(result, what);
            counts.passed += count("passed");
            failed += count("failed");
            counts.skipped += count("ignored");
        }
    }
    // A build that fails, or a test program that dies, prints no result line.
    let died = !child.wait()?.success() && failed == 0;
    counts.failed += failed + usize::from(died);
    Ok(())
}

/// The number before `what` in `ok. 3 passed; 0 failed; 1 ignored; …`.
fn count_before(result: &str, what: &str) -> usize {
    let words: Vec<&str> = result.split([' ', ';']).collect();
    let at = words.iter().position(|&word| word == what).unwrap_or(0);
    at.checked_sub(1).and_then(|before| words[before].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count_before;

    #[test]
    fn result_lines_are_counted() {
        let line = "ok. 12 passed; 3 failed; 4 ignored; 0 measured; 7 filtered out; finished in 0.01s";
        assert_eq!(["passed", "failed", "ignored"].map(|what| count_before(line, what)), [12, 3, 4]);
        assert_eq!(count_before("nothing of the kind", "passed"), 0);
    }
}
