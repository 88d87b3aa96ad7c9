//! `minilm-sync`: makes a knowledge base equal to a MongoDB collection, and keeps it so.
//!
//! The walk: the change stream is opened and the place in it written down (`state`), so that nothing is missed from here on, whatever
//! ends the program → `load` sends the whole collection → `follow` sends changes, and writes down the place behind each batch that has
//! arrived. Every step can be repeated: documents are replaced by id.

mod batch;
mod follow;
mod load;
mod poll;
mod retries;
mod secrets;
mod source;
mod state;
mod target;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use url::Url;

use source::Collection;
use state::StateFile;
use target::Target;

/// Make a knowledge base equal to a MongoDB collection, and keep it so
///
/// The first start sends the whole collection; then changes are followed as they happen. A restart goes on where the last one
/// stopped.
#[derive(Parser)]
#[command(name = "minilm-sync", version, max_term_width = 100, after_help = EXAMPLES)]
struct Args {
    /// Connection string of MongoDB
    #[arg(
        long,
        env = "MONGODB_URI",
        value_name = "URI",
        hide_env_values = true,
        required_unless_present = "mongodb_uri_file"
    )]
    mongodb_uri: Option<String>,
    /// File with the connection string, instead of --mongodb-uri
    #[arg(long, env = "MONGODB_URI_FILE", value_name = "FILE", conflicts_with = "mongodb_uri")]
    mongodb_uri_file: Option<PathBuf>,
    #[arg(long, env = "MONGODB_DATABASE", value_name = "NAME")]
    database: String,
    #[arg(long, env = "MONGODB_COLLECTION", value_name = "NAME")]
    collection: String,
    /// Address of the knowledge base
    #[arg(long, env = "MINILM_URL", value_name = "URL", default_value = "http://127.0.0.1:5001")]
    target: Url,
    /// Its bearer key, where it has one: one that may write
    #[arg(long, env = "API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// File with the key, instead of --api-key
    #[arg(long, env = "API_KEY_FILE", value_name = "FILE", conflicts_with = "api_key")]
    api_key_file: Option<PathBuf>,
    /// Where the place in the change stream is kept
    #[arg(long, value_name = "FILE", default_value = "minilm-sync.json")]
    state: PathBuf,
    /// Send the whole collection and stop
    #[arg(long)]
    once: bool,
    /// Delete documents of the knowledge base that the collection does not have, whenever the whole collection is sent
    #[arg(long)]
    prune: bool,
    /// Compare the whole collection every so many seconds: for servers without change streams
    #[arg(long, value_name = "SECONDS", conflicts_with = "once")]
    poll: Option<u64>,
    /// Documents that are sent together
    #[arg(long, value_name = "N", default_value = "500", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch_size: u32,
    /// Try again for so many seconds while the knowledge base cannot be reached or is overloaded
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    retry_for: u64,
    /// Stop at the first document that is refused, instead of leaving it out
    #[arg(long)]
    stop_on_refused: bool,
}

const EXAMPLES: &str = "\
Examples:
  MONGODB_URI=mongodb://127.0.0.1 MONGODB_DATABASE=shop MONGODB_COLLECTION=questions minilm-sync
  minilm-sync --mongodb-uri mongodb://127.0.0.1 --database shop --collection questions --once --prune

Change streams need a replica set; one of a single server will do. Documents that the knowledge base refuses,
and changes that cannot be read, are named on standard error and left out.";

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(refused) => {
            say(&format!("{refused} documents were refused and are not in the knowledge base"));
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Number of documents that were refused.
fn run(args: Args) -> Result<usize> {
    let from_file = |value: Option<String>, file: Option<&PathBuf>| match (value, file) {
        (None, Some(file)) => secrets::read(file).map(Some),
        (value, _) => Ok(value),
    };
    let uri = from_file(args.mongodb_uri, args.mongodb_uri_file.as_ref())?.unwrap_or_default();
    let key = from_file(args.api_key, args.api_key_file.as_ref())?;
    secrets::hide(&[&uri, args.target.as_str()], key.as_deref().as_slice());
    let client = source::connect(&uri).context("MongoDB")?;
    let collection = Collection::new(&client, &args.database, &args.collection);
    let mut target = Target::new(args.target, key, Duration::from_secs(args.retry_for), args.batch_size as usize)?;
    target.stop_on_refused(args.stop_on_refused);
    if args.once {
        let loaded = load::whole(&collection, &mut target, args.prune)?;
        say(&format!("{} documents sent, {} deleted", loaded.sent, loaded.deleted));
    } else if let Some(seconds) = args.poll {
        poll::forever(&collection, &mut target, args.prune, Duration::from_secs(seconds.max(1)))?;
    } else {
        let state = StateFile::new(args.state, &args.database, &args.collection, target.address());
        follow::forever(&collection, &mut target, args.prune, &state)?;
    }
    Ok(target.refused())
}

/// Tells a person.
fn say(line: &str) {
    // Where nobody listens, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}", secrets::hidden(line));
}
