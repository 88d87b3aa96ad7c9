//! `minilm-sync` between a server that speaks MongoDB's protocol and `minilm kb`: the suite in `tests/sync`, run by pytest.

use anyhow::Result;

use super::counts::{self, Counts};
use super::python_suite::{PythonSuite, new_database};
use super::{TestEnv, run};
use crate::program::{self, Server};
use crate::{model, paths};

/// Installs the server and its client.
pub fn prepare() -> Result<PythonSuite> {
    PythonSuite::prepare(paths::tests("sync"), "sync", "a server that speaks MongoDB's protocol")
}

/// Runs the suite.
pub fn test(_: &TestEnv, counts: &mut Counts) -> Result<()> {
    let suite = prepare()?;
    let file = new_database("sync-tests.db")?;
    let server = Server::start(&["kb", "--model", model::L6, "--env", "LOG=off", "--sqlite", &file])?;
    let mut pytest = suite.command();
    pytest.env("MINILM_KB_URL", &server.url);
    pytest.env("MINILM_SYNC", program::build("minilm-sync")?);
    run("MongoDB to the knowledge base", &mut pytest, counts::of_pytest, counts)
}
