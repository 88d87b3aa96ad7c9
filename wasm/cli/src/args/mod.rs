//! The command line: what it accepts, and the help that teaches it.

mod encode;
mod hits;
mod input;

use std::ffi::OsString;
use std::path::Path;

use clap::{Parser, Subcommand};

pub use encode::{Precision, PrecisionArgs, TokenArgs, VectorArgs};
pub use hits::HitArgs;
pub use input::{InputFormat, ParseArgs};

#[cfg(feature = "pack")]
use crate::commands::pack;
use crate::commands::{embed, index, info, search, similarity, tokenize};

/// Sentence embeddings with MiniLM, in WebAssembly.
///
/// A text becomes a vector; texts that mean the same have vectors that point the same way. Options are named as in
/// sentence-transformers.
#[derive(Parser)]
#[command(name = "minilm", bin_name = "minilm", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// Packed model file, instead of the one built into this program
    #[arg(long, global = true, env = "MINILM_MODEL", value_name = "FILE", help_heading = "Model")]
    model: Option<OsString>,
    /// What to do.
    #[command(subcommand)]
    pub command: ComponentCommand,
}

impl Cli {
    /// The model file, where one is named. An empty variable in the environment names none.
    #[must_use]
    pub fn model(&self) -> Option<&Path> {
        self.model.as_deref().filter(|path| !path.is_empty()).map(Path::new)
    }
}

/// What this program does: the commands that run in it wherever it is built in, and those of it alone.
#[derive(Subcommand)]
pub enum ComponentCommand {
    /// A command with a model.
    #[command(flatten)]
    Command(Command),
    /// `pack`.
    #[cfg(feature = "pack")]
    Pack(pack::PackArgs),
}

/// A command and its options.
#[derive(Subcommand)]
#[allow(missing_docs, reason = "clap takes the help of a command from its options, and would take it from here")]
pub enum Command {
    Embed(embed::EmbedArgs),
    Similarity(similarity::SimilarityArgs),
    Search(search::SearchArgs),
    Index(index::IndexArgs),
    Tokenize(tokenize::TokenizeArgs),
    Info(info::InfoArgs),
}

const EXAMPLES: &str = "\
Examples:
  minilm embed \"How do neural networks work?\" \"What is a neuron?\"
  minilm similarity \"A cat sat on the mat.\" \"A feline rested.\" \"Stocks fell.\"
  minilm search \"opening hours\" --in faq.txt --top-k 3
  minilm index build questions.jsonl --output kb.minilm
  minilm info

With wasmtime, `minilm` is `wasmtime run --dir . minilm.wasm`: a component sees only the folders that
it is given with --dir, and environment variables only with --env.";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "minilm embed a --file b",
            "minilm embed a --json --format npy",
            "minilm embed a --batch-size 0",
            "minilm search q",
            "minilm search q --in f --top-k 0",
            "minilm search q --in f --threshold NaN",
            "minilm similarity a",
            "minilm index",
            "minilm index build a",
            "minilm index search f q --top-k 0",
            "minilm index search f q --json --jsonl",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
