//! This program once more, as a server in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::paths;

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
