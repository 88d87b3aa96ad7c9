//! The command line.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cargo::{Backend, Store};

/// MiniLM in WebAssembly: set up, build, run and test.
///
/// Every command installs what it needs: the wasm target, the model (into the cache folder of the user), the build.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
#[command(after_help = "Examples:
  cargo xtask serve
  cargo xtask run embed \"How do neural networks work?\" \"What is a neuron?\"
  cargo xtask build cli --model paraphrase-MiniLM-L3-v2
  cargo xtask test")]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run `minilm` with any arguments. This and the next two commands build it with its components first.
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
    /// Build a component, or the npm package.
    #[command(subcommand)]
    Build(BuildCommand),
    /// Measure how good models are: STS benchmark, Banking77, retrieval, sizes, speed; `--help` shows the options.
    #[command(disable_help_flag = true)]
    Eval(RunArgs),
    /// Check the format and the style of Python, JavaScript and TypeScript. `cargo fmt` and `cargo clippy` do it for Rust.
    Lint {
        /// Change files: format them and mend what can be mended.
        #[arg(long)]
        fix: bool,
    },
    /// Write the licences of the crates in `minilm`, in the components and in the npm package to target/minilm/notices.
    Notices,
    /// Build the components and the npm package once more from a copy of the tracked files in another folder, with another folder of cargo, and
    /// compare the files to the byte.
    Reproduce,
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

/// The model of a command.
#[derive(Args)]
pub struct ModelArgs {
    /// Name of a model on the Hugging Face hub, or a local directory. Without it, paraphrase-MiniLM-L3-v2 is used.
    #[arg(long, env = "MODEL_NAME", value_name = "NAME|DIR")]
    pub model: Option<String>,
}

/// What is passed on.
#[derive(Args)]
pub struct RunArgs {
    /// Arguments of the program; `--help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What `build` builds.
#[derive(Subcommand)]
pub enum BuildCommand {
    /// The command line component, which also packs model directories. With a model, that is baked in instead: one file that runs with
    /// nothing mounted.
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
        /// Take keys from Spin's variables too: such a build runs in Spin alone, and has a model.
        #[arg(long)]
        spin: bool,
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
        store: Store,
    },
    /// The npm package minilm-wasm, as a folder for `npm pack`, without a model.
    Web,
    /// The page with a model as a folder of static files, and the component that serves such a folder.
    Www {
        /// The model.
        #[command(flatten)]
        model: ModelArgs,
    },
}

/// What can be tested by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Every crate, compiled for this machine
    Rust,
    /// The core and the components in wasmtime
    Components,
    /// Clients of OpenAI, Hugging Face, LangChain and Ollama against `minilm serve`
    Clients,
    /// A client of the Flask service against `minilm kb`
    Kb,
    /// minilm-sync between MongoDB's protocol and `minilm kb`
    Sync,
    /// The npm package in Node and browsers
    Web,
    /// The page in browsers
    Www,
}

impl Part {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
