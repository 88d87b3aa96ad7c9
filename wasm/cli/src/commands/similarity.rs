//! `similarity`: how close texts are.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use clap::Args;
use minilm::similarity;
use serde::Serialize;

use crate::args::VectorArgs;
use crate::model;
use crate::output::{ModelFacts, Sink, function_name, model_line, shortened, write_json, write_matrix};

/// Compare the first text with each of the others
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SimilarityArgs {
    /// Two or more texts
    #[arg(value_name = "TEXT", required = true, num_args = 2..)]
    texts: Vec<String>,
    /// Compare all with all
    #[arg(long, help_heading = "Output")]
    matrix: bool,
    /// Write a JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
    #[command(flatten)]
    vectors: VectorArgs,
}

const EXAMPLES: &str = "\
Examples:
  minilm similarity \"A cat sat on the mat.\" \"A feline rested on a rug.\" \"Stocks fell.\"
  minilm similarity --matrix --json one two three

JSON:  {\"model\": {…}, \"similarity_fn_name\", \"texts\": […], \"similarity\": [[…], …], \"truncated\": […]}
       with one row (the first text against the others), or all against all with --matrix.
Larger is closer, whichever function the model uses; cosine goes from -1 to 1.";

const TEXT_WIDTH: usize = 72;

#[derive(Serialize)]
struct Answer<'a> {
    model: ModelFacts<'a>,
    similarity_fn_name: &'static str,
    texts: &'a [String],
    similarity: Vec<&'a [f32]>,
    truncated: &'a [bool],
}

pub fn run(args: &SimilarityArgs, model: Option<&Path>) -> Result<()> {
    let embedder = model::load(model)?;
    let embeddings = embedder.encode(&args.texts, &args.vectors.options())?;
    let vectors = &embeddings.data[..];
    let (a, b, columns) = match vectors.split_at(embeddings.dim) {
        _ if args.matrix => (vectors, vectors, args.texts.len()),
        (first, others) => (first, others, args.texts.len() - 1),
    };
    let config = embedder.config();
    let scores = similarity(a, b, embeddings.dim, config.similarity)?;

    let mut out = Sink::stdout();
    let function = function_name(config.similarity);
    if args.json {
        let answer = Answer {
            model: config.into(),
            similarity_fn_name: function,
            texts: &args.texts,
            similarity: scores.chunks(columns).collect(),
            truncated: &embeddings.truncated,
        };
        write_json(&mut out, &answer)?;
        writeln!(out)?;
        return out.commit();
    }
    writeln!(out, "{}, {function}", model_line(config))?;
    let mark = |truncated| if truncated { " (truncated)" } else { "" };
    let texts = || args.texts.iter().zip(&embeddings.truncated);
    if args.matrix {
        write_matrix(&mut out, &scores, columns)?;
        for (index, (text, &truncated)) in texts().enumerate() {
            writeln!(out, "{index:>5}  {}{}", shortened(text, TEXT_WIDTH), mark(truncated))?;
        }
    } else {
        for (index, (text, &truncated)) in texts().enumerate() {
            let score = index.checked_sub(1).map_or_else(String::new, |other| format!("{:.4}", scores[other]));
            writeln!(out, "{score:>9}  {}{}", shortened(text, TEXT_WIDTH), mark(truncated))?;
        }
    }
    out.commit()
}
