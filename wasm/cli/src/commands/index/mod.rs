//! `index`: files of documents that answer queries in place.

mod build;
mod info;
mod search;

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use minilm_documents::IndexFile;

use crate::files;
use crate::paths::Paths;

/// Build, look at and search files of documents
///
/// An index file holds documents and the vectors of their texts. It is searched where it lies, without being loaded, by this command
/// and by the knowledge base component.
#[derive(Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    command: IndexCommand,
}

#[derive(Subcommand)]
enum IndexCommand {
    Build(build::BuildArgs),
    Info(info::InfoArgs),
    Search(search::SearchArgs),
}

impl IndexArgs {
    pub(crate) fn add_paths(&self, paths: &mut Paths) {
        match &self.command {
            IndexCommand::Build(args) => {
                paths.read([&args.input]);
                paths.written([&args.output]);
            }
            IndexCommand::Info(args) => paths.read([&args.file]),
            IndexCommand::Search(args) => paths.read([&args.file]),
        }
    }

    pub(crate) fn needs_model(&self) -> bool {
        !matches!(self.command, IndexCommand::Info(_))
    }
}

pub fn run(args: IndexArgs, model: Option<&Path>) -> Result<()> {
    match args.command {
        IndexCommand::Build(args) => build::run(args, model),
        IndexCommand::Info(args) => info::run(&args),
        IndexCommand::Search(args) => search::run(&args, model),
    }
}

fn open(path: &Path) -> Result<IndexFile<File>> {
    IndexFile::open(files::open(path)?).with_context(|| path.display().to_string())
}
