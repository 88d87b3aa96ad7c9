//! `index info`: what is in an index file.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use minilm_documents::IndexInfo;
use serde::Serialize;

use crate::output::{Sink, write_json};

/// Show what is in an index file: its model, documents and fields
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct InfoArgs {
    /// The index file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Read all of it, and check that it is what was written
    #[arg(long)]
    verify: bool,
    /// Write a JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  minilm index info kb.minilm
  minilm index info kb.minilm --verify

JSON:  {\"file\", \"file_len\", \"version\", \"verified\", \"model\", \"model_sha256\"?, \"weights_sha256\", \"precision\", \"dim\",
        \"documents\", \"fields\": [{\"name\", \"rows\"}, …]}";

#[derive(Serialize)]
struct Facts<'a> {
    file: &'a Path,
    file_len: u64,
    version: u32,
    verified: bool,
    #[serde(flatten)]
    info: &'a IndexInfo,
}

pub fn run(args: &InfoArgs) -> Result<()> {
    let index = super::open(&args.file)?;
    if args.verify {
        index.verify().with_context(|| args.file.display().to_string())?;
    }
    let info = index.info();
    let mut out = Sink::stdout();
    if args.json {
        let file = args.file.as_path();
        let facts = Facts { file, file_len: index.file_len(), version: info.version(), verified: args.verify, info };
        write_json(&mut out, &facts)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}: {} documents, {} bytes", args.file.display(), info.documents, index.file_len())?;
        let model = &info.model;
        writeln!(out, "  model {} ({}), {} dimensions", model.name, model.precision, model.dim)?;
        match &model.model_sha256 {
            Some(hash) => writeln!(out, "  model sha256 {hash}")?,
            None => writeln!(out, "  weights sha256 {}", model.weights_sha256)?,
        }
        for field in &info.fields {
            writeln!(out, "  field `{}`: {} vectors", field.name, field.rows)?;
        }
        if args.verify {
            writeln!(out, "  the content is what was written")?;
        }
    }
    out.commit()
}
