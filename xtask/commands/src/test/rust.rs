//! Every crate, compiled for this machine. Tests that need the data beside the project count as skipped where it is not there.

use anyhow::Result;

use super::counts::Counts;
use super::{TestEnv, run_cargo};
use crate::{paths, program};

/// Every test but the two kinds whose names begin with these letters: `components`, which has a part of its own, and `shared_*`.
const INTEGRATION_TESTS: &str = "[!cs]*";

/// Runs the tests.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let native = |title: &str, args: &[&str], ignored: bool, counts: &mut Counts| {
        let mut command = program::native("test");
        command.arg("--no-fail-fast").args(args);
        run_cargo(title, &mut command, ignored, env, counts)
    };
    native("crates", &["--lib", "--bins", "--test", INTEGRATION_TESTS], true, counts)?;
    let shared = paths::shared().is_some();
    if !shared {
        println!("there is no ../shared beside the project: the tests that need it are skipped");
    }
    native("crates, data beside the project", &["--test", "shared_*"], shared, counts)?;
    native("documentation", &["--doc"], false, counts)
}
