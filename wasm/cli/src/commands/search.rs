//! `search`: the texts of a file that are closest to a query.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use minilm::{Embedder, EncodeOptions, Hit, SimilarityFunction, TopK, similarity};
use serde::Serialize;

use crate::args::{HitArgs, ParseArgs, VectorArgs};
use crate::batches::Batches;
use crate::input::Source;
use crate::model;
use crate::output::{ModelFacts, Sink, function_name, model_line, shortened, write_json};
use crate::paths::Paths;
use crate::progress::Progress;

/// Find the texts of a file that are closest to a query
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    query: String,
    /// File of texts to search, or standard input (-)
    #[arg(long = "in", value_name = "FILE", help_heading = "Input")]
    input: PathBuf,
    #[command(flatten)]
    parse: ParseArgs,
    #[command(flatten)]
    hits: HitArgs,
    #[command(flatten)]
    vectors: VectorArgs,
    /// Put this before the query, instead of what --prompt and --prompt-name put before every text
    #[arg(long, value_name = "TEXT", help_heading = "Encoding")]
    query_prompt: Option<String>,
    /// The same with one of the model's own prompts
    #[arg(long, value_name = "NAME", conflicts_with = "query_prompt", help_heading = "Encoding")]
    query_prompt_name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  minilm search \"When are you open?\" --in faq.txt
  minilm search \"refund\" --in tickets.csv --column body --top-k 3 --threshold 0.4 --json

JSON:   {\"model\": {…}, \"similarity_fn_name\", \"query\", \"hits\": [{\"corpus_id\", \"score\", \"text\"}, …]}
JSONL:  {\"corpus_id\", \"score\", \"text\", \"model\", \"model_sha256\"} a line
Best first. Every text is compared; only the best stay in memory. corpus_id counts from 0.";

const TEXT_WIDTH: usize = 96;
/// Texts embedded together. Vectors do not depend on it.
const BATCH_SIZE: usize = 32;

impl SearchArgs {
    pub(crate) fn add_paths(&self, paths: &mut Paths) {
        paths.read([&self.input]);
    }
}

pub fn run(args: SearchArgs, model: Option<&Path>) -> Result<()> {
    let embedder = model::load(model)?;
    let options = args.vectors.options();
    let query_options = match (args.query_prompt, args.query_prompt_name) {
        (None, None) => options.clone(),
        (prompt, prompt_name) => EncodeOptions { prompt, prompt_name, ..options.clone() },
    };
    let query = embedder.encode(&[&args.query], &query_options).context("query")?;

    let mut batches = Batches::new(Source::file(args.input).texts(&args.parse)?, BATCH_SIZE);
    let mut best = Best::new(args.hits.top_k.get(), args.hits.threshold);
    let mut progress = Progress::new(true);
    let mut first = 0;
    while let Some(texts) = batches.next()? {
        best.offer(scores(&embedder, &query.data, &texts, &options, first)?, texts, first);
        progress.add(best.seen - first);
        first = best.seen;
    }
    drop(progress);

    let config = embedder.config();
    let function = function_name(config.similarity);
    let found = best.into_found();
    let mut out = Sink::stdout();
    if args.hits.json {
        let answer = Answer { model: config.into(), similarity_fn_name: function, query: &args.query, hits: found };
        write_json(&mut out, &answer)?;
        writeln!(out)?;
    } else if args.hits.jsonl {
        for hit in &found {
            write_json(&mut out, &Line { hit, model: &config.name, model_sha256: &config.model_sha256 })?;
            writeln!(out)?;
        }
    } else {
        writeln!(out, "{}, {function}, {first} texts", model_line(config))?;
        for Found { corpus_id, score, text } in &found {
            writeln!(out, "{score:>9.4}  {corpus_id:>7}  {}", shortened(text, TEXT_WIDTH))?;
        }
    }
    out.commit()
}

#[derive(Debug, PartialEq, Serialize)]
struct Found {
    corpus_id: usize,
    score: f32,
    text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: ModelFacts<'a>,
    similarity_fn_name: &'static str,
    query: &'a str,
    hits: Vec<Found>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    hit: &'a Found,
    model: &'a str,
    model_sha256: &'a str,
}

/// Similarity of `query` to each of `texts`.
fn scores(
    embedder: &Embedder,
    query: &[f32],
    texts: &[String],
    options: &EncodeOptions,
    first: usize,
) -> Result<Vec<f32>> {
    let embeddings = embedder.encode(texts, options).map_err(|error| error.with_first_index(first))?;
    let function: SimilarityFunction = embedder.config().similarity;
    Ok(similarity(query, &embeddings.data, embeddings.dim, function)?)
}

/// The best hits of a stream, and their texts.
struct Best {
    top_k: usize,
    threshold: f32,
    hits: TopK,
    texts: BTreeMap<usize, String>,
    /// Texts offered so far.
    seen: usize,
}

impl Best {
    fn new(top_k: usize, threshold: Option<f32>) -> Self {
        let threshold = threshold.unwrap_or(f32::NEG_INFINITY);
        Self { top_k, threshold, hits: TopK::new(top_k), texts: BTreeMap::new(), seen: 0 }
    }

    /// Offers a batch, then drops the texts that are no longer among the best. [`TopK`] does not say which it has dropped,
    /// so it is taken apart and filled again: k offers a batch, nothing beside 32 walks through a model.
    fn offer(&mut self, scores: Vec<f32>, texts: Vec<String>, first: usize) {
        self.seen = first + texts.len();
        for (corpus_id, (score, text)) in (first..).zip(scores.into_iter().zip(texts)) {
            if score >= self.threshold {
                self.hits.offer(Hit { index: corpus_id, score });
                self.texts.insert(corpus_id, text);
            }
        }
        let hits = std::mem::replace(&mut self.hits, TopK::new(self.top_k)).into_hits();
        let kept = hits.iter().filter_map(|hit| self.texts.remove_entry(&hit.index)).collect();
        self.texts = kept;
        hits.into_iter().for_each(|hit| self.hits.offer(hit));
    }

    /// Best first.
    fn into_found(mut self) -> Vec<Found> {
        let found = |Hit { index, score }| Some(Found { corpus_id: index, score, text: self.texts.remove(&index)? });
        self.hits.into_hits().into_iter().filter_map(found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Best;

    #[test]
    fn only_the_best_stay() {
        let mut best = Best::new(2, Some(0.1));
        let texts = |names: &str| names.split(' ').map(str::to_owned).collect();
        best.offer(vec![0.5, 0.0, 0.2], texts("a b c"), 0);
        best.offer(vec![0.3, 0.5], texts("d e"), 3);
        assert_eq!((best.texts.len(), best.seen), (2, 5));
        let found: Vec<_> = best.into_found().into_iter().map(|hit| (hit.corpus_id, hit.text)).collect();
        assert_eq!(found, [(0, "a".to_owned()), (4, "e".to_owned())]);
    }
}
