//! A client of the old Flask service against `minilm kb`: the suite in `tests/kb`, run by pytest. And the PostgreSQL of all tests.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::counts::{self, Counts};
use super::python_suite::{PythonSuite, new_database};
use super::{TestEnv, run};
use crate::program::Server;
use crate::{model, paths, python, tool_cache};

/// A PostgreSQL with pgvector in a folder of its own, which ends with this value.
pub struct Postgres {
    child: Child,
    /// The address of its first database.
    pub address: String,
}

impl Postgres {
    /// Starts it; where that cannot be, says that its tests are skipped and why.
    pub fn start_or_say() -> Option<Self> {
        let started = Self::start();
        started
            .inspect_err(|error| println!("there is no PostgreSQL: the tests that need it are skipped ({error:#})"))
            .ok()
    }

    fn start() -> Result<Self> {
        let requirements = paths::tests("kb").join("requirements-postgres.txt");
        let folder = tool_cache::folder("test")?.join("postgres");
        let python = python::environment(&folder, &requirements, "PostgreSQL with pgvector")?;
        let mut command = Command::new(python);
        command.arg(paths::tests("kb").join("postgres.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start Python")?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut address)?;
        ensure!(address.starts_with("host="), "it ended: {}", child.wait()?);
        Ok(Self { child, address: address.trim_end().to_owned() })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It ends when nobody can write to it any more, and removes its folder.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Installs the client.
pub fn prepare() -> Result<PythonSuite> {
    PythonSuite::prepare(paths::tests("kb"), "kb", "a client of the knowledge base")
}

/// Runs the suite over each store.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let suite = prepare()?;
    let file = new_database("kb-tests.db")?;
    let mut stores = vec![("SQLite", vec!["--sqlite", &file])];
    if let Some(postgres) = &env.postgres {
        stores.push(("PostgreSQL", vec!["--postgres", &postgres.address]));
    }
    for (name, store) in stores {
        let server = Server::start(&[&["kb", "--model", model::L6, "--env", "LOG=off"], &store[..]].concat())?;
        let mut pytest = suite.command();
        pytest.env("MINILM_KB_URL", &server.url);
        run(&format!("a client of the Flask service, {name}"), &mut pytest, counts::of_pytest, counts)?;
    }
    Ok(())
}
