//! `lint`: formatters and linters of what is not Rust, and the rules for dependencies. Ruff reads Python, Biome JavaScript and TypeScript,
//! cargo-deny deny.toml.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{node, paths, python, tool_cache};

/// Runs them, and lets them change files where `fix` says so.
pub fn lint(fix: bool) -> Result<ExitCode> {
    let pins = paths::root().join("tests/lint");
    let ruff =
        python::environment(&tool_cache::folder("ruff")?, &pins.join("requirements.txt"), "Ruff and cargo-deny")?;
    let biome = node::packages(&pins, "biome")?.join("@biomejs/biome/bin/biome");
    let python = |args: &[&str]| passes(Command::new(&ruff).args(["-m", "ruff"]).args(args));
    let javascript = |args: &[&str]| -> Result<bool> { passes(Command::new(node::node()?).arg(&biome).args(args)) };
    // Advisories are looked up where their database can be reached, which is not everywhere.
    let deny = ["--locked", "--workspace", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    let rules = passes(Command::new(ruff.with_file_name("cargo-deny")).args(deny))?;
    let results = if fix {
        [python(&["check", "--quiet", "--fix"])?, python(&["format", "--quiet"])?, javascript(&["check", "--write"])?]
    } else {
        [
            python(&["check", "--quiet"])?,
            python(&["format", "--quiet", "--diff"])?,
            javascript(&["ci", "--error-on-warnings"])?,
        ]
    };
    Ok(if !rules || results.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs a tool, which says what it found.
fn passes(tool: &mut Command) -> Result<bool> {
    Ok(tool.current_dir(paths::root()).status()?.success())
}
