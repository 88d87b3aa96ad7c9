//! Packages of Debian, for what no registry of a language has.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use anyhow::Result;
use xtask::cargo;

/// Installs `package`, if this is a Debian and this is root; otherwise nothing happens.
pub fn install(package: &str) {
    if which(&["apt-get"]).is_none() || !is_root() {
        return;
    }
    // apt-get waits for others that install, but not for others that fetch lists.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    println!("installing {package} with apt-get");
    // Somebody else may be installing, and a mirror may be away for a moment.
    let patience = ["--option", "DPkg::Lock::Timeout=300", "--option", "Acquire::Retries=3"];
    let apt = |args: &[&str]| {
        let done: Result<()> = cargo::run(Command::new("apt-get").args(patience).args(args));
        if let Err(error) = done {
            println!("note: {package}: {error:#}");
        }
    };
    // A container image comes without package lists.
    apt(&["update", "--quiet"]);
    apt(&["install", "--yes", "--quiet", "--no-install-recommends", package]);
}

/// The first of `programs` that is in the path.
pub fn which(programs: &[&str]) -> Option<PathBuf> {
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
