//! `info`: what is known about a model.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use minilm::{Config, Embedder, FORMAT_VERSION, ModelInfo, TensorInfo};
use serde::Serialize;
use serde_json::Value;

use crate::model;
use crate::output::{Sink, model_line, write_json};
use crate::paths::Paths;

/// Show facts about the model: name, hash, shapes, tokenizer settings, prompts, tensors
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct InfoArgs {
    /// Packed model file; it is checked completely
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// List the tensors too
    #[arg(long)]
    tensors: bool,
    /// Write a JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  minilm info
  minilm info paraphrase-MiniLM-L3-v2-int8.minilm --tensors
  minilm info --json";

#[derive(Serialize)]
struct Facts<'a> {
    file: String,
    file_len: usize,
    format_version: u32,
    /// Hexadecimal: JSON readers lose digits of 64-bit numbers.
    checksum: String,
    backend: &'static str,
    version: &'static str,
    config: &'a Config,
    #[serde(skip_serializing_if = "Option::is_none")]
    tensors: Option<Vec<TensorInfo>>,
}

impl InfoArgs {
    pub(crate) fn add_paths(&self, paths: &mut Paths) {
        paths.read(&self.file);
    }

    pub(crate) fn needs_model(&self) -> bool {
        self.file.is_none()
    }
}

pub fn run(args: &InfoArgs, model: Option<&Path>) -> Result<()> {
    let path = args.file.as_deref().or(model);
    let embedder = model::load(path)?;
    let facts = facts(&embedder, model::source(path), args.tensors);
    let mut out = Sink::stdout();
    if args.json {
        write_json(&mut out, &facts)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", model_line(embedder.config()))?;
        let mut lines = Vec::new();
        // By way of its text, in which a 32-bit float has the digits that it needs: 1e-12, not 9.999999960041972e-13.
        flatten("", &serde_json::from_str(&serde_json::to_string(&facts)?)?, &mut lines);
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        lines.iter().try_for_each(|(name, value)| writeln!(out, "{name:width$}  {value}"))?;
        for TensorInfo { name, dtype, shape, offset, len } in facts.tensors.iter().flatten() {
            let shape = format!("{shape:?}");
            writeln!(out, "{offset:>9} {len:>9}  {dtype:<5} {shape:<14} {name}")?;
        }
    }
    out.commit()
}

fn facts<'a>(embedder: &'a Embedder, file: String, tensors: bool) -> Facts<'a> {
    let ModelInfo { file_bytes, file_checksum, backend, .. } = embedder.info();
    Facts {
        file,
        file_len: file_bytes,
        format_version: FORMAT_VERSION,
        checksum: file_checksum,
        backend,
        version: env!("CARGO_PKG_VERSION"),
        config: embedder.config(),
        tensors: tensors.then(|| embedder.file().tensors()),
    }
}

/// One line a fact, named by its way through the objects: the names are those of the JSON output, and no fact of a later
/// version is missed. Tensors have a table of their own.
fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        _ if name == "tensors" => {}
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let name = if name.is_empty() || name == "config" { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, lines);
            }
        }
        Value::String(text) if text.is_empty() => lines.push((name.to_owned(), "\"\"".to_owned())),
        Value::String(text) => lines.push((name.to_owned(), text.escape_debug().to_string())),
        other => lines.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn facts_are_flattened() {
        let mut lines = Vec::new();
        let facts = json!({"config": {"a": {"b": 1}, "p": {}}, "s": "x\n", "tensors": [1]});
        super::flatten("", &facts, &mut lines);
        let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(lines, ["a.b=1", "p={}", "s=x\\n"]);
    }
}
