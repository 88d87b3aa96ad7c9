//! Clients of others against `minilm serve`: the suite in `tests/http`, run by pytest.

use anyhow::Result;

use super::counts::{self, Counts};
use super::python_suite::PythonSuite;
use super::{TestEnv, run};
use crate::program::Server;
use crate::{model, paths};

/// The key of the server, so that every client shows that it sends one.
const KEY: &str = "key-of-the-tests";

/// Batches are as large as they may be in many requests of the suite, so they may not be large.
const SETTINGS: [&str; 2] = ["LOG=off", "MAX_CLIENT_BATCH_SIZE=40"];

/// Installs the clients.
pub fn prepare() -> Result<PythonSuite> {
    let clients = "the clients of OpenAI, Hugging Face, LangChain and Ollama";
    PythonSuite::prepare(paths::client_tests(), "python", clients)
}

/// Runs the suite.
pub fn test(env: &TestEnv, counts: &mut Counts) -> Result<()> {
    let suite = prepare()?;
    let key = format!("API_KEY={KEY}");
    let mut args = vec!["serve", "--model", model::L3];
    args.extend(SETTINGS.iter().chain([&key.as_str()]).flat_map(|setting| ["--env", setting]));
    let server = Server::start(&args)?;
    let mut pytest = suite.command();
    pytest.env("MINILM_URL", &server.url).env("MINILM_API_KEY", KEY);
    pytest.env("MINILM_TEST_MODELS", &env.models).env_remove("HF_HUB_OFFLINE");
    run("clients in Python", &mut pytest, counts::of_pytest, counts)
}
