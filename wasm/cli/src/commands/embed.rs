//! `embed`: texts to vectors.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use minilm::{Embedder, Embeddings, EncodeOptions, Error, Ranges};

use crate::args::{ParseArgs, Precision, PrecisionArgs, VectorArgs};
use crate::batches::Batches;
use crate::input::Source;
use crate::model;
use crate::output::{Format, Head, Json, Jsonl, Npy, Rows, Sink, Table, Vectors};
use crate::paths::Paths;
use crate::progress::Progress;

/// Embed texts: from arguments, a file or standard input
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct EmbedArgs {
    /// Texts to embed; without any, they are read from --file or standard input
    #[arg(value_name = "TEXT", conflicts_with_all = ["file", "input_format"])]
    texts: Vec<String>,
    /// Read texts from this file, or from standard input (-)
    #[arg(long, value_name = "PATH", help_heading = "Input")]
    file: Option<PathBuf>,
    #[command(flatten)]
    parse: ParseArgs,
    #[command(flatten)]
    vectors: VectorArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// Format of the vectors [default: table for texts from arguments, else jsonl]
    #[arg(long, value_enum)]
    format: Option<OutputFormat>,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to this file instead of standard output; it appears when it is complete
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Put the text into each line of jsonl
    #[arg(long)]
    with_text: bool,
    /// Texts that are read, embedded and written together; vectors do not depend on it
    #[arg(long, value_name = "N", default_value = "32")]
    batch_size: NonZeroUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people: both ends of each vector, and the similarity of up to 16 texts
    Table,
    /// One JSON object
    Json,
    /// One JSON object a line
    Jsonl,
    /// NumPy array [rows, dim]; needs --output
    Npy,
}

const EXAMPLES: &str = "\
Examples:
  minilm embed \"How do neural networks work?\" \"What is a neuron?\"
  minilm embed --json \"one text\"
  minilm embed --file questions.txt > vectors.jsonl
  minilm embed --file faq.csv --column question --format npy --output faq.npy
  minilm embed --file faq.txt --precision int8 --ranges ranges.npy --format npy --output faq.npy
  cat questions.txt | minilm embed --truncate-dim 128 --normalize-embeddings

JSON:   {\"model\": {\"name\", \"model_sha256\", \"precision\"}, \"dim\", \"precision\", \"embeddings\": [[…], …],
         \"n_tokens\": […], \"truncated\": […], \"similarity\"?: [[…], …]}
JSONL:  {\"index\", \"text\"?, \"embedding\": […], \"n_tokens\", \"truncated\", \"model\", \"model_sha256\"} a line
Input of any length streams through in batches. Every line is a text, the empty one too.";

impl EmbedArgs {
    pub(crate) fn add_paths(&self, paths: &mut Paths) {
        paths.read(&self.file);
        paths.read(&self.precision.ranges);
        paths.written(&self.output.output);
    }

    fn source(&mut self) -> Source {
        match self.file.take() {
            _ if !self.texts.is_empty() => Source::Arguments(std::mem::take(&mut self.texts)),
            Some(path) => Source::file(path),
            None => Source::Stdin,
        }
    }
}

impl OutputArgs {
    fn format(&self, source: &Source) -> OutputFormat {
        match (self.format, source) {
            (Some(format), _) => format,
            _ if self.json => OutputFormat::Json,
            (None, Source::Arguments(_)) => OutputFormat::Table,
            (None, Source::File(_) | Source::Stdin) => OutputFormat::Jsonl,
        }
    }

    fn sink(&self) -> Result<Sink> {
        self.output.as_deref().map_or_else(|| Ok(Sink::stdout()), Sink::file)
    }
}

pub fn run(mut args: EmbedArgs, model: Option<&Path>) -> Result<()> {
    let source = args.source();
    let format = args.output.format(&source);
    if format == OutputFormat::Npy && args.output.output.is_none() {
        bail!("the npy format needs --output FILE: its start holds the number of rows, which is known at the end only");
    }
    let from_arguments = matches!(source, Source::Arguments(_));
    let options = args.vectors.options();
    let number_format = NumberFormat { precision: args.precision.precision, ranges: args.precision.read_ranges()? };
    let embedder = model::load(model)?;
    // Checks every option before the first text is read, and tells the width of a row where there is none.
    let empty = number_format.apply(embedder.encode::<&str>(&[], &options)?)?;
    let head = Head { config: embedder.config(), dim: empty.dim(), precision: number_format.precision };
    let format: Box<dyn Format> = match format {
        OutputFormat::Table => Box::new(Table::new(head)),
        OutputFormat::Json => Box::new(Json::new(head, from_arguments)),
        OutputFormat::Jsonl => Box::new(Jsonl::new(head, args.output.with_text)),
        OutputFormat::Npy => Box::new(Npy::new(head)),
    };
    let batches = Batches::new(source.texts(&args.parse)?, args.output.batch_size.get());
    let mut out = args.output.sink()?;
    let progress = Progress::new(!from_arguments && !out.is_terminal());
    let in_one_batch = args.precision.needs_all_texts();
    let mut stream = Stream { embedder: &embedder, options, number_format, format, progress, in_one_batch };
    match stream.run(batches, &mut out) {
        Ok(()) => out.commit(),
        Err(error) => Err(out.abandon(error)),
    }
}

/// The number format of the output.
struct NumberFormat {
    precision: Precision,
    ranges: Option<Ranges>,
}

impl NumberFormat {
    fn apply(&self, embeddings: Embeddings) -> Result<Vectors, Error> {
        let quantize = |precision| embeddings.quantize(precision, self.ranges.as_ref());
        let quantized = self.precision.quantized().map(quantize).transpose()?;
        Ok(Vectors { embeddings, quantized })
    }
}

/// Batch after batch from the input to the output.
struct Stream<'a> {
    embedder: &'a Embedder,
    options: EncodeOptions,
    number_format: NumberFormat,
    format: Box<dyn Format + 'a>,
    progress: Progress,
    /// Whether the numbers of a text depend on all others: then there may be one batch only.
    in_one_batch: bool,
}

impl Stream<'_> {
    fn run(&mut self, mut batches: Batches, out: &mut Sink) -> Result<()> {
        let mut next = batches.next()?;
        if self.in_one_batch && batches.more()? {
            bail!(
                "int8 and uint8 spread their steps over the range of all texts, and these fill more than one batch: \
                 pass --ranges FILE.npy, or a --batch-size that holds all texts"
            );
        }
        self.format.begin(out)?;
        let mut first = 0;
        while let Some(texts) = next {
            self.batch(first, &texts, out)?;
            first += texts.len();
            next = batches.next()?;
        }
        self.format.end(out)
    }

    /// Embeds and writes `texts`; if one of them is refused, those before it.
    fn batch(&mut self, first: usize, texts: &[String], out: &mut Sink) -> Result<()> {
        match self.embedder.encode(texts, &self.options) {
            Ok(embeddings) => self.write(first, texts, embeddings, out),
            Err(error) => {
                if let Error::TooManyTokens { index, .. } = error
                    && !self.in_one_batch
                {
                    let embeddings = self.embedder.encode(&texts[..index], &self.options)?;
                    self.write(first, &texts[..index], embeddings, out)?;
                }
                Err(error.with_first_index(first).into())
            }
        }
    }

    fn write(&mut self, first: usize, texts: &[String], embeddings: Embeddings, out: &mut Sink) -> Result<()> {
        let vectors = &self.number_format.apply(embeddings)?;
        self.format.rows(out, &Rows { first, texts, vectors })?;
        // Whoever reads from us works on this batch while we work on the next.
        out.flush()?;
        self.progress.add(texts.len());
        Ok(())
    }
}
