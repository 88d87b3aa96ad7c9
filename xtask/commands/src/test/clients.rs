//! Clients of others against `minilm serve`: the suites in `tests/http`, run by pytest and by Node.

use anyhow::Result;

use super::counts::{self, Counts};
use super::node_suites::NodeSuites;
use super::python_suite::PythonSuite;
use super::{TestEnv, run};
use crate::program::Server;
use crate::{model, paths};

/// The key of the servers, so that every client shows that it sends one.
const KEY: &str = "key-of-the-tests";

/// Installs the clients.
pub fn prepare() -> Result<(PythonSuite, NodeSuites)> {
    let python = PythonSuite::prepare(paths::tests("http"), "python", "clients of HTTP APIs")?;
    Ok((python, NodeSuites::prepare(&paths::tests("http/js"), "client-tests")?))
}

/// A server that pages of any origin may ask.
fn server(setting: &str) -> Result<Server> {
    let key = format!("API_KEY={KEY}");
    let settings = [&key, setting, "CORS_ALLOW_ORIGIN=*", "LOG=off"];
    Server::start(&[&["serve", "--model", model::L3], &*settings.map(|setting| ["--env", setting]).concat()].concat())
}

/// Runs the suites.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let (python, node) = prepare()?;
    // In one suite many requests are as large as they may be, so they may not be large.
    let (small, defaults) = (server("MAX_CLIENT_BATCH_SIZE=40")?, server("MAX_CLIENT_BATCH_SIZE=")?);
    let run = |title, suite: &mut std::process::Command, read, counts: &mut Counts| {
        suite.env("MINILM_URL", &small.url).env("MINILM_DEFAULTS_URL", &defaults.url).env("MINILM_API_KEY", KEY);
        run(title, suite.env("MINILM_TEST_MODELS", &env.models).env_remove("HF_HUB_OFFLINE"), read, counts)
    };
    run("clients in Python", &mut python.command(), counts::of_pytest, counts)?;
    run("clients in JavaScript", &mut node.command(None, &[paths::tests("http/js")])?, counts::of_node, counts)
}
