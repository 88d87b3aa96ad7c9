//! `index search`: the documents of an index file that are closest to a query.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use minilm::EncodeOptions;
use minilm::index::Query;
use minilm_documents::{Document, ModelIdentity};
use serde::Serialize;

use crate::args::HitArgs;
use crate::model;
use crate::output::{ModelFacts, Sink, model_line, shortened, write_json};

/// Find the documents of an index file that are closest to a query
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// The index file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    query: String,
    /// Text field to search [default: the first of the file]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    field: Option<String>,
    #[command(flatten)]
    hits: HitArgs,
    /// Tell on standard error how long each step took
    #[arg(long, help_heading = "Output")]
    timings: bool,
}

const EXAMPLES: &str = "\
Examples:
  minilm index search kb.minilm \"When are you open?\"
  minilm index search kb.minilm \"refund\" --field title --top-k 3 --threshold 0.6 --json

JSON:   {\"model\": {…}, \"query\", \"field\", \"documents_searched\", \"hits\": [{\"index\", \"score\", \"document\"}, …]}
JSONL:  {\"index\", \"score\", \"document\"} a line
Best first, and exact: as if every vector were compared in float32.";

const TEXT_WIDTH: usize = 80;

#[derive(Serialize)]
struct Found {
    index: usize,
    score: f32,
    document: Document,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: ModelFacts<'a>,
    query: &'a str,
    field: &'a str,
    documents_searched: usize,
    hits: &'a [Found],
}

pub fn run(args: &SearchArgs, model: Option<&Path>) -> Result<()> {
    let mut clock = Clock { last: Instant::now(), shown: args.timings };
    let embedder = model::load(model)?;
    clock.lap("model");
    let query = embedder.encode(&[&args.query], &EncodeOptions::default()).context("query")?;
    let query = Query::new(&query.data).context("query")?;
    clock.lap("query");

    let name = || args.file.display().to_string();
    let index = super::open(&args.file)?;
    index.check_model(&ModelIdentity::from(embedder.config())).with_context(name)?;
    let first = index.info().fields.first().map_or("question", |field| &field.name);
    let field = args.field.as_deref().unwrap_or(first);
    clock.lap("open");
    let hits = index.search(field, &query, args.hits.top_k.get(), args.hits.threshold).with_context(name)?;
    let found = hits.into_iter().map(|hit| {
        Ok(Found { index: hit.index, score: hit.score, document: index.document(hit.index).with_context(name)? })
    });
    let found: Vec<Found> = found.collect::<Result<_>>()?;
    clock.lap("search");

    let mut out = Sink::stdout();
    if args.hits.json {
        let answer = Answer {
            model: embedder.config().into(),
            query: &args.query,
            field,
            documents_searched: index.rows(field)?,
            hits: &found,
        };
        write_json(&mut out, &answer)?;
        writeln!(out)?;
    } else if args.hits.jsonl {
        for hit in &found {
            write_json(&mut out, hit)?;
            writeln!(out)?;
        }
    } else {
        writeln!(out, "{}, `{field}` of {} documents", model_line(embedder.config()), index.rows(field)?)?;
        for Found { score, document, .. } in &found {
            let text = document.text(field).unwrap_or_default();
            writeln!(out, "{score:>9.4}  {:<24}  {}", shortened(&document.id, 24), shortened(&text, TEXT_WIDTH))?;
        }
    }
    out.commit()
}

/// How long steps take.
struct Clock {
    last: Instant,
    shown: bool,
}

impl Clock {
    fn lap(&mut self, step: &str) {
        if self.shown {
            let _ = writeln!(io::stderr(), "{step:<6} {:>9.3} ms", self.last.elapsed().as_secs_f64() * 1e3);
            self.last = Instant::now();
        }
    }
}
