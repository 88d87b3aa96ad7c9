//! `cargo xtask …`: every command of a user or developer of the project. CI runs the same ones.

mod cargo;
mod commands;
mod debian;
mod fs_util;
mod model;
mod node;
mod paths;
mod program;
mod python;
mod tool_cache;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use cargo::Backend;
use commands::test::Part;
use model::Request;

/// MiniLM in WebAssembly: set up, build, run and test.
///
/// Every command installs what it needs: the wasm target, the model (into the cache folder of the user), the build.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
#[command(after_help = "Examples:
  cargo xtask embed \"How do neural networks work?\" \"What is a neuron?\"
  cargo xtask embed --json --file questions.txt
  cargo xtask build cli --model all-MiniLM-L6-v2
  cargo xtask test")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run `minilm embed`: texts to vectors. This and the next three commands build `minilm` with its components first.
    #[command(disable_help_flag = true)]
    Embed(RunArgs),
    /// Run `minilm` with any arguments.
    #[command(disable_help_flag = true)]
    Run(RunArgs),
    /// Run `minilm serve`: the protocols of OpenAI, text-embeddings-inference and Ollama over HTTP.
    #[command(disable_help_flag = true)]
    Serve(RunArgs),
    /// Run `minilm kb`: a knowledge base over HTTP, in SQLite, PostgreSQL or an index file.
    #[command(disable_help_flag = true)]
    Kb(RunArgs),
    /// Build `minilm` for release and put it into cargo's folder of programs.
    Install,
    /// Build the page and run `minilm www` with it: everything that the page does happens in the browser.
    #[command(disable_help_flag = true)]
    Www(RunArgs),
    /// Make the test model.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Build a component, or the npm package.
    #[command(subcommand)]
    Build(BuildCommand),
    /// Measure accuracy.
    #[command(subcommand)]
    Eval(EvalCommand),
    /// Run all tests, or those of one part; prints how long each part took.
    Test {
        /// Part that is tested.
        part: Option<Part>,
        /// Only the tests of cargo whose name contains this.
        filter: Option<String>,
    },
    /// Time the core against its peers, side by side, and write docs/benchmarks/encoding.md. Installs the peers (6 GB) into the cache folder of
    /// the user. `--quick` is a short run, `--help` shows the other options.
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments of `bench/run.py`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Time the HTTP component beside a Flask service and write docs/benchmarks/http.md. Installs wasmtime's command line tool, the load
    /// generator wrk and the service. `--quick` is a short run, `--help` shows the other options.
    #[command(disable_help_flag = true)]
    BenchHttp {
        /// Arguments of `bench/http/run.py`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Time the knowledge base over SQLite with 3,000 questions.
    #[command(hide = true)]
    BenchKb,
}

#[derive(Args)]
struct ModelArgs {
    /// Name of a model on the Hugging Face hub, or a local directory. Without it, paraphrase-MiniLM-L3-v2 is used, or
    /// all-MiniLM-L6-v2 where the hub cannot be reached.
    #[arg(long, env = "MODEL_NAME", value_name = "NAME|DIR")]
    model: Option<String>,
}

impl ModelArgs {
    fn request(&self) -> Request {
        self.model.clone().map_or(Request::Default, Request::Named)
    }
}

#[derive(Args)]
struct RunArgs {
    /// Arguments of `minilm`; `--help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

#[derive(Subcommand)]
enum ModelCommand {
    /// Write the test model with the shape of paraphrase-MiniLM-L3-v2: layers 0, 2 and 5 of all-MiniLM-L6-v2.
    Slice {
        /// Directory to write; without it, in the target folder.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum BuildCommand {
    /// The command line component. With a model it is baked in: one file that runs with nothing mounted.
    Cli {
        /// Name of a model on the Hugging Face hub, or a local directory, to bake in.
        #[arg(long, value_name = "NAME|DIR")]
        model: Option<String>,
        /// Instructions that the component may use.
        #[arg(long, default_value = "relaxed-simd")]
        backend: Backend,
    },
    /// The HTTP component, for Spin and `wasmtime serve`. Without a model it reads the file that MODEL_PATH names.
    Http {
        /// Name of a model on the Hugging Face hub, or a local directory, to bake in.
        #[arg(long, value_name = "NAME|DIR")]
        model: Option<String>,
        /// Instructions that the component may use.
        #[arg(long, default_value = "relaxed-simd")]
        backend: Backend,
    },
    /// The library component `minilm:embed`, for components in any language to be composed with. With a model it is baked in,
    /// and nothing is asked of the host.
    Component {
        /// Name of a model on the Hugging Face hub, or a local directory, to bake in.
        #[arg(long, value_name = "NAME|DIR")]
        model: Option<String>,
        /// Instructions that the component may use.
        #[arg(long, default_value = "relaxed-simd")]
        backend: Backend,
    },
    /// The knowledge base, for Spin, or for `wasmtime serve` over an index file. Without a model it reads the file that MODEL_PATH names.
    Kb {
        /// Name of a model on the Hugging Face hub, or a local directory, to bake in.
        #[arg(long, value_name = "NAME|DIR")]
        model: Option<String>,
        /// Instructions that the component may use.
        #[arg(long, default_value = "relaxed-simd")]
        backend: Backend,
        /// Where documents are kept.
        #[arg(long, default_value = "spin")]
        store: cargo::Store,
    },
    /// The npm package minilm-wasm, as a folder for `npm pack`, without a model.
    Web,
    /// The page with a model as a folder of static files, and the component that serves such a folder.
    Www {
        #[command(flatten)]
        model: ModelArgs,
    },
}

#[derive(Subcommand)]
enum EvalCommand {
    /// Spearman correlation on a file in the form of the STS benchmark, in f32 and int8.
    Sts {
        #[command(flatten)]
        model: ModelArgs,
        /// Tab-separated file: the score in column 5, the sentences in columns 6 and 7.
        #[arg(long, default_value = "../shared/data/sts-benchmark-dev.tsv")]
        file: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Embed(run) => program::exec(Some("embed"), &run.args),
        Command::Run(run) => program::exec(None, &run.args),
        Command::Serve(run) => program::exec(Some("serve"), &run.args),
        Command::Kb(run) => program::exec(Some("kb"), &run.args),
        Command::Install => program::install(),
        Command::Model(ModelCommand::Slice { output }) => commands::model::slice(output),
        Command::Build(BuildCommand::Cli { model, backend }) => commands::build::cli(model, backend),
        Command::Build(BuildCommand::Http { model, backend }) => commands::build::http(model, backend),
        Command::Build(BuildCommand::Component { model, backend }) => commands::build::component(model, backend),
        Command::Build(BuildCommand::Kb { model, backend, store }) => commands::build::kb(model, backend, store),
        Command::Build(BuildCommand::Web) => commands::web::build(),
        Command::Build(BuildCommand::Www { model }) => commands::www::build(&model.request()),
        Command::Www(run) => commands::www::serve(run.args),
        Command::Eval(EvalCommand::Sts { model, file }) => commands::eval::sts(&model.request(), &file),
        Command::Bench { args } => commands::bench::bench(&args),
        Command::BenchHttp { args } => commands::bench::http::bench(&args),
        Command::BenchKb => commands::bench::kb::bench(),
        Command::Test { part, filter } => commands::test::test(part, filter),
    }
}
