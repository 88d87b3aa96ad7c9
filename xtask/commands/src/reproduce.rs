//! `reproduce`: whether another checkout on another machine would give the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::{cargo, fs_util, paths};

/// What is built, as arguments of xtask.
const BUILDS: [&[&str]; 7] = [
    &["build", "web"],
    &["build", "cli"],
    &["build", "http"],
    &["build", "http", "--spin"],
    &["build", "component"],
    &["build", "kb"],
    &["build", "kb", "--store", "index"],
];

/// Builds here and in a copy, and compares all files.
pub fn reproduce() -> Result<ExitCode> {
    let folder = std::env::temp_dir().join(format!("minilm-reproduce-{}", std::process::id()));
    let (copy, home) = (folder.join("a checkout"), folder.join("cargo"));
    copy_tracked_files(&copy)?;
    fs::create_dir_all(&home)?;
    link(&paths::cargo_home().join("registry"), &home.join("registry"))?;
    for build in BUILDS {
        let xtask = std::env::current_exe()?;
        cargo::run(Command::new(&xtask).args(build))?;
        cargo::run(Command::new(&xtask).args(build).env(paths::ROOT, &copy).env("CARGO_HOME", &home))?;
    }
    let built = copy.join("target/minilm");
    let mut differ = 0;
    for file in files(&built)? {
        let name = file.strip_prefix(&built)?;
        let here = paths::output().join(name);
        let bytes = fs::read(&file)?;
        let same = bytes == fs::read(&here).with_context(|| format!("cannot read {}", here.display()))?;
        differ += usize::from(!same);
        let state = if same { "" } else { " DIFFERS" };
        println!("{:x} {:>9} {}{state}", Sha256::digest(&bytes), bytes.len(), name.display());
    }
    fs::remove_dir_all(&folder)?;
    println!("{differ} files differ");
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Copies what git knows into `copy`, as it is here.
fn copy_tracked_files(copy: &Path) -> Result<()> {
    let list = Command::new("git").args(["ls-files", "-z"]).current_dir(paths::root()).output().context("needs git")?;
    ensure!(list.status.success(), "git ls-files: {}", String::from_utf8_lossy(&list.stderr));
    for name in String::from_utf8(list.stdout)?.split_terminator('\0') {
        let target = copy.join(name);
        fs::create_dir_all(target.parent().unwrap_or(copy))?;
        fs::copy(paths::root().join(name), target).with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}

/// What cargo has downloaded is the same, under another path.
fn link(registry: &Path, link: &Path) -> Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::symlink(registry, link)?;
    #[cfg(not(unix))]
    fs_util::copy(registry, link, &|_| true)?;
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in fs_util::entries(folder)? {
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
