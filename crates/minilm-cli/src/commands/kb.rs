//! `kb`: the knowledge base with a model in it.

use anyhow::{Context, Result, bail};
use minilm_host::Access;
use minilm_host::databases::Databases;
use minilm_host::serve::Options;

use super::secrets;
use super::serve::{component, options, start};
use crate::args::KbArgs;
use crate::components::Component;
use crate::model::Model;

/// Serves until SIGTERM or Ctrl-C.
pub fn run(model: &Model, args: KbArgs) -> Result<()> {
    let kind = if args.index.is_some() { Component::KbIndex } else { Component::Kb };
    let component = component(kind, model, args.listen.component.as_deref())?;
    let mut options = options(args.addr, &args.listen)?;
    choose_store(&args, &mut options)?;
    start(component, options, &args.listen, &|addr| {
        println!(
            "listening on http://{addr}

  curl http://{addr}/documents --request PUT --json '[{{\"id\": \"1\", \"question\": \"How do I reset my password?\", \"answers\": [\"Use the link below the form.\"]}}]'
  curl http://{addr}/query --json '{{\"question\": \"I forgot my password\"}}'

All routes: http://{addr}/. Ctrl-C ends."
        );
    })
}

/// Gives the component its documents: a folder, or a database that it may open.
fn choose_store(args: &KbArgs, options: &mut Options) -> Result<()> {
    if let Some(index) = &args.index {
        let file = index.canonicalize().with_context(|| format!("cannot open {}", index.display()))?;
        let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
            bail!("{} is no file", index.display());
        };
        options.env.set("INDEX_FILE", format!("/kb/{name}")).mount(folder, "/kb", Access::Read);
        return Ok(());
    }
    let url = args.postgres_file.as_deref().map(secrets::read).transpose()?.or_else(|| args.postgres.clone());
    if let Some(url) = url {
        options.env.set("STORE", "postgres").set("POSTGRES_URL", &url);
        let read = |file: &std::path::PathBuf| {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
        };
        let postgres_roots = args.postgres_root_cert.as_ref().map(read).transpose()?;
        options.databases = Some(Databases { postgres: Some(url), postgres_roots, ..Databases::default() });
        return Ok(());
    }
    let file = match &args.sqlite {
        Some(file) => file.clone(),
        None => dirs::data_dir().context("there is no data folder; pass --sqlite FILE")?.join("minilm").join("kb.db"),
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    eprintln!("documents are in {}", file.display());
    options.databases = Some(Databases { sqlite: Some(file), ..Databases::default() });
    Ok(())
}
