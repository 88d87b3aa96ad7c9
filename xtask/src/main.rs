//! `cargo xtask …`: every command of a developer of the project. CI runs the same ones.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use xtask::cli::{Cli, Command};
use xtask::program;

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(run) => program::exec(None, &run.args),
        Command::Serve(run) => program::exec(Some("serve"), &run.args),
        Command::Kb(run) => program::exec(Some("kb"), &run.args),
        Command::Eval(run) => package("minilm-eval", run.args),
        _ => package("xtask-commands", std::env::args_os().skip(1)),
    }
}

/// Builds the program of a package and becomes it.
fn package(name: &str, args: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let mut command = program::native("run");
    command.args(["--quiet", "--package", name, "--"]).args(args);
    program::replace(command)
}
