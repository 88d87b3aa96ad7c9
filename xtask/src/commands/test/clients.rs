//! Clients of others against `cargo xtask serve`: the suite in `tests/http`, run by pytest.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::counts::{self, Counts};
use super::run;
use crate::commands::child::Server;
use crate::commands::slice;
use crate::{installed, paths, python};

/// The key of the server, so that every client shows that it sends one.
const KEY: &str = "key-of-the-tests";

/// Batches are as large as they may be in many requests of the suite, so they may not be large.
const SETTINGS: [&str; 2] = ["LOG=off", "MAX_CLIENT_BATCH_SIZE=40"];

/// Runs the suite, `models` being the folder of the models under test.
pub fn test(models: &Path, counts: &mut Counts) -> Result<()> {
    let requirements = paths::client_tests().join("requirements.txt");
    let folder = installed::folder("test")?.join("python");
    let python =
        python::environment(&folder, &requirements, "the clients of OpenAI, Hugging Face, LangChain and Ollama")?;
    let key = format!("API_KEY={KEY}");
    let mut args = vec!["serve", "--model", slice::SOURCE];
    args.extend(SETTINGS.iter().chain([&key.as_str()]).flat_map(|setting| ["--env", setting]));
    let server = Server::start(&args)?;
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest"]).arg(paths::client_tests()).current_dir(paths::root());
    pytest.env("MINILM_URL", &server.url).env("MINILM_API_KEY", KEY).env("MINILM_TEST_MODELS", models);
    // Whatever the machine sets for the world outside is not for a server on the loopback interface.
    pytest.env("NO_PROXY", "127.0.0.1").env_remove("HF_HUB_OFFLINE");
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    run("clients in Python", &mut pytest, counts::of_pytest, counts)
}
