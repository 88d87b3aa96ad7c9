//! `cargo xtask eval`: how good models are, as tables.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use minilm::{AlignedBytes, Embedder, Precision};
use minilm_eval::reference::Reference;
use minilm_eval::report::{self, Model};
use minilm_eval::{Scores, agreement, classification, data, parity, retrieval, speed, sts};
use minilm_hub::{Context, KNOWN, Request};

/// How good a model is in every precision, beside sentence-transformers.
#[derive(Parser)]
#[command(name = "cargo xtask eval", bin_name = "cargo xtask eval")]
struct Args {
    /// What is measured.
    #[arg(default_value = "all")]
    task: Task,
    /// Name of a model on the Hugging Face hub, a local directory, or a packed file; may be given more than once. Without it, both known models.
    #[arg(long = "model", env = "MODEL_NAME", value_name = "NAME|DIR|FILE")]
    models: Vec<String>,
    /// Dev split of the STS benchmark: separated by tabs, the score in column 5, the sentences in columns 6 and 7.
    #[arg(long, default_value = "../shared/data/sts-benchmark-dev.tsv", value_name = "FILE")]
    sts: PathBuf,
    /// Test split of Banking77: CSV with the columns text and category.
    #[arg(long, default_value = "../shared/data/banking77-test.csv", value_name = "FILE")]
    banking77: PathBuf,
    /// Python of `parity`, with the packages in crates/eval/reference/requirements.txt.
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: String,
    /// Write the tables of `all`, `parity` or `speed` into docs/models.md.
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Task {
    /// Spearman correlation on the STS benchmark
    Sts,
    /// Accuracy on Banking77: logistic regression, and nearest neighbour
    Classification,
    /// MRR@10, nDCG@10 and recall@1 of questions in other words
    Retrieval,
    /// These three, file sizes, and cosines to sentence-transformers
    All,
    /// Cosines to sentence-transformers of models of every shape, with random weights, and of those named by `--model`. Takes minutes
    Parity,
    /// Texts a second, beside each other; leave the machine alone meanwhile
    Speed,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.write && !matches!(args.task, Task::All | Task::Parity | Task::Speed) {
        bail!("--write needs the task all, parity or speed");
    }
    let (block, tables, missed) = match args.task {
        Task::Parity => {
            let (table, missed) = parity(&args)?;
            ("cargo xtask eval parity --write", table, missed)
        }
        Task::Speed => ("cargo xtask eval speed --write", speeds(load(&args.models)?)?, Vec::new()),
        _ => ("cargo xtask eval all --write", quality(&args, &load(&args.models)?)?, Vec::new()),
    };
    print!("{tables}");
    if args.write {
        let file = root().join("docs/models.md");
        let document = fs::read_to_string(&file)?;
        fs::write(&file, report::replace_block(&document, block, &tables)?)?;
    }
    if !missed.is_empty() {
        bail!("{}", missed.join("\n"));
    }
    Ok(())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Those given, or the known ones.
fn names(given: &[String]) -> Vec<String> {
    if given.is_empty() { KNOWN.iter().map(|known| known.name.to_owned()).collect() } else { given.to_vec() }
}

/// Each model in each precision; a packed file has its own.
fn load(given: &[String]) -> Result<Vec<Embedder>> {
    let context = Context::from_env()?;
    let names = names(given);
    let mut models = Vec::new();
    for name in names {
        let packed = name.ends_with(".minilm");
        let request = Request::Named(name);
        let precisions = if packed { &[Precision::Int8] } else { &Precision::ALL[..] };
        for &precision in precisions {
            models.push(open(&context.resolve_packed(&request, precision)?.path)?);
        }
    }
    Ok(models)
}

fn open(file: &Path) -> Result<Embedder> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut bytes = AlignedBytes::zeroed(content.len())?;
    bytes.copy_from_slice(&content);
    Embedder::from_bytes(bytes).with_context(|| file.display().to_string())
}

fn quality(args: &Args, models: &[Embedder]) -> Result<String> {
    let wants = |task| args.task == task || args.task == Task::All;
    let pairs = wants(Task::Sts).then(|| data::sts(&args.sts)).transpose()?;
    let banking77 = wants(Task::Classification).then(|| data::banking77(&args.banking77)).transpose()?;
    let questions =
        wants(Task::Retrieval).then(|| Ok::<_, anyhow::Error>((data::questions()?, data::queries()?))).transpose()?;
    let reference = Reference::load(&args.sts, &args.banking77)?;
    let (mut sizes, mut scored) = (Vec::new(), Vec::new());
    for embedder in models {
        let model = Model::of(embedder);
        eprintln!("{} {}", model.name, model.precision);
        let mut scores = Scores::new();
        if let Some(pairs) = &pairs {
            scores.extend(sts::evaluate(embedder, pairs)?);
        }
        if let Some(data) = &banking77 {
            scores.extend(classification::evaluate(embedder, data)?);
        }
        if let Some((corpus, queries)) = &questions {
            scores.extend(retrieval::evaluate(embedder, corpus, queries)?);
        }
        if args.task == Task::All {
            sizes.push((model.clone(), agreement::evaluate(embedder, &root().join("tests/golden"))?));
        }
        scored.push((model, scores));
    }
    let scores = report::scores(&scored, |name| reference.of(name));
    Ok(if args.task == Task::All { format!("{}\n{scores}", report::sizes(&sizes)) } else { scores })
}

/// The table, and the bars that are missed.
fn parity(args: &Args) -> Result<(String, Vec<String>)> {
    let folder = root().join("target/minilm/parity");
    let rows = parity::evaluate(&Context::from_env()?, &args.python, &folder, KNOWN[0].name, &names(&args.models))?;
    Ok(parity::report(&rows))
}

/// Beside the first model that is `int8`, or the first.
fn speeds(models: Vec<Embedder>) -> Result<String> {
    let texts = data::questions()?;
    let base = models.iter().position(|model| model.config().precision == Precision::Int8).unwrap_or(0);
    let speeds = speed::evaluate(&models, base, &texts)?;
    let rows: Vec<_> = models.iter().map(Model::of).zip(speeds).collect();
    Ok(report::speeds(&rows, base, texts.len(), &processor()))
}

/// Its name, where the system tells.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).and_then(|line| line.split_once(": "));
    name.map_or(std::env::consts::ARCH, |(_, name)| name).to_owned()
}
