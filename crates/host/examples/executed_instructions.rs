//! Counts the instructions that a benchmark module executes for a text, by function: all of them, and the vector instructions in SSE
//! encoding, each of which can take a hundred cycles while the upper halves of the vector registers are in use.
//!
//! ```sh
//! cargo run --profile host -p minilm-host -p minilm-cli --example executed_instructions -- MODULE MODEL TOKENS…
//! ```

#[path = "../tests/components/machine_code.rs"]
mod machine_code;
#[path = "../tests/components/single_step.rs"]
mod single_step;

use std::path::Path;

use anyhow::{Context, Result};
use machine_code::MachineCode;
use minilm_host::bench::BenchModule;
use wasmtime::{Engine, Module};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().context("usage: executed_instructions MODULE MODEL TOKENS…");
    let (file, model) = (next()?, next()?);
    let module = Module::from_file(&Engine::default(), &file)?;
    let code = MachineCode::read(&module.serialize()?);
    let image = module.image_range().start as usize + code.offset;
    let mut instance = BenchModule::new(&module)?;
    instance.load(Path::new(&model))?;
    for tokens in args {
        instance.prepare_text(tokens.parse().context("TOKENS are numbers")?)?;
        let mut result = None;
        let counts = single_step::executed(image..image + code.len(), || result = Some(instance.encode()));
        result.context("the call has ended")??;
        print(&tokens, &code, &counts);
    }
    Ok(())
}

fn print(tokens: &str, code: &MachineCode, counts: &[u32]) {
    let mut rows = code.executed(counts);
    let (sse, all) = rows.iter().fold((0, 0), |(sse, all), row| (sse + row.0, all + row.1));
    println!("{tokens} tokens: {all} instructions, {sse} of them vector instructions in SSE encoding");
    rows.sort_unstable_by(|a, b| b.cmp(a));
    for (sse, all, name) in rows.iter().filter(|row| row.0 > 0) {
        println!("  {sse:>12} of {all:>12}  {name}");
    }
}
