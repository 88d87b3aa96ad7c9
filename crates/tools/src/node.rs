//! Node and npm, installed where there are none and that can be done.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::cargo;

use crate::{debian, tool_cache};

/// Node 20 or newer.
pub fn node() -> Result<PathBuf> {
    provide();
    let node = debian::which(&["node"]).context("needs Node 20 or newer with npm")?;
    let version = Command::new(&node).args(["--print", "parseInt(process.versions.node)"]).output()?.stdout;
    let major: u32 = String::from_utf8_lossy(&version).trim().parse()?;
    ensure!(major >= 20, "needs Node 20 or newer, there is {major}");
    Ok(node)
}

/// Installs what the lock file in `project` names into a folder of the user's cache, `name`; gives its `node_modules`.
pub fn packages(project: &Path, name: &str) -> Result<PathBuf> {
    let folder = tool_cache::folder(name)?;
    let wanted = ["package.json", "package-lock.json"].map(|file| project.join(file));
    tool_cache::install(&folder, &[&wanted[0], &wanted[1]], || {
        provide();
        println!("installing packages of {} from npm into {}", project.display(), folder.display());
        let mut npm = npm();
        npm.args(["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel", "error"])
            .current_dir(&folder);
        cargo::run(&mut npm).context("needs npm")
    })?;
    Ok(folder.join("node_modules"))
}

/// npm, with arguments to be added.
pub fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

fn provide() {
    if debian::which(&["node"]).is_none() {
        debian::install("nodejs");
        debian::install("npm");
    }
}
