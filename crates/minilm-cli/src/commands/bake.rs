//! `bake`: a component with a model in it, as one file.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use minilm_hub::Precision;

use super::serve::component;
use crate::args::BakeArgs;
use crate::model::Model;

/// Writes the file, which appears when it is whole; prints its path and size.
pub fn run(model: &Model, args: BakeArgs) -> Result<()> {
    let baked = component(args.component, model, None)?;
    let output = match args.output {
        Some(output) => output,
        None => {
            let model = model.packed(Precision::Int8)?;
            PathBuf::from(format!("{}-{}.wasm", args.component.stem(), model.name.replace('/', "--")))
        }
    };
    let part = output.with_extension("part");
    fs::write(&part, &baked).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, &output).with_context(|| format!("cannot write {}", output.display()))?;
    println!("{} ({} bytes)", output.display(), baked.len());
    Ok(())
}
