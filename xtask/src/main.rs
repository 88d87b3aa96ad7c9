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
        Command::Eval(run) => exec("minilm-eval", run.args),
        _ => exec("xtask-commands", std::env::args_os().skip(1)),
    }
}

/// Builds a program of ours and becomes it.
fn exec(name: &str, args: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let mut command = std::process::Command::new(program::build(name)?);
    command.args(args);
    program::replace(command)
}
