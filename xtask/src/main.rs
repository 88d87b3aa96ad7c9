//! `cargo xtask …`: every command of a developer of the project. CI runs the same ones.

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::{Cli, Command};
use xtask::program;

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(run) => program::exec(None, &run.args),
        Command::Serve(run) => program::exec(Some("serve"), &run.args),
        Command::Kb(run) => program::exec(Some("kb"), &run.args),
        _ => {
            let mut commands = program::native("run");
            commands.args(["--quiet", "--package", "xtask-commands", "--"]).args(std::env::args_os().skip(1));
            program::replace(commands)
        }
    }
}
