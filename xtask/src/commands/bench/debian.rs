//! Programs are Debian's, where there is no other.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cargo;

/// The first of `programs` on this machine. Where there is none it is installed, if this is a Debian run as root; otherwise what
/// needs it is left out, and that is said.
pub fn find(package: &str, programs: &[&str]) -> Result<Option<PathBuf>> {
    if let Some(program) = which(programs) {
        return Ok(Some(program));
    }
    if which(&["apt-get"]).is_some() && is_root() {
        println!("installing {package} with apt-get");
        let apt = |args: &[&str]| cargo::run(Command::new("apt-get").args(args));
        // A container image comes without package lists.
        let installed = apt(&["update", "--quiet"])
            .and_then(|()| apt(&["install", "--yes", "--quiet", "--no-install-recommends", package]));
        if let Err(error) = installed {
            println!("note: {package}: {error:#}");
        }
    }
    let program = which(programs);
    if program.is_none() {
        println!("note: there is no {package} here, so what needs it is left out (apt-get install {package})");
    }
    Ok(program)
}

fn which(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|file| file.is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
