//! `minilm-sync` between a server that speaks MongoDB's protocol and `cargo xtask kb`: the suite in `tests/sync`, run by pytest.

use std::process::Command;

use anyhow::{Context, Result};

use super::counts::{self, Counts};
use super::run;
use crate::commands::child::Server;
use crate::commands::slice;
use crate::{cargo, installed, paths, python};

/// Runs the suite.
pub fn test(counts: &mut Counts) -> Result<()> {
    let requirements = paths::sync_tests().join("requirements.txt");
    let folder = installed::folder("test")?.join("sync");
    let python = match python::environment(&folder, &requirements, "a server that speaks MongoDB's protocol") {
        Ok(python) => python,
        Err(error) => {
            println!("there is nothing that speaks MongoDB's protocol: the tests that need it are skipped ({error:#})");
            return Ok(());
        }
    };
    cargo::run(cargo::native("build").args(["--quiet", "--package", "minilm-sync"]))?;
    let file = paths::output().join("sync-tests.db");
    for name in ["sync-tests.db", "sync-tests.db-wal", "sync-tests.db-shm"] {
        // Left by an earlier run, or not there.
        let _ = std::fs::remove_file(paths::output().join(name));
    }
    let file = file.to_str().context("the path of the project is not UTF-8")?;
    let server = Server::start(&["kb", "--model", slice::SOURCE, "--env", "LOG=off", "--sqlite", file])?;
    let program = format!("minilm-sync{}", std::env::consts::EXE_SUFFIX);
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest"]).arg(paths::sync_tests()).current_dir(paths::root());
    pytest.env("MINILM_KB_URL", &server.url).env("PYTHONDONTWRITEBYTECODE", "1");
    // Beside this very program, as cargo has built both.
    pytest.env("MINILM_SYNC", std::env::current_exe()?.with_file_name(program));
    // Whatever the machine sets for the world outside is not for a server on the loopback interface.
    pytest.env("NO_PROXY", "127.0.0.1");
    run("MongoDB to the knowledge base", &mut pytest, counts::of_pytest, counts)
}
