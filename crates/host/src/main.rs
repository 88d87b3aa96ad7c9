//! `minilm-host`: runs a component or a benchmark module, for `cargo xtask test` and `cargo xtask bench`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use minilm_host::{Access, HostEnv, bench, command};

/// `minilm-host run FILE ARGS…` runs a command component that sees the current folder and all variables; `minilm-host bench FILE` times
/// a benchmark module as the standard input asks; `minilm-host vector-state FILE MODEL` prints what it takes while the upper halves of the vector
/// registers are in use; `minilm-host encode FILE MODEL TOKENS CALLS ELF` is what `bench/sse_encoding.py` counts the instructions of.
fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bench", file] => bench::serve(Path::new(file)),
        ["encode", file, model, tokens, calls, elf] => {
            bench::encode(Path::new(file), Path::new(model), tokens.parse()?, calls.parse()?, Path::new(elf))
        }
        ["vector-state", file, model] => bench::vector_state(Path::new(file), Path::new(model)),
        ["run", file, ..] => {
            let mut env = HostEnv { variables: std::env::vars().collect(), ..HostEnv::default() };
            env.mount(".", ".", Access::Write);
            let component = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
            command::run(&component, file, &args[2..], &env)
        }
        _ => bail!(
            "usage: minilm-host run FILE ARGS… | minilm-host bench FILE | minilm-host vector-state FILE MODEL | minilm-host encode FILE \
             MODEL TOKENS CALLS ELF"
        ),
    }
}
