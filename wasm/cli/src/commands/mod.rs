//! One file a command.

pub mod embed;
pub mod index;
pub mod info;
#[cfg(feature = "pack")]
pub mod pack;
pub mod search;
pub mod similarity;
pub mod tokenize;

use std::path::Path;

use anyhow::Result;

use crate::args::{Cli, Command, ComponentCommand};

pub fn run(cli: Cli) -> Result<()> {
    let model = cli.model().map(Path::to_owned);
    match cli.command {
        ComponentCommand::Command(command) => run_with(command, model.as_deref()),
        #[cfg(feature = "pack")]
        ComponentCommand::Pack(args) => pack::run(&args),
    }
}

/// Runs a command that reads a packed model: the one at `model`, or the baked one.
fn run_with(command: Command, model: Option<&Path>) -> Result<()> {
    match command {
        Command::Embed(args) => embed::run(args, model),
        Command::Similarity(args) => similarity::run(&args, model),
        Command::Search(args) => search::run(args, model),
        Command::Index(args) => index::run(args, model),
        Command::Tokenize(args) => tokenize::run(&args, model),
        Command::Info(args) => info::run(&args, model),
    }
}
