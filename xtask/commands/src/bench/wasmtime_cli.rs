//! The published command line tool of wasmtime, which users serve with: installed into the user's cache folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::peers;
use crate::cargo;

/// The version of the wasmtime crates that this program is built with, so that both run the same engine.
const VERSION: &str = "48.0.8";

/// What `wasmtime serve` and `wasmtime compile` need; without the rest it compiles in half the time.
const FEATURES: &str = "serve,run,compile,cranelift,cache,component-model,component-model-async,\
parallel-compilation,pooling-allocator";

/// The program, compiled where it is not there yet: ten minutes of two cores, at low priority.
pub fn installed() -> Result<PathBuf> {
    let folder = peers::cache()?.join("wasmtime");
    let program = folder.join("bin").join(if cfg!(windows) { "wasmtime.exe" } else { "wasmtime" });
    if version(&program).is_none_or(|found| found != VERSION) {
        println!("installing wasmtime-cli {VERSION} from crates.io into {} (ten minutes)", folder.display());
        let mut install = Command::new("nice");
        install.args(["cargo", "install", "wasmtime-cli", "--locked", "--quiet", "--force"]);
        install.args(["--version", VERSION, "--no-default-features", "--features", FEATURES, "--root"]).arg(&folder);
        cargo::run(&mut install)?;
    }
    Ok(program)
}

/// Compiles a component for this processor, into `output`.
pub fn compile(wasmtime: &Path, component: &Path, output: &Path) -> Result<()> {
    cargo::run(Command::new(wasmtime).arg("compile").arg(component).arg("-o").arg(output))
        .with_context(|| format!("cannot compile {}", component.display()))
}

fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::VERSION;

    #[test]
    fn the_tool_is_as_old_as_the_crates() {
        let lock = include_str!("../../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{VERSION}\"\n")));
    }
}
