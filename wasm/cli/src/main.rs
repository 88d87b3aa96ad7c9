//! `minilm`: sentence embeddings on the command line, as a WASI component for `wasmtime run`.
//!
//! This program only translates: arguments and files into calls of the [`minilm`] crate, results into tables, JSON and
//! NumPy files. Texts and vectors stream through in batches, so a file of any length takes the same memory.

mod args;
mod batches;
mod commands;
mod files;
mod input;
mod model;
mod npy;
mod output;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

/// WASI 0.2 knows success and failure only, so a usage error ends with 1 like any other.
fn main() -> ExitCode {
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
