//! `index build`: documents to an index file.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use minilm::{Embedder, EncodeOptions};
use minilm_documents::{Document, Documents, IndexInfo, ModelIdentity, dedupe_by_id, write_index};

use crate::output::Sink;
use crate::progress::Progress;
use crate::{files, model};

/// Embed documents and write them as an index file
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// File of documents, or standard input (-)
    #[arg(value_name = "FILE")]
    pub(super) input: PathBuf,
    /// The index file; it appears when it is complete
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    pub(super) output: PathBuf,
    /// Text field to search by; may be given more than once
    #[arg(long, value_name = "NAME", default_value = "question", help_heading = "Input")]
    field: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  mongoexport --collection questions --out questions.jsonl
  minilm index build questions.jsonl --output kb.minilm
  minilm index build faq.json --field question --field title --output kb.minilm

The input is a JSON array of objects or one object a line, as mongoexport writes them with and without
--jsonArray. A document has an id (`_id` or `id`, MongoDB's extended JSON too; without one, its question
is its id), its text fields, and anything else: all of it is kept. Of documents with the same id, the last
one counts. The whole input is read and checked before the first text is embedded, and stays in memory.";

/// Each read crosses from the component into its host: not for every 8 KiB.
const BUFFER: usize = 64 << 10;

/// The documents of the input.
struct Input {
    documents: Vec<Document>,
    /// Documents that a later one has replaced.
    replaced: usize,
}

pub fn run(args: BuildArgs, model: Option<&Path>) -> Result<()> {
    let embedder = model::load(model)?;
    let Input { documents, replaced } = read(&args.input)?;
    let texts = texts(&documents, &args.field)?;
    let mut progress = Progress::of(texts);
    let mut truncated = 0;
    let mut out = Sink::file(&args.output)?;
    let built = write_index(&mut out, &ModelIdentity::from(embedder.config()), &args.field, &documents, |texts| {
        let vectors = embed(&embedder, texts, &mut truncated);
        progress.add(texts.len());
        vectors
    });
    drop(progress);
    let info = match built {
        Ok(info) => info,
        Err(error) => return Err(out.abandon(anyhow::Error::msg(error.to_string()))),
    };
    out.commit()?;
    report(&args.output, &info, replaced, truncated, embedder.config().max_seq_length)
}

fn embed(embedder: &Embedder, texts: &[&str], truncated: &mut usize) -> Result<Vec<f32>> {
    let embeddings = embedder.encode(texts, &EncodeOptions::default())?;
    *truncated += embeddings.truncated.iter().filter(|&&truncated| truncated).count();
    Ok(embeddings.data)
}

fn read(path: &Path) -> Result<Input> {
    if path.as_os_str() == "-" {
        return collect(BufReader::with_capacity(BUFFER, io::stdin())).context("standard input");
    }
    collect(BufReader::with_capacity(BUFFER, files::open(path)?)).with_context(|| path.display().to_string())
}

fn collect(input: impl BufRead) -> Result<Input> {
    let read = Documents::new(input).collect::<Result<Vec<_>, _>>()?;
    let count = read.len();
    let documents = dedupe_by_id(read);
    let found = Input { replaced: count - documents.len(), documents };
    if found.documents.is_empty() {
        bail!("there are no documents in it");
    }
    Ok(found)
}

/// How many texts there are to embed. A field that no document has is a mistake in its name.
fn texts(documents: &[Document], fields: &[String]) -> Result<usize> {
    let has = |document: &&Document, field: &str| document.searched_text(field).is_some();
    let mut texts = 0;
    for field in fields {
        let rows = documents.iter().filter(|document| has(document, field)).count();
        if rows == 0 {
            let there: Vec<String> = documents[0].fields.keys().map(|name| format!("`{name}`")).collect();
            bail!("no document has a text in `{field}`; the first has {} (choose with --field)", there.join(", "));
        }
        texts += rows;
    }
    Ok(texts)
}

fn report(path: &Path, info: &IndexInfo, replaced: usize, truncated: usize, limit: usize) -> Result<()> {
    let mut out = Sink::stdout();
    writeln!(out, "{}: {} documents", path.display(), info.documents)?;
    for field in &info.fields {
        let without = info.documents - field.rows;
        write!(out, "  {} can be found by `{}`", field.rows, field.name)?;
        writeln!(out, "{}", if without > 0 { format!(", {without} have no text there") } else { String::new() })?;
    }
    if truncated > 0 {
        writeln!(out, "  {truncated} texts have more than the {limit} tokens that the model reads, and were cut")?;
    }
    if replaced > 0 {
        writeln!(out, "  {replaced} documents were replaced by later ones with the same id")?;
    }
    out.commit()
}

#[cfg(test)]
mod tests {
    use super::{collect, texts};

    #[test]
    fn of_the_same_id_the_last_counts() {
        let found = collect(&b"{\"id\":1,\"n\":1}\n{\"id\":2}\n{\"_id\":{\"$numberInt\":\"1\"},\"n\":2}\n"[..]);
        let found = found.expect("documents");
        let lines: Vec<String> = found.documents.iter().map(minilm_documents::Document::to_json).collect();
        assert_eq!((lines, found.replaced), (vec![r#"{"id":"1","n":2}"#.to_owned(), r#"{"id":"2"}"#.to_owned()], 1));
    }

    #[test]
    fn faults_are_named() {
        let error = |text: &'static [u8]| collect(text).err().map(|error| format!("{error:#}"));
        assert_eq!(error(b"\n"), Some("there are no documents in it".to_owned()));
        let expected = "line 2, column 2: not valid JSON: key must be a string";
        assert_eq!(error(b"{\"id\":1}\n{1}").as_deref(), Some(expected));
        let found = collect(&b"{\"id\":1,\"question\":\"\",\"title\":\"t\"}"[..]).expect("documents");
        assert_eq!(texts(&found.documents, &["title".to_owned()]).ok(), Some(1));
        let error = texts(&found.documents, &["question".to_owned()]).expect_err("no text").to_string();
        assert_eq!(
            error,
            "no document has a text in `question`; the first has `question`, `title` (choose with --field)"
        );
    }
}
