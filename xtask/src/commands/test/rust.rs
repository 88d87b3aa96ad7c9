//! Every crate, compiled for this machine. Tests that need the data beside the project count as skipped where it is not there.

use anyhow::Result;

use super::counts::Counts;
use super::{TestEnv, run_cargo};
use crate::{cargo, paths, program};

/// The crates beside the core.
const CRATES: [&str; 13] = [
    "minilm-bake",
    "minilm-cli-component",
    "minilm-component",
    "minilm-documents",
    "minilm-http",
    "minilm-hub",
    "minilm-kb",
    "minilm-model-source",
    "minilm-serving",
    "minilm-sync",
    "minilm-web",
    "minilm-www",
    "xtask",
];

/// Runs the tests.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let native = |title: &str, args: &[&str], ignored: bool, counts: &mut Counts| {
        let mut command = cargo::native("test");
        command.arg("--no-fail-fast").args(args);
        run_cargo(title, &mut command, ignored, env, counts)
    };
    let core = ["--package", "minilm", "--package", "minilm-convert", "--package", "minilm-reference"];
    native("core", &[&core[..], &["--lib", "--test", "[!s]*"]].concat(), true, counts)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("core, data beside the project", &[&core[..], &["--test", "shared_*"]].concat(), shared, counts)?;
    let crates = CRATES.map(|package| ["--package", package]);
    native("crates", crates.as_flattened(), true, counts)?;
    // In the profile that has wasmtime.
    let mut host = cargo::native("test");
    host.args(["--no-fail-fast", "--profile", program::PROFILE, "--lib", "--bins"]);
    host.args(["--package", "minilm-cli", "--package", "minilm-host"]);
    run_cargo("host and program", &mut host, true, env, counts)?;
    let documented =
        ["minilm", "minilm-convert", "minilm-documents", "minilm-hub"].map(|package| ["--package", package]);
    native("documentation", &[documented.as_flattened(), &["--doc"]].concat(), false, counts)
}
