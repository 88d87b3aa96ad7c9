//! Running cargo for WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::paths;

/// The target of all components.
pub const TARGET: &str = "wasm32-wasip2";

/// The target of what asks nothing of its host: the benchmark module, so that any engine runs it, and the library component
/// that carries its model.
const BARE_TARGET: &str = "wasm32-unknown-unknown";

/// The target of candle's benchmark module: its dependencies ask the host for random numbers.
const CANDLE_TARGET: &str = "wasm32-wasip1";

/// Instructions that a build may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Plain WebAssembly.
    Scalar,
    /// 128-bit vectors.
    Simd128,
    /// Vectors with the relaxed 8-bit dot product: what wasmtime runs fastest.
    RelaxedSimd,
}

impl Backend {
    /// All of them, the specification first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Simd128, Self::RelaxedSimd];

    /// Name as the core prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Simd128 => "simd128",
            Self::RelaxedSimd => "relaxed-simd",
        }
    }

    fn rustflags(self) -> &'static str {
        match self {
            Self::Scalar => "-Ctarget-feature=-simd128",
            Self::Simd128 => "-Ctarget-feature=+simd128",
            Self::RelaxedSimd => "-Ctarget-feature=+simd128,+relaxed-simd",
        }
    }
}

/// A cargo command that builds for [`TARGET`] with the instructions of `backend`.
pub fn wasm(subcommand: &str, backend: Backend) -> Result<Command> {
    for_target(subcommand, TARGET, backend)
}

/// A cargo command that builds for `target` with the instructions of `backend`.
fn for_target(subcommand: &str, target: &str, backend: Backend) -> Result<Command> {
    install(target)?;
    let mut cargo = native(subcommand);
    cargo.args(["--target", target, "--target-dir"]).arg(folder(target, backend));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rustflags(backend));
    Ok(cargo)
}

/// Flags of the compiler, with a separator between them. What is built is the same on every machine, so no path of this one is in it.
fn rustflags(backend: Backend) -> String {
    let renamed = |(folder, name): (PathBuf, &str)| format!("\x1f--remap-path-prefix={}={name}", folder.display());
    backend.rustflags().to_owned() + &paths::renamed().into_iter().map(renamed).collect::<String>()
}

/// Where cargo builds. It locks a folder while it builds, and each folder has macros and build programs of its own: so there are
/// as many as should be built in at a time. Cargo tells apart the files of builds with other flags by their names.
fn folder(target: &str, backend: Backend) -> PathBuf {
    paths::wasm_target().join(match backend {
        Backend::RelaxedSimd if target == TARGET => "relaxed-simd",
        Backend::RelaxedSimd => "relaxed-simd-bare",
        Backend::Scalar | Backend::Simd128 => "others",
    })
}

/// Copies what a build left as `file` to where no other build writes: into the folder `name`.
fn keep(target: &str, backend: Backend, name: &str, file: &str) -> Result<PathBuf> {
    let built = folder(target, backend).join(target).join("release").join(file);
    let kept = paths::wasm_target().join("built").join(name);
    fs::create_dir_all(&kept)?;
    let kept = kept.join(file);
    fs::copy(&built, &kept).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(kept)
}

/// A cargo command in the root of the project, with the dependencies of the lock file.
pub fn native(subcommand: &str) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([subcommand, "--locked"]).current_dir(paths::root());
    cargo
}

/// Builds the command line component that reads packed files and makes them.
pub fn build_cli(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-cli-component", &["pack"], "minilm-cli-component.wasm")
}

/// Builds it without the converter: what a model is baked into, and what `minilm` runs.
pub fn cli_to_bake(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-cli-component", &[], "minilm-cli-component.wasm")
}

/// Builds the HTTP component that reads the packed file that MODEL_PATH names.
pub fn build_http(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-http", &[MODEL_PATH], "minilm_http.wasm")
}

/// Builds the HTTP component that a model is baked into, and that takes secrets from Spin's variables.
pub fn http_for_spin(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-http", &["spin"], "minilm_http.wasm")
}

/// Builds the HTTP component that has no model and asks for no files: what a model is baked into.
pub fn http_to_bake(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-http", &[], "minilm_http.wasm")
}

/// Where a build of the knowledge base keeps its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// Spin's SQLite, or a PostgreSQL that Spin reaches.
    Spin,
    /// An index file, on any host with files.
    Index,
}

impl Store {
    /// The feature of the package.
    pub fn feature(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Index => "index",
        }
    }
}

/// Builds the knowledge base, likewise.
pub fn build_kb(backend: Backend, store: Store) -> Result<PathBuf> {
    build_wasi(backend, "minilm-kb", &[store.feature(), MODEL_PATH], "minilm_kb.wasm")
}

/// Builds the knowledge base that a model is baked into.
pub fn kb_to_bake(backend: Backend, store: Store) -> Result<PathBuf> {
    build_wasi(backend, "minilm-kb", &[store.feature()], "minilm_kb.wasm")
}

/// Builds the component that serves the page.
pub fn build_www() -> Result<PathBuf> {
    build_wasi(Backend::RelaxedSimd, "minilm-www", &[], "minilm_www.wasm")
}

/// Builds the library component, likewise.
pub fn build_component(backend: Backend) -> Result<PathBuf> {
    build_wasi(backend, "minilm-component", &[MODEL_PATH], "minilm_component.wasm")
}

/// Builds the library component that a model is baked into. It then needs no files, and so it is built to import nothing.
pub fn component_to_bake(backend: Backend) -> Result<PathBuf> {
    let mut cargo = bare_component(backend, "minilm-component")?;
    cargo.arg("--no-default-features");
    build_bare(&mut cargo, backend, "minilm_component.wasm")
}

/// The feature of components that read the packed file that MODEL_PATH names, and so ask their host for files.
const MODEL_PATH: &str = "model-path";

/// Builds a component for hosts with WASI, with these features and no others.
fn build_wasi(backend: Backend, package: &str, features: &[&str], file: &str) -> Result<PathBuf> {
    let mut cargo = wasm("build", backend)?;
    cargo.args(["--quiet", "--release", "--package", package, "--no-default-features"]);
    run(cargo.args(["--features", &features.join(",")]))?;
    keep(TARGET, backend, backend.name(), file)
}

/// A cargo command that makes a component without WASI of `package`. The linker that comes with Rust for [`TARGET`] wraps any
/// module with the interface that wit-bindgen leaves in it.
pub fn bare_component(backend: Backend, package: &str) -> Result<Command> {
    let mut cargo = for_target("build", BARE_TARGET, backend)?;
    cargo.args(["--quiet", "--release", "--package", package]);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-component-ld");
    Ok(cargo)
}

/// Runs a build for the bare target and gives its `file`.
pub fn build_bare(cargo: &mut Command, backend: Backend, file: &str) -> Result<PathBuf> {
    run(cargo)?;
    keep(BARE_TARGET, backend, &format!("{}-bare", backend.name()), file)
}

/// Builds the core as the module that benchmarks time.
pub fn build_bench(backend: Backend) -> Result<PathBuf> {
    bench_module(backend, &format!("{}-bare", backend.name()), &[], "symbols")
}

/// Builds the same module as the npm package is built.
pub fn build_bench_for_javascript() -> Result<PathBuf> {
    bench_module(Backend::RelaxedSimd, "relaxed-simd-js", &["--features", "fused-madd"], "symbols")
}

/// Builds the same module with the names of its functions, for the test that reads their machine code.
pub fn build_kernels(backend: Backend) -> Result<PathBuf> {
    bench_module(backend, &format!("{}-named", backend.name()), &[], "debuginfo")
}

fn bench_module(backend: Backend, name: &str, args: &[&str], strip: &str) -> Result<PathBuf> {
    let mut cargo = for_target("build", BARE_TARGET, backend)?;
    cargo.env("CARGO_PROFILE_RELEASE_STRIP", strip);
    run(cargo.args(["--quiet", "--release", "--package", "minilm-bench"]).args(args))?;
    keep(BARE_TARGET, backend, name, "minilm_bench.wasm")
}

/// Builds `package`, the core or the converter for JavaScript, without its bindings.
pub fn build_web(backend: Backend, package: &str) -> Result<PathBuf> {
    let mut cargo = for_target("build", BARE_TARGET, backend)?;
    // wasm-bindgen reads the features of the module out of a section that stripping drops; it drops the names itself.
    cargo.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    build_bare(
        cargo.args(["--quiet", "--release", "--package", package]),
        backend,
        &format!("{}.wasm", package.replace('-', "_")),
    )
}

/// Builds candle's BERT behind the same interface. It knows no relaxed instructions.
pub fn build_candle() -> Result<PathBuf> {
    let mut cargo = for_target("build", CANDLE_TARGET, Backend::Simd128)?;
    cargo.args(["--quiet", "--release", "--manifest-path"]).arg(paths::bench().join("candle/Cargo.toml"));
    run(&mut cargo)?;
    keep(CANDLE_TARGET, Backend::Simd128, "candle", "candle_bench.wasm")
}

/// Runs a command and fails where it does.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?} failed: {status}", command.get_program());
    }
    Ok(())
}

/// Installs the standard library of `target`, where it is not there yet.
fn install(target: &str) -> Result<()> {
    // rustup cannot run twice at once, and builds run side by side.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let rustc = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(paths::root())
        .output();
    let libdir = rustc.context("cannot start rustc")?.stdout;
    if Path::new(String::from_utf8_lossy(&libdir).trim()).is_dir() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    run(rustup.args(["target", "add", target]).current_dir(paths::root()))
        .with_context(|| format!("the target {target} is not installed, and rustup cannot install it"))
}
