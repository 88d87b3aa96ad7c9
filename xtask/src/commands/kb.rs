//! `kb`: the knowledge base with a model in it, on this machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use minilm::Precision;

use crate::cargo::{Backend, Store, build_kb};
use crate::commands::serve::{ListenArgs, run};
use crate::host::World;
use crate::host::databases::Databases;
use crate::host::serve::Server;
use crate::model::packed;
use crate::model::{self, Request};
use crate::paths;

/// Where documents are, and how they are served.
#[derive(Args)]
pub struct KbArgs {
    /// Name of a model on the Hugging Face hub, or a local directory. Without it, paraphrase-MiniLM-L3-v2 is used, or
    /// all-MiniLM-L6-v2 where the hub cannot be reached.
    #[arg(long, env = "MODEL_NAME", value_name = "NAME|DIR")]
    model: Option<String>,
    /// Keep documents in this SQLite file; without it, in `kb.db` in the target folder.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "postgres"])]
    sqlite: Option<PathBuf>,
    /// Answer from this file of `minilm index build`, which is only read.
    #[arg(long, value_name = "FILE", conflicts_with = "postgres")]
    index: Option<PathBuf>,
    /// Keep documents in this PostgreSQL, which must have pgvector.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    listen: ListenArgs,
}

/// `cargo xtask kb`. Ends with Ctrl-C.
pub fn kb(args: KbArgs) -> Result<ExitCode> {
    let component = match &args.listen.component {
        Some(component) => component.clone(),
        None => {
            let model = model::resolve(&args.model.clone().map_or(Request::Default, Request::Named))?;
            let store = if args.index.is_some() { Store::Index } else { Store::Spin };
            println!("building the component with {}", model.name);
            build_kb(Backend::RelaxedSimd, store, Some(&packed(&model, Precision::Int8)?))?
        }
    };
    let (world, databases) = given(&args)?;
    run(
        async || Server::bind_with(&component, args.listen.addr, world, args.listen.reuse, databases).await,
        |addr| {
            println!(
                "listening on http://{addr}

  curl http://{addr}/documents --request PUT --json '[{{\"id\": \"1\", \"question\": \"How do I reset my password?\", \"answers\": [\"Use the link below the form.\"]}}]'
  curl http://{addr}/query --json '{{\"question\": \"I forgot my password\"}}'

All routes: http://{addr}/. Ctrl-C ends."
            );
        },
    )
}

/// What the component sees, and which databases it may open.
fn given(args: &KbArgs) -> Result<(World, Option<Databases>)> {
    let mut world = World { dirs: Vec::new(), env: args.listen.env.clone() };
    let mut set = |name: &str, value: &str| world.env.push((name.to_owned(), value.to_owned()));
    if let Some(index) = &args.index {
        let file = index.canonicalize().with_context(|| format!("cannot open {}", index.display()))?;
        let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
            anyhow::bail!("{} is no file", index.display());
        };
        set("INDEX_FILE", &format!("/kb/{name}"));
        world.dirs.push((folder.to_owned(), "/kb".to_owned()));
        return Ok((world, None));
    }
    if let Some(url) = &args.postgres {
        set("STORE", "postgres");
        set("POSTGRES_URL", url);
        return Ok((world, Some(Databases { postgres: Some(url.clone()), ..Databases::default() })));
    }
    let file = args.sqlite.clone().unwrap_or_else(|| paths::output().join("kb.db"));
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    println!("documents are in {}", file.display());
    Ok((world, Some(Databases { sqlite: Some(file), ..Databases::default() })))
}
