//! Virtual environments of Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use xtask::cargo;

use crate::debian;
use crate::tool_cache::install;

/// Which interpreters may make a virtual environment, the first one that can. The last is the one that Debian's package brings.
const PYTHONS: [&str; 3] = ["python3", "python", "/usr/bin/python3"];

/// The Python of the virtual environment `folder` with the packages that the file `requirements` lists, `what` saying which they are.
pub fn environment(folder: &Path, requirements: &Path, what: &str) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    install(folder, &[requirements], || {
        println!("installing {what} from PyPI into {}", folder.display());
        if !make(folder) {
            // Debian has `venv` in a package of its own, which most images lack.
            debian::install("python3-venv");
            ensure!(make(folder), "needs Python 3.11 or newer with its `venv` module (apt-get install python3-venv)");
        }
        // pip takes six times as long for all the others.
        let uv = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
        let mut pip = Command::new(&python);
        cargo::run(pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--requirement"]).arg(uv))?;
        install_packages(&python, requirements)
    })?;
    Ok(python)
}

/// Adds the packages that the file `requirements` lists, each with the hashes of its files, to an environment of [`environment`].
pub fn install_packages(python: &Path, requirements: &Path) -> Result<()> {
    let mut uv = Command::new(python);
    let quiet = ["-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--python"];
    cargo::run(uv.args(quiet).arg(python).arg("--requirement").arg(requirements))
}

/// Without a word where it cannot: the caller knows what to do then.
fn make(folder: &Path) -> bool {
    PYTHONS.iter().any(|name| {
        let mut venv = Command::new(name);
        venv.args(["-m", "venv"]).arg(folder).stdout(Stdio::null());
        venv.status().is_ok_and(|status| status.success())
    })
}
