//! The program `minilm` and the host of the tests, built with the components inside.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::LazyLock;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

use crate::cargo::{self, Backend, Store};
use crate::paths;

/// The profile of everything native, this program included: for one profile a dependency is compiled once.
pub const PROFILE: &str = "host";

/// A small test. Where a test is among what cargo builds, the features that tests ask of dependencies count.
const SMALL_TEST: &str = "options";

/// A cargo command in that profile, for all packages: cargo chooses the features of a dependency by the packages that a command
/// selects, and compiles it once more for each choice. Further arguments pick programs and tests among them.
pub fn native(subcommand: &str) -> Command {
    let mut cargo = cargo::native(subcommand);
    cargo.args(["--profile", PROFILE, "--workspace"]);
    cargo
}

/// A cargo command that builds these programs with the features of the tests, so that both share their dependencies.
fn programs(names: &[&str]) -> Command {
    let mut cargo = native("build");
    cargo.args(["--quiet", "--test", SMALL_TEST]).args(names.iter().flat_map(|name| ["--bin", name]));
    cargo
}

/// Builds a program of ours and gives its file.
pub fn build(name: &str) -> Result<PathBuf> {
    cargo::run(&mut programs(&[name]))?;
    built(name)
}

/// A component of `minilm`: the name of its file, and what builds it without a model.
pub type Part = (&'static str, fn(Backend) -> Result<PathBuf>);

const CLI: Part = ("minilm.wasm", cargo::cli_to_bake);
const HTTP: Part = ("minilm-http.wasm", cargo::http_to_bake);
const HTTP_SPIN: Part = ("minilm-http-spin.wasm", cargo::http_for_spin);
const KB: Part = ("minilm-kb.wasm", |backend| cargo::kb_to_bake(backend, Store::Spin));
const KB_INDEX: Part = ("minilm-kb-index.wasm", |backend| cargo::kb_to_bake(backend, Store::Index));
const LIBRARY: Part = ("minilm-embed.wasm", cargo::component_to_bake);
const WWW: Part = ("minilm-www.wasm", |_| cargo::build_www());
/// All of them.
pub const ALL: [Part; 7] = [CLI, HTTP, HTTP_SPIN, KB, KB_INDEX, LIBRARY, WWW];

/// Builds components and gives their folder, for MINILM_COMPONENTS. Those of an earlier call are still in it.
pub fn components(parts: &[Part]) -> Result<PathBuf> {
    let folder = paths::output().join("components");
    fs::create_dir_all(&folder)?;
    for (name, build) in parts {
        let (built, kept) = (build(Backend::RelaxedSimd)?, folder.join(name));
        // A file that stays the same need not be compiled into the program again.
        if fs::read(&kept).ok() != Some(fs::read(&built)?) {
            fs::copy(&built, &kept)?;
        }
    }
    Ok(folder)
}

/// Builds `minilm` with all components, once, and gives its file: suites start many servers.
pub fn minilm() -> Result<PathBuf> {
    static BUILT: LazyLock<Result<PathBuf>> = LazyLock::new(|| with_components("minilm", &ALL));
    BUILT.as_ref().cloned().map_err(|error| anyhow!("{error:#}"))
}

/// Builds the host of tests and benchmarks and gives its file.
pub fn host() -> Result<PathBuf> {
    with_components("minilm-host", &ALL)
}

/// Builds both programs and gives the file of one. Linking a component takes one core, so the host is built beside.
fn with_components(name: &str, parts: &[Part]) -> Result<PathBuf> {
    eprintln!("building the host and the components");
    let components = thread::scope(|scope| {
        let host = scope.spawn(|| cargo::run(&mut programs(&["minilm-host"])));
        let components = components(parts);
        host.join().expect("building does not panic")?;
        components
    })?;
    eprintln!("building minilm");
    cargo::run(programs(&["minilm", "minilm-host"]).env("MINILM_COMPONENTS", components))?;
    built(name)
}

/// Where cargo leaves a program: beside this one.
fn built(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds `minilm` with the components that `verb` needs, and becomes it, with these arguments.
pub fn exec(verb: Option<&str>, args: &[OsString]) -> Result<ExitCode> {
    let parts: &[Part] = match verb {
        Some("serve") => &[HTTP],
        Some("kb") => &[KB, KB_INDEX],
        Some("www") => &[WWW],
        _ => &ALL,
    };
    let mut command = Command::new(with_components("minilm", parts)?);
    command.args(verb).args(args);
    replace(command)
}

/// Becomes a command.
#[cfg(unix)]
pub fn replace(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("cannot start {:?}", command.get_program()))
}

/// Runs a command in place of this one.
#[cfg(not(unix))]
pub fn replace(mut command: Command) -> Result<ExitCode> {
    let status = command.status().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    Ok(ExitCode::from(status.code().unwrap_or(1).clamp(0, 255) as u8))
}

/// `minilm serve`, or `kb`, on a free port, in a process of its own that ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// Open as long as the server may print.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Runs `minilm` with these arguments, and waits until it listens.
    pub fn start(args: &[&str]) -> Result<Self> {
        let mut command = Command::new(minilm()?);
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
