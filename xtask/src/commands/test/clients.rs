//! Clients of others against `cargo xtask serve`: the suite in `tests/http`, run by pytest.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::counts::{self, Counts};
use super::run;
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

/// `cargo xtask serve`, or `kb`, on a free port, in a process of its own that ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// Open as long as the server may print.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Runs `cargo xtask` with these arguments, and waits until it listens.
    pub fn start(args: &[&str]) -> Result<Self> {
        println!("building the component and starting the server");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args).args(["--addr", "127.0.0.1:0"]).current_dir(paths::root()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the server")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no output")?);
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(stdout.read_line(&mut line)? > 0, "the server ended: {}", child.wait()?);
            if let Some(url) = line.trim_end().strip_prefix("listening on ") {
                return Ok(Self { url: url.to_owned(), child, _stdout: stdout });
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It can only have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
