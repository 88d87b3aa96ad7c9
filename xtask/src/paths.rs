//! Where things lie.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Names another checkout than the one that xtask was built from.
pub const ROOT: &str = "MINILM_ROOT";

/// The root of the project.
pub fn root() -> &'static Path {
    static NAMED: OnceLock<Option<PathBuf>> = OnceLock::new();
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = NAMED.get_or_init(|| std::env::var_os(ROOT).map(PathBuf::from));
    named.as_deref().unwrap_or(xtask.parent().unwrap_or(xtask))
}

/// Where cargo keeps what it downloads.
pub fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// Folders with sources, and what they are called in what is built. The compiler takes the last one that a path is in.
pub fn renamed() -> Vec<(PathBuf, &'static str)> {
    let home = cargo_home();
    // Each registry has a folder, whose name depends on how it is reached.
    let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let registries = registries.map(|registry| (registry.path(), "/crates"));
    [(root().to_owned(), "/minilm"), (home.clone(), "/cargo")].into_iter().chain(registries).collect()
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
