//! Where things lie.

use std::path::{Path, PathBuf};

/// The root of the project.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where built models and components are put.
pub fn output() -> PathBuf {
    root().join("target").join("minilm")
}

/// Where cargo builds for wasm: apart from the native build, whose lock a running `cargo xtask` may hold.
pub fn wasm_target() -> PathBuf {
    root().join("target").join("wasm")
}

/// The benchmarks.
pub fn bench() -> PathBuf {
    root().join("bench")
}

/// The crate behind the npm package, the package and its tests.
pub fn web() -> PathBuf {
    root().join("wasm").join("web")
}

/// The page and its tests.
pub fn www() -> PathBuf {
    root().join("www")
}

/// A folder of suites in other languages.
pub fn tests(name: &str) -> PathBuf {
    root().join("tests").join(name)
}

/// The data that lies beside the project, where it is there.
pub fn shared() -> Option<PathBuf> {
    let shared = root().join("../shared");
    shared.is_dir().then_some(shared)
}
