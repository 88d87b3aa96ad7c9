//! `index search`: the documents of an index file that are closest to a query.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use minilm::EncodeOptions;
use minilm::index::{Hit, Query};
use minilm_documents::filter::Filter;
use minilm_documents::{Document, FileError, IndexFile, ModelIdentity, ReadAt};
use serde::Serialize;
use serde_json::{Map, Value};

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
    /// Search only documents whose metadata passes this filter, a JSON object
    #[arg(long, value_name = "JSON", value_parser = filter, help_heading = "Input")]
    filter: Option<Filter>,
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
  minilm index search kb.minilm \"refund\" --filter '{\"tags\": \"sales\", \"price\": {\"$gte\": 10}}'

JSON:   {\"model\": {…}, \"query\", \"field\", \"documents_searched\", \"hits\": [{\"index\", \"score\", \"document\"}, …]}
JSONL:  {\"index\", \"score\", \"document\"} a line
A filter has the operators $eq $ne $gt $gte $lt $lte $in $nin $all $exists $not, and between filters $and $or $nor $not.
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
    let (hits, documents_searched) =
        hits(&index, field, &query, &args.hits, args.filter.as_ref()).with_context(name)?;
    let found = hits.into_iter().map(|hit| {
        Ok(Found { index: hit.index, score: hit.score, document: index.document(hit.index).with_context(name)? })
    });
    let found: Vec<Found> = found.collect::<Result<_>>()?;
    clock.lap("search");

    let mut out = Sink::stdout();
    if args.hits.json {
        let answer =
            Answer { model: embedder.config().into(), query: &args.query, field, documents_searched, hits: &found };
        write_json(&mut out, &answer)?;
        writeln!(out)?;
    } else if args.hits.jsonl {
        for hit in &found {
            write_json(&mut out, hit)?;
            writeln!(out)?;
        }
    } else {
        writeln!(out, "{}, `{field}` of {documents_searched} documents", model_line(embedder.config()))?;
        for Found { score, document, .. } in &found {
            let text = document.text(field).unwrap_or_default();
            writeln!(out, "{score:>9.4}  {:<24}  {}", shortened(&document.id, 24), shortened(&text, TEXT_WIDTH))?;
        }
    }
    out.commit()
}

/// The hits, and the number of documents among which they were found.
fn hits<R: ReadAt>(
    index: &IndexFile<R>,
    field: &str,
    query: &Query,
    asked: &HitArgs,
    filter: Option<&Filter>,
) -> Result<(Vec<Hit>, usize), FileError> {
    let (top_k, threshold) = (asked.top_k.get(), asked.threshold);
    let Some(filter) = filter else {
        return Ok((index.search(field, query, top_k, threshold)?, index.rows(field)?));
    };
    let kept = index.rows_where(field, |document| document.matches(filter))?;
    let hits = index.search_rows(field, std::slice::from_ref(query), top_k, threshold, &kept)?;
    Ok((hits.concat(), kept.into_iter().filter(|&kept| kept).count()))
}

fn filter(json: &str) -> Result<Filter, String> {
    let object: Map<String, Value> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let filter = Filter::parse(&object).map_err(|error| error.to_string())?;
    // Every document passes an empty one.
    Ok(filter.unwrap_or_else(|| Filter::And(Vec::new())))
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

#[cfg(test)]
mod tests {
    use minilm_documents::{Documents, write_index};

    use super::*;

    #[test]
    fn only_documents_that_pass_are_hits() {
        let lines = br#"[{"id": 1, "question": "a", "tags": ["x"]}, {"id": 2, "question": "b"}, {"id": 3, "question": "c", "tags": "x"}]"#;
        let documents = Documents::new(&lines[..]).collect::<Result<Vec<_>, _>>().expect("documents");
        let model = ModelIdentity {
            name: "m".to_owned(),
            model_sha256: Some("0".repeat(64)),
            weights_sha256: "0".repeat(64),
            precision: "int8".to_owned(),
            dim: 2,
        };
        let mut file = Vec::new();
        let embed = |texts: &[&str]| Ok::<_, String>([0.6, 0.8].repeat(texts.len()));
        write_index(&mut file, &model, &["question".to_owned()], &documents, embed).expect("they fit");
        let index = IndexFile::open(&file[..]).expect("a file");
        let query = Query::new(&[1.0, 0.0]).expect("not 0");
        let asked = HitArgs { top_k: std::num::NonZeroUsize::MAX, threshold: None, json: false, jsonl: false };
        for (json, expected) in
            [("{}", vec![0, 1, 2]), ("{\"tags\": \"x\"}", vec![0, 2]), ("{\"tags\": \"y\"}", vec![])]
        {
            let filter = filter(json).expect("a filter");
            let (hits, searched) = hits(&index, "question", &query, &asked, Some(&filter)).expect("a field");
            assert_eq!(searched, expected.len(), "{json}");
            assert_eq!(hits.into_iter().map(|hit| hit.index).collect::<Vec<_>>(), expected, "{json}");
        }
    }

    #[test]
    fn filters_are_read() {
        assert_eq!(filter("{}"), Ok(Filter::And(Vec::new())));
        assert!(matches!(filter("{\"price\": {\"$gte\": 10}}"), Ok(Filter::At(..))));
        for (json, expected) in [
            ("[1]", "invalid type: sequence, expected a map at line 1 column 0"),
            ("{\"a\"", "EOF while parsing an object at line 1 column 4"),
            ("{\"a\": [1]}", "`a` is an array: `$in` takes any of some values, `$all` takes all of them"),
        ] {
            assert_eq!(filter(json), Err(expected.to_owned()));
        }
    }
}
