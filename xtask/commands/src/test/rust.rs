//! Every crate, compiled for this machine. Tests that need the data beside the project count as skipped where it is not there.

use anyhow::{Context, Result};
use serde_json::Value;

use super::counts::Counts;
use super::{TestEnv, run_cargo};
use crate::{cargo, paths, program};

/// Integration tests that have a part of their own.
const COMPONENTS: &str = "components";

/// How the names of integration tests begin that need the data beside the project.
const SHARED: &str = "shared_";

/// Runs the tests.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let native = |title: &str, args: &[&str], tests: &[String], ignored: bool, counts: &mut Counts| {
        let mut command = program::native("test");
        command.arg("--no-fail-fast").args(args).args(tests.iter().flat_map(|name| ["--test", name]));
        run_cargo(title, &mut command, ignored, env, counts)
    };
    let others = integration_tests()?.into_iter().filter(|name| name != COMPONENTS);
    let (beside, inside): (Vec<_>, Vec<_>) = others.partition(|name| name.starts_with(SHARED));
    native("crates", &["--lib", "--bins"], &inside, true, counts)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("crates, data beside the project", &[], &beside, shared, counts)?;
    native("documentation", &["--doc"], &[], false, counts)
}

/// The names of all integration tests.
fn integration_tests() -> Result<Vec<String>> {
    let output = cargo::native("metadata").args(["--no-deps", "--format-version", "1"]).output()?.stdout;
    let metadata: Value = serde_json::from_slice(&output).context("cargo metadata gave no JSON")?;
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let targets = listed(&metadata["packages"]).into_iter().flat_map(|package| listed(&package["targets"]));
    let tests = targets.filter(|target| listed(&target["kind"]).contains(&"test".into()));
    let mut names: Vec<_> = tests.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    names.sort();
    // Two packages may have a test of one name, and cargo runs both.
    names.dedup();
    Ok(names)
}
