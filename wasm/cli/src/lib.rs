//! The commands of `minilm`: sentence embeddings on the command line.
//!
//! This crate only translates: arguments and files into calls of the [`minilm`] crate, results into tables, JSON and
//! NumPy files. Texts and vectors stream through in batches, so a file of any length takes the same memory. The WASI component is
//! [`run`]; the native program parses with the same [`Command`] and runs the component with what its arguments name.

mod args;
mod batches;
mod commands;
mod files;
mod input;
mod model;
mod npy;
mod output;
mod paths;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command, ComponentCommand};
pub use paths::Paths;

/// Parses the arguments of this process and does what they say.
/// WASI 0.2 knows success and failure only, so a usage error ends with 1 like any other.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; where nobody reads them, there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of our output has gone, as `head` does when it has seen enough: no fault of anybody.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
