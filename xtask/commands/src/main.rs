//! The commands of `cargo xtask` that need models, Node or Python.

mod baked;
mod bench;
mod build;
mod install;
mod lint;
mod model;
mod notices;
mod reproduce;
mod test;
mod web;
mod www;

use std::process::ExitCode;

use anyhow::bail;
use clap::Parser;
use minilm_tools::{debian, fs_util, node, python, tool_cache};
use xtask::cli::{BuildCommand, Cli, Command};
use xtask::{cargo, paths, program};

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(_) | Command::Serve(_) | Command::Kb(_) | Command::Eval(_) => bail!("run `cargo xtask`"),
        Command::Install => install::install(),
        Command::Build(BuildCommand::Cli { model, backend }) => build::cli(model, backend),
        Command::Build(BuildCommand::Http { model, backend, spin: true }) => build::http_for_spin(model, backend),
        Command::Build(BuildCommand::Http { model, backend, spin: false }) => build::http(model, backend),
        Command::Build(BuildCommand::Component { model, backend }) => build::component(model, backend),
        Command::Build(BuildCommand::Kb { model, backend, store }) => build::kb(model, backend, store),
        Command::Build(BuildCommand::Web) => web::build(),
        Command::Build(BuildCommand::Www { model }) => www::build(&model.model.into()),
        Command::Www(run) => www::serve(run.args),
        Command::Bench { args } => bench::bench(&args),
        Command::BenchHttp { args } => bench::http::bench(&args),
        Command::BenchKb => bench::kb::bench(),
        Command::Lint { fix } => lint::lint(fix),
        Command::Notices => notices::all(),
        Command::Reproduce => reproduce::reproduce(),
        Command::Test { part, filter } => test::test(part, filter),
    }
}
