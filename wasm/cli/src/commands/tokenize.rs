//! `tokenize`: what the model reads of a text.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use minilm::{Embedder, Error, Tokens};
use serde::Serialize;

use crate::args::TokenArgs;
use crate::model;
use crate::output::{ModelFacts, Sink, model_line, shortened, write_json};

/// Show the tokens that the model reads of each text
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct TokenizeArgs {
    #[arg(value_name = "TEXT", required = true)]
    texts: Vec<String>,
    /// Tokenize a pair: the one TEXT, then this
    #[arg(long, value_name = "SECOND", conflicts_with_all = ["prompt", "prompt_name"])]
    pair: Option<String>,
    /// Write a JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
    #[command(flatten)]
    tokens: TokenArgs,
}

const EXAMPLES: &str = "\
Examples:
  minilm tokenize \"unbelievably good\"
  minilm tokenize --json --max-seq-length 16 \"a long text …\"
  minilm tokenize \"first text\" --pair \"second text\"

JSON:  {\"model\": {…}, \"encodings\": [{\"text\", \"pair\"?, \"ids\": […], \"type_ids\": […], \"tokens\": […],
        \"offsets\": [[start, end], …], \"n_tokens\", \"truncated\"}, …]}
Offsets are bytes of the text (after the prompt, if there is one, they count it in). ## continues a word.";

const TEXT_WIDTH: usize = 72;
#[derive(Serialize)]
struct Answer<'a> {
    model: ModelFacts<'a>,
    encodings: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<&'a str>,
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    tokens: Vec<String>,
    offsets: Vec<[usize; 2]>,
    n_tokens: usize,
    truncated: bool,
}

pub fn run(args: &TokenizeArgs, model: Option<&Path>) -> Result<()> {
    let embedder = model::load(model)?;
    let encodings = encodings(&embedder, args)?;
    let pair = args.pair.as_deref();
    let tokens = args.texts.iter().zip(encodings).map(|(text, encoding)| named(&embedder, text, pair, encoding));

    let mut out = Sink::stdout();
    if args.json {
        write_json(&mut out, &Answer { model: embedder.config().into(), encodings: tokens.collect() })?;
        writeln!(out)?;
        return out.commit();
    }
    writeln!(out, "{}", model_line(embedder.config()))?;
    tokens.into_iter().try_for_each(|tokens| write_table(&mut out, &tokens))?;
    out.commit()
}

fn encodings(embedder: &Embedder, args: &TokenizeArgs) -> Result<Vec<Tokens>> {
    let options = args.tokens.options();
    let Some(second) = &args.pair else { return Ok(embedder.tokenize(&args.texts, &options)?) };
    let [first] = &args.texts[..] else { bail!("--pair needs exactly one TEXT, there are {}", args.texts.len()) };
    // Checks the options, which the tokenizer itself takes on trust.
    embedder.tokenize::<&str>(&[], &options)?;
    let limit = options.max_seq_length.unwrap_or(embedder.config().max_seq_length);
    let least = embedder.tokenizer().pair_frame_len();
    if limit < least {
        bail!("option `max_seq_length`: a pair has at least {least} tokens");
    }
    let encoding = embedder.tokenizer().encode_pair(first, second, limit, options.truncation);
    let too_many = |too_long: minilm::TooLong| Error::TooManyTokens { index: 0, n_tokens: too_long.n_tokens, limit };
    Ok(vec![encoding.map_err(too_many)?])
}

fn named<'a>(embedder: &Embedder, text: &'a str, pair: Option<&'a str>, encoding: Tokens) -> Row<'a> {
    let token = |&id: &u32| embedder.tokenizer().id_to_token(id).unwrap_or_default();
    Row {
        text,
        pair,
        tokens: encoding.ids.iter().map(token).collect(),
        offsets: encoding.offsets.iter().map(|range| [range.start, range.end]).collect(),
        n_tokens: encoding.len(),
        truncated: encoding.truncated,
        ids: encoding.ids,
        type_ids: encoding.type_ids,
    }
}

fn write_table(out: &mut Sink, tokens: &Row<'_>) -> Result<()> {
    let mark = if tokens.truncated { ", truncated" } else { "" };
    let texts = [Some(tokens.text), tokens.pair].into_iter().flatten();
    let texts: Vec<String> = texts.map(|text| shortened(text, TEXT_WIDTH)).collect();
    writeln!(out, "\n{} ({} tokens{mark})", texts.join(" | "), tokens.n_tokens)?;
    let rows = tokens.ids.iter().zip(&tokens.type_ids).zip(&tokens.offsets).zip(&tokens.tokens);
    for (((id, type_id), [start, end]), token) in rows {
        writeln!(out, "{id:>7}  {type_id}  {:>11}  {}", format!("{start}..{end}"), shortened(token, TEXT_WIDTH))?;
    }
    Ok(())
}
