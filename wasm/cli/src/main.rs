//! `minilm` as a WASI component for `wasmtime run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    minilm_cli_component::run()
}
