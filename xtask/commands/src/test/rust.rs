//! Every crate, compiled for this machine. Tests that need the data beside the project count as skipped where it is not there.

use anyhow::Result;

use super::counts::Counts;
use super::{TestEnv, run_cargo};
use crate::{paths, program};

/// The crates that have nothing of wasmtime in them.
const CRATES: [&str; 18] = [
    "minilm",
    "minilm-cli-component",
    "minilm-component",
    "minilm-convert",
    "minilm-documents",
    "minilm-eval",
    "minilm-http",
    "minilm-hub",
    "minilm-kb",
    "minilm-model-source",
    "minilm-reference",
    "minilm-serving",
    "minilm-site",
    "minilm-sync",
    "minilm-web",
    "minilm-www",
    "xtask",
    "xtask-commands",
];

/// Runs the tests. Commands of one profile select the same packages: cargo chooses features by that, and compiles what differs anew.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let native = |title: &str, args: &[&str], ignored: bool, counts: &mut Counts| {
        let mut command = program::native("test");
        command.arg("--no-fail-fast").args(CRATES.map(|package| ["--package", package]).as_flattened()).args(args);
        run_cargo(title, &mut command, ignored, env, counts)
    };
    native("crates", &["--lib", "--bins", "--test", "[!s]*"], true, counts)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("crates, data beside the project", &["--test", "shared_*"], shared, counts)?;
    let mut host = program::cargo("test");
    host.args(["--no-fail-fast", "--package", "minilm-bake", "--lib", "--bins"]);
    run_cargo("host and program", &mut host, true, env, counts)?;
    native("documentation", &["--doc"], false, counts)
}
