//! Suites of tests in Python, run by pytest.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, python, tool_cache};

/// A suite with what it needs installed.
pub struct PythonSuite {
    tests: PathBuf,
    python: PathBuf,
}

impl PythonSuite {
    /// Installs what `requirements.txt` in the folder `tests` lists, into the cache folder `name`; `what` says what that is.
    pub fn prepare(tests: PathBuf, name: &str, what: &str) -> Result<Self> {
        let folder = tool_cache::folder("test")?.join(name);
        let python = python::environment(&folder, &tests.join("requirements.txt"), what)?;
        Ok(Self { tests, python })
    }

    /// pytest over the suite.
    pub fn command(&self) -> Command {
        let mut pytest = Command::new(&self.python);
        pytest.args(["-m", "pytest"]).arg(&self.tests).current_dir(paths::root());
        pytest.env("PYTHONDONTWRITEBYTECODE", "1");
        // Whatever the machine sets for the world outside is not for a server on the loopback interface.
        pytest.env("NO_PROXY", "127.0.0.1");
        pytest
    }
}

/// The path of an SQLite database in the target folder, which is not there yet.
pub fn new_database(name: &str) -> Result<String> {
    for suffix in ["", "-wal", "-shm"] {
        // Left by an earlier run, or not there.
        let _ = fs::remove_file(paths::output().join(format!("{name}{suffix}")));
    }
    let path = paths::output().join(name);
    Ok(path.to_str().context("the path of the project is not UTF-8")?.to_owned())
}
