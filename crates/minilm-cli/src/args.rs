//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use minilm_host::serve::{Clients, Limits};
use minilm_hub::Precision;

use crate::components::Component;

/// Sentence embeddings with MiniLM, in WebAssembly.
///
/// A text becomes a vector; texts that mean the same have vectors that point the same way. Options are named as in
/// sentence-transformers. Models are fetched and packed when they are first used, and kept in the cache folder of the user.
#[derive(Parser)]
#[command(name = "minilm", bin_name = "minilm", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// Known model, model on the Hugging Face hub, directory, or .minilm file [default:
    /// paraphrase-MiniLM-L3-v2]
    #[arg(long, global = true, env = "MODEL_NAME", value_name = "NAME|DIR|FILE", help_heading = "Model")]
    pub model: Option<String>,
    /// Number format of a model that is a name or a directory: f32, int8, or int6-e4, the smallest [default: int8; of the page,
    /// int6-e4]
    #[arg(long, global = true, value_name = "PRECISION", help_heading = "Model")]
    pub model_precision: Option<Precision>,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  minilm embed \"How do neural networks work?\" \"What is a neuron?\"
  minilm search \"opening hours\" --in faq.txt --top-k 3
  minilm serve --model all-MiniLM-L6-v2
  minilm kb --sqlite kb.db
  minilm www
  minilm bake http --output minilm-http.wasm";

/// What to do. The commands that are also those of the WebAssembly component run in it.
#[derive(Subcommand)]
pub enum Command {
    #[command(flatten)]
    Component(minilm_cli_component::Command),
    /// Serve embeddings over HTTP: the protocols of OpenAI, text-embeddings-inference and Ollama
    Serve(ServeArgs),
    /// Serve a knowledge base over HTTP: questions and answers in SQLite, PostgreSQL or an index file
    Kb(KbArgs),
    /// Serve the page, in which everything happens in the browser
    Www(WwwArgs),
    /// Fetch a model into the cache, and check one that is there
    Pull {
        /// Known model, or model on the Hugging Face hub
        #[arg(default_value = minilm_hub::default_name())]
        name: String,
    },
    /// Write a model as one packed file
    Pack(PackArgs),
    /// Write a component with a model in it
    Bake(BakeArgs),
    /// List the known models, and what is in the cache
    Models,
    /// Write the completions of a shell to standard output
    Completions {
        /// Shell
        shell: Shell,
    },
}

/// Where and how a server listens.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub struct ListenArgs {
    /// Setting of the component, LOG=off for instance. Can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub env: Vec<(String, String)>,
    /// File with the keys that callers must send, one a line
    #[arg(long, env = "API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// File with keys that may read and not write, one a line
    #[arg(long, env = "READ_API_KEY_FILE", value_name = "FILE")]
    pub read_api_key_file: Option<PathBuf>,
    /// Folder that the component may read, and its name there. Can be repeated
    #[arg(long = "dir", value_name = "HOST::GUEST", value_parser = parse_folder)]
    pub folders: Vec<(PathBuf, String)>,
    /// Serve this component, with what is in it, instead of the one in this program
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub clients: ClientArgs,
}

/// Limits, under the names of `wasmtime serve`.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub struct LimitArgs {
    /// Requests that an instance answers before it is dropped
    #[arg(long, default_value = "128", value_name = "N")]
    max_instance_reuse_count: NonZeroUsize,
    /// Requests that an instance has at once. It computes on one thread, so more than one leaves cores idle
    #[arg(long, default_value = "1", value_name = "N")]
    max_instance_concurrent_reuse_count: NonZeroUsize,
    /// Requests with a body at once in all instances, and as many without one; others wait
    #[arg(long, default_value = "64", value_name = "N")]
    max_concurrent_requests: NonZeroUsize,
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Self {
        Self {
            max_instance_reuse_count: args.max_instance_reuse_count.get(),
            max_instance_concurrent_reuse_count: args.max_instance_concurrent_reuse_count.get(),
            max_concurrent_requests: args.max_concurrent_requests.get(),
        }
    }
}

/// What clients may do with their connections.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub struct ClientArgs {
    /// Connections at once; others wait
    #[arg(long, default_value = "2048", value_name = "N")]
    max_concurrent_connections: NonZeroUsize,
    /// Seconds until the head of a request is there. A connection that is idle for so long is closed
    #[arg(long, default_value = "15", value_name = "SECONDS")]
    head_timeout: NonZeroU64,
    /// Seconds until the body of a request is there
    #[arg(long, default_value = "30", value_name = "SECONDS")]
    body_timeout: NonZeroU64,
}

impl From<&ClientArgs> for Clients {
    fn from(args: &ClientArgs) -> Self {
        Self {
            max_connections: args.max_concurrent_connections.get(),
            head_timeout: Duration::from_secs(args.head_timeout.get()),
            body_timeout: Duration::from_secs(args.body_timeout.get()),
            ..Self::default()
        }
    }
}

#[derive(Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:5001", help_heading = "Server")]
    pub addr: SocketAddr,
    #[command(flatten)]
    pub listen: ListenArgs,
}

#[derive(Args)]
pub struct KbArgs {
    /// Keep documents in this SQLite file [default: kb.db in the data folder of the user]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "postgres"], help_heading = "Documents")]
    pub sqlite: Option<PathBuf>,
    /// Answer from this file of `minilm index build`, which is only read
    #[arg(long, value_name = "FILE", conflicts_with = "postgres", help_heading = "Documents")]
    pub index: Option<PathBuf>,
    /// Keep documents in this PostgreSQL, which must have pgvector
    #[arg(long, value_name = "URL", help_heading = "Documents")]
    pub postgres: Option<String>,
    /// File with the address of PostgreSQL, password included, instead of --postgres
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "postgres", "sqlite"], help_heading = "Documents")]
    pub postgres_file: Option<PathBuf>,
    /// Certificates (PEM) to trust for a PostgreSQL with sslmode=require in its address, in place of the platform's
    #[arg(long, value_name = "FILE", env = "PGSSLROOTCERT", conflicts_with_all = ["index", "sqlite"], help_heading = "Documents")]
    pub postgres_root_cert: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:5001", help_heading = "Server")]
    pub addr: SocketAddr,
    #[command(flatten)]
    pub listen: ListenArgs,
}

#[derive(Args)]
pub struct WwwArgs {
    /// Take the page in this folder instead of the one in this program
    #[arg(long, value_name = "DIR", help_heading = "Server")]
    pub page: Option<PathBuf>,
    /// Write the page with the model into this folder, for any server of static files, and end
    #[arg(short, long, value_name = "DIR", conflicts_with = "addr", help_heading = "Server")]
    pub output: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:5002", help_heading = "Server")]
    pub addr: SocketAddr,
}

#[derive(Args)]
pub struct PackArgs {
    /// What to pack, instead of --model
    #[arg(value_name = "NAME|DIR", conflicts_with = "model")]
    pub source: Option<String>,
    /// Name that every output of the model carries [default: that of the model]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Number format of the weights, as --model-precision
    #[arg(long, conflicts_with = "model_precision")]
    pub precision: Option<Precision>,
    /// Where to write it [default: <model>-<precision>.minilm in the current folder]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args)]
pub struct BakeArgs {
    /// Component
    pub component: Component,
    /// Where to write it [default: <component>-<model>.wasm in the current folder]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes what `shell` completes this command line with.
pub fn print_completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "minilm", &mut std::io::stdout());
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_folder(text: &str) -> Result<(PathBuf, String), String> {
    let (host, guest) = text.split_once("::").ok_or("must be HOST::GUEST")?;
    Ok((PathBuf::from(host), guest.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_of_the_component_have_the_same_options() {
        let (native, component) = (Cli::command(), minilm_cli_component::Cli::command());
        for command in component.get_subcommands() {
            let ours = native.find_subcommand(command.get_name()).expect("every command of the component is here");
            let names = |command: &clap::Command| {
                command.get_arguments().map(|arg| arg.get_id().to_string()).collect::<Vec<_>>()
            };
            assert_eq!(names(ours), names(command), "{}", command.get_name());
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "minilm serve --workers 0",
            "minilm serve --env a",
            "minilm serve --dir a",
            "minilm serve --max-concurrent-requests 0",
            "minilm serve --head-timeout 0",
            "minilm kb --sqlite a --index b",
            "minilm kb --index a --postgres b",
            "minilm kb --sqlite a --postgres-file b",
            "minilm kb --postgres a --postgres-file b",
            "minilm pack --precision int4",
            "minilm serve --model-precision int4",
            "minilm pack a --model b",
            "minilm bake www",
            "minilm bake",
            "minilm www --addr 127.0.0.1:0 --output a",
            "minilm embed a --json --format npy",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
