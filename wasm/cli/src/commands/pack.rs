//! `pack`: a model directory to a packed file.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use minilm::Precision;
use minilm_convert::{ModelFiles, Source};

use crate::files;
use crate::output::Sink;

/// Write a model directory as one packed file
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct PackArgs {
    /// Directory of a sentence-transformers model
    #[arg(value_name = "DIR")]
    source: PathBuf,
    /// Name that every output of the model carries [default: that of the directory]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Number format of the weights: f32, int8, or int6-e4, the smallest
    #[arg(long, default_value_t = Precision::Int8)]
    precision: Precision,
    /// Where to write it [default: <name>-<precision>.minilm in the current folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  minilm pack paraphrase-MiniLM-L3-v2
  minilm pack my-model --name my-model-v2 --precision f32 -o my-model.minilm";

pub fn run(args: &PackArgs) -> Result<()> {
    let precision = args.precision;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => own_name(&args.source)?,
    };
    let output =
        args.output.clone().unwrap_or_else(|| format!("{}-{precision}.minilm", name.replace('/', "--")).into());
    let source = {
        let files = read(&args.source)?;
        Source::read(&name, &files).with_context(|| args.source.display().to_string())?
    };
    let packed = source.pack_with(precision, progress(&name)).with_context(|| args.source.display().to_string())?;
    let mut out = Sink::file(&output)?;
    match out.write_all(&packed) {
        Ok(()) => out.commit()?,
        Err(error) => return Err(out.abandon(error.into())),
    }
    let mut stdout = Sink::stdout();
    writeln!(stdout, "{} ({} bytes)", output.display(), packed.len())?;
    stdout.commit()
}

/// The name of a directory, which may be written as `.`.
fn own_name(directory: &Path) -> Result<String> {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    name.with_context(|| format!("{} has no name: say with --name how the model is called", directory.display()))
}

/// Draws one line for a person who waits at a terminal.
fn progress(name: &str) -> impl FnMut(usize, usize) {
    let visible = io::stderr().is_terminal();
    move |done, steps| {
        if visible {
            let end = if done == steps { "\n" } else { "" };
            let _ = write!(io::stderr(), "\r\x1b[Kpacking {name}: {done} of {steps} steps{end}");
        }
    }
}

/// The files of a directory and of the folders in it that are read, of all others not a byte.
fn read(directory: &Path) -> Result<ModelFiles> {
    let mut paths = Vec::new();
    add_files(directory, "", &mut paths)?;
    paths.sort();
    let mut found = ModelFiles::default();
    for path in ModelFiles::read_of(&paths).with_context(|| directory.display().to_string())? {
        found.insert(path.clone(), files::read(&directory.join(path))?);
    }
    Ok(found)
}

fn add_files(directory: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| files::cannot("read", directory))? {
        let entry = entry.with_context(|| files::cannot("read", directory))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            if prefix.is_empty() {
                add_files(&path, &format!("{name}/"), paths)?;
            }
        } else {
            paths.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::own_name;
    use crate::Cli;

    #[test]
    fn a_directory_names_its_model() {
        assert_eq!(own_name(Path::new("models/my-model/")).ok().as_deref(), Some("my-model"));
        let error = own_name(Path::new("..")).expect_err("it has no name").to_string();
        assert_eq!(error, ".. has no name: say with --name how the model is called");
    }

    #[test]
    fn contradictions_are_refused() {
        for line in ["minilm pack", "minilm pack a --precision int4", "minilm pack a b"] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
