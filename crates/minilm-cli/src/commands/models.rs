//! `pull`, `pack` and `models`: what is in the cache.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use minilm_hub::{Context, KNOWN, Precision, Verify, file_name};

use crate::args::PackArgs;
use crate::model::Model;

/// Puts a model into the cache, or checks the one that is there.
pub fn pull(name: &str) -> Result<()> {
    let model = Context::from_env()?.obtain_named(name, Verify::Sha256)?;
    println!("{} is in {}", model.name, model.path.display());
    Ok(())
}

/// Writes a packed file; prints its path and size.
pub fn pack(model: &Model, args: PackArgs) -> Result<()> {
    let context = Context::from_env()?;
    let precision = args.precision.or(model.precision).unwrap_or(Precision::Int8);
    let mut model = match args.source {
        Some(source) => context.resolve(&Some(source).into())?,
        None => context.resolve(&model.request)?,
    };
    if let Some(name) = args.name {
        model.name = name;
    }
    let output = args.output.unwrap_or_else(|| PathBuf::from(file_name(&model, precision)));
    context.pack(&model, precision, &output)?;
    println!("{} ({} bytes)", output.display(), fs::metadata(&output)?.len());
    Ok(())
}

/// Prints the known models, the models in the cache and the packed files.
pub fn list() -> Result<()> {
    let context = Context::from_env()?;
    println!("Known models, with their model_sha256:");
    for known in KNOWN {
        println!("  {:<32} {}  {}", known.name, short(known.model_sha256().as_deref()), known.repo);
    }
    println!("\nIn the cache, {}:", context.cache_dir.display());
    for model in context.cached_models()? {
        let megabytes = megabytes(model.bytes);
        let revision = model.revision.map(|revision| format!(", revision {revision}")).unwrap_or_default();
        println!(
            "  {:<46} {}  {megabytes}  from {}{revision}",
            model.repo,
            short(model.model_sha256.as_deref()),
            model.source
        );
    }
    if let Some(root) = &context.hf_cache {
        println!("\nIn the cache of Hugging Face's programs, {}:", root.display());
        for (repo, _) in context.hf_models()? {
            println!("  {repo}");
        }
    }
    println!("\nPacked:");
    for file in context.packed_files()? {
        println!("  {}  {}", megabytes(file.bytes), file.path.display());
    }
    Ok(())
}

/// The beginning of a hash, as people compare them; as wide where there is none.
fn short(sha256: Option<&str>) -> String {
    let sha256 = sha256.unwrap_or("-");
    format!("{:<16}", sha256.get(..16).unwrap_or(sha256))
}

fn megabytes(bytes: u64) -> String {
    format!("{:>7.1} MB", bytes as f64 / 1e6)
}
