//! `minilm`: sentence embeddings on this machine.
//!
//! This program parses arguments. Models are found, fetched and packed by `minilm-hub`; components run in `minilm-host`.

mod args;
mod commands;
mod components;
mod model;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use model::Model;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let request = cli.model.filter(|name| !name.is_empty()).into();
    let model = Model { request, precision: cli.model_precision };
    match cli.command {
        Command::Component(command) => return commands::component::run(&command, &model),
        Command::Serve(args) => commands::serve::run(&model, args)?,
        Command::Kb(args) => commands::kb::run(&model, args)?,
        Command::Www(args) => commands::www::run(&model, args)?,
        Command::Pull { name } => commands::models::pull(&name)?,
        Command::Pack(args) => commands::models::pack(&model, args)?,
        Command::Bake(args) => commands::bake::run(&model, args)?,
        Command::Models => commands::models::list()?,
        Command::Completions { shell } => args::print_completions(shell),
    }
    Ok(ExitCode::SUCCESS)
}
