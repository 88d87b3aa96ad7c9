//! The command line of `cargo xtask`.

use clap::CommandFactory;
use xtask::cli::Cli;

#[test]
fn no_two_options_contradict_each_other() {
    Cli::command().debug_assert();
}
