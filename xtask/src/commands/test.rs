//! `test`: every test there is, and one line that counts them.

mod clients;
mod counts;
mod kb;
mod node_suites;
mod python_suite;
mod sync;
mod web;
mod www;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use minilm::Precision;

use counts::Counts;

use super::slice;
use crate::cargo::{self, Backend};
use crate::model::{self, Request};
use crate::{folders, packed, paths};

/// What can be tested by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is written in Rust.
    Rust,
    /// The npm package.
    Package,
    /// The page.
    Page,
    /// Clients of the HTTP component and of the knowledge base, and minilm-sync.
    Clients,
}

/// What suites run with.
struct Surroundings {
    /// The folder of the models.
    models: PathBuf,
    /// A PostgreSQL, where there can be one.
    postgres: Option<kb::Postgres>,
}

/// Runs the tests of a part.
type Suite = fn(&Surroundings, &mut Counts) -> Result<()>;

/// `cargo xtask test`: everything, or only one part.
pub fn test(only: Option<Part>) -> Result<ExitCode> {
    let mut counts = Counts::default();
    let wanted = |part| only.is_none_or(|only| only == part);
    let postgres = if wanted(Part::Rust) || wanted(Part::Clients) { kb::Postgres::start_or_say() } else { None };
    if wanted(Part::Rust) && postgres.is_none() {
        counts.skipped += 1;
    }
    let surroundings = Surroundings { models: prepare_models()?, postgres };
    if wanted(Part::Rust) {
        rust(&surroundings, &mut counts)?;
    }
    let suites: [(Part, &str, Suite); 5] = [
        (Part::Package, "the npm package was", web::test),
        (Part::Page, "the page was", www::test),
        (Part::Clients, "the clients were", clients::test),
        (Part::Clients, "the client of the knowledge base was", kb::test),
        (Part::Clients, "minilm-sync was", sync::test),
    ];
    for (part, what, test) in suites {
        if wanted(part)
            && let Err(error) = test(&surroundings, &mut counts)
        {
            println!("{what} not tested: {error:#}");
            counts.failed += 1;
        }
    }
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is written in Rust. Tests that need the data beside the project count as skipped where it is not there.
fn rust(surroundings: &Surroundings, counts: &mut Counts) -> Result<()> {
    let mut native = |title: &str, args: &[&str], ignored: bool| {
        let mut command = cargo::native("test");
        command.args(["--no-fail-fast", "--features", "minilm/reference"]).args(args);
        command.env("MINILM_TEST_MODELS", &surroundings.models);
        if let Some(postgres) = &surroundings.postgres {
            command.env("MINILM_TEST_POSTGRES", &postgres.address);
        }
        run_cargo(title, &mut command, ignored, counts)
    };
    native("native, with the models", &["--package", "minilm", "--lib", "--test", "[!s]*"], true)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("native, data beside the project", &["--package", "minilm", "--test", "shared_*"], shared)?;
    native("documentation", &["--package", "minilm", "--package", "minilm-documents", "--doc"], false)?;
    native("documents and index files", &["--package", "minilm-documents", "--lib"], true)?;
    let tools = [
        "xtask",
        "minilm-cli",
        "minilm-component",
        "minilm-http",
        "minilm-kb",
        "minilm-serving",
        "minilm-sync",
        "minilm-web",
        "minilm-www",
    ];
    let tools = tools.map(|package| ["--package", package]);
    native("tools and components", tools.as_flattened(), true)?;
    for backend in Backend::ALL {
        on_wasm(backend, &surroundings.models, counts)?;
    }
    Ok(())
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
    run_cargo(&format!("wasmtime, {}", backend.name()), &mut command, true, counts)
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
        folders::copy(&source.path, &copy, &|_| true)?;
    }
    Ok(output)
}

/// Runs tests of cargo.
fn run_cargo(title: &str, command: &mut Command, ignored: bool, counts: &mut Counts) -> Result<()> {
    command.arg("--");
    if ignored {
        command.arg("--include-ignored");
    }
    run(title, command, counts::of_cargo, counts)
}

/// Runs a test command, passes its output on, and adds up the result lines that `read` finds in it.
fn run(title: &str, command: &mut Command, read: fn(&str) -> Option<Counts>, counts: &mut Counts) -> Result<()> {
    println!("\n== {title}");
    let program = command.get_program().to_owned();
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {program:?}"))?;
    let mut found = Counts::default();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        println!("{line}");
        if let Some(result) = read(&line) {
            found += result;
        }
    }
    // A build that fails, or a test program that dies, prints no result line.
    let died = !child.wait()?.success() && found.failed == 0;
    *counts += found;
    counts.failed += usize::from(died);
    Ok(())
}
