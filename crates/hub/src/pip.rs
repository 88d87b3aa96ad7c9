//! Asks pip where a wheel lies. Its configuration (index, mirror, find-links) is the one that works on this
//! machine, so no index is named here.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde::Deserialize;
use url::Url;

use super::Error;
use super::names::is_sha256;

/// How pip is called.
#[derive(Debug, Clone)]
pub struct Pip {
    /// Commands to try, best first.
    pub commands: Vec<Vec<String>>,
    /// Set on top of the environment.
    pub environment: Vec<(String, String)>,
}

impl Default for Pip {
    fn default() -> Self {
        let command = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Pip {
            commands: vec![command(&["python3", "-m", "pip"]), command(&["pip3"]), command(&["pip"])],
            // A dry run installs nothing, yet some versions of pip refuse it where an installation would be refused.
            environment: vec![
                set("PIP_BREAK_SYSTEM_PACKAGES", "1"),
                set("PIP_REQUIRE_VIRTUALENV", "0"),
                set("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ],
        }
    }
}

/// pip's installation report, as far as we read it.
#[derive(Deserialize)]
struct Report {
    install: Vec<Installed>,
}
#[derive(Deserialize)]
struct Installed {
    download_info: DownloadInfo,
}
#[derive(Deserialize)]
struct DownloadInfo {
    url: Url,
    archive_info: ArchiveInfo,
}
#[derive(Deserialize)]
struct ArchiveInfo {
    #[serde(default)]
    hashes: Hashes,
}
#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

/// A pip that answers.
#[derive(Debug)]
pub struct FoundPip<'a> {
    pip: &'a Pip,
    command: &'a [String],
}

/// What every call gets: the exact file, from a wheel, and nothing that waits for a person.
const QUIETLY: [&str; 5] = ["--no-deps", "--only-binary", ":all:", "--no-input", "--quiet"];

impl Pip {
    /// The first command that is there and is pip: a python3 without pip is common.
    pub fn find(&self) -> Result<FoundPip<'_>, Error> {
        for command in &self.commands {
            let found = FoundPip { pip: self, command };
            match found.run(&["--version"]) {
                Ok(output) if output.status.success() => return Ok(found),
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io(Path::new(&command.join(" ")))(error));
                }
                _ => {}
            }
        }
        let tried = self.commands.iter().map(|words| format!("`{}`", words.join(" ")));
        Err(Error::PipMissing { tried: tried.collect::<Vec<_>>().join(", ") })
    }
}

impl FoundPip<'_> {
    /// From where pip would install `package` (`name==version`), and the sha256 if the index tells it.
    pub fn locate(&self, package: &str) -> Result<(Url, Option<String>), Error> {
        let output = self.ask(
            package,
            &[
                "install",
                "--dry-run",
                "--ignore-installed",
                // The wheel is only a container here: nothing of it will run under this Python.
                "--ignore-requires-python",
                "--report",
                "-",
                package,
            ],
        )?;
        let report: Report = serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(package, format!("its report is not understood: {error}")))?;
        let first = report.install.into_iter().next();
        let DownloadInfo { url, archive_info } =
            first.ok_or_else(|| failed(package, "its report names no file".to_owned()))?.download_info;
        let sha256 = archive_info.hashes.sha256.filter(|hash| is_sha256(hash));
        Ok((url, sha256))
    }

    /// Lets pip download the wheel of `package` to `dest`, with its own credentials.
    pub fn download(&self, package: &str, dest: &Path) -> Result<(), Error> {
        let dir = dest.with_extension("pip");
        let dir_text = dir.to_string_lossy();
        eprintln!("pip downloads {package}");
        self.ask(package, &["download", "--ignore-requires-python", "--dest", &dir_text, package])?;
        let wheel = fs::read_dir(&dir).map_err(Error::io(&dir))?.next();
        let wheel =
            wheel.ok_or_else(|| failed(package, "it downloaded nothing".to_owned()))?.map_err(Error::io(&dir))?;
        fs::rename(wheel.path(), dest).map_err(Error::io(dest))?;
        fs::remove_dir_all(&dir).map_err(Error::io(&dir))
    }

    fn ask(&self, package: &str, arguments: &[&str]) -> Result<Output, Error> {
        let output = self.run(&[arguments, &QUIETLY].concat()).map_err(|error| failed(package, error.to_string()))?;
        if output.status.success() { Ok(output) } else { Err(failed(package, last_lines(&output.stderr))) }
    }

    fn run(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let (program, first) = self.command.split_first().ok_or(ErrorKind::NotFound)?;
        Command::new(program)
            .args(first)
            .args(arguments)
            .envs(self.pip.environment.iter().cloned())
            .stdin(Stdio::null())
            .output()
    }
}

fn failed(package: &str, message: String) -> Error {
    Error::Pip { package: package.to_owned(), message }
}

/// pip's reason stands at the end, after its retries.
fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ")
}
