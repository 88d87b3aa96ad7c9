//! Every crate, compiled for this machine. Tests that need the data beside the project count as skipped where it is not there.

use anyhow::Result;

use super::counts::Counts;
use super::{TestEnv, run_cargo};
use crate::{cargo, paths};

/// The crates beside the core.
const CRATES: [&str; 14] = [
    "minilm-bake",
    "minilm-cli",
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
    let mut native = |title: &str, args: &[&str], ignored: bool| {
        let mut command = cargo::native("test");
        command.arg("--no-fail-fast").args(args);
        run_cargo(title, &mut command, ignored, env, counts)
    };
    let core = ["--package", "minilm", "--package", "minilm-convert", "--package", "minilm-reference"];
    native("core", &[&core[..], &["--lib", "--test", "[!s]*"]].concat(), true)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("core, data beside the project", &[&core[..], &["--test", "shared_*"]].concat(), shared)?;
    let crates = CRATES.map(|package| ["--package", package]);
    let mut args = vec!["--package", "minilm-host", "--lib", "--bins"];
    args.extend(crates.as_flattened());
    native("crates", &args, true)?;
    let documented = ["minilm", "minilm-convert", "minilm-documents", "minilm-hub", "minilm-host"].map(|package| ["--package", package]);
    native("documentation", &[documented.as_flattened(), &["--doc"]].concat(), false)
}
