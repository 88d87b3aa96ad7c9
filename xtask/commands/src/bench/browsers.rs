//! Browsers are Debian's, where there is no other.

use std::path::PathBuf;

use crate::debian;

/// The first of `programs` on this machine. Where there is none it is installed, if this is a Debian run as root; otherwise its
/// rows are left out, and that is said.
pub fn find(package: &str, programs: &[&str]) -> Option<PathBuf> {
    if let Some(program) = debian::which(programs) {
        return Some(program);
    }
    debian::install(package);
    let program = debian::which(programs);
    if program.is_none() {
        println!("note: there is no {package} here, so its rows are left out (apt-get install {package})");
    }
    program
}
