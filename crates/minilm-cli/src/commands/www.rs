//! `www`: the page with a model, served by its component or written as a folder.

use std::path::Path;

use anyhow::{Result, ensure};
use minilm_host::serve::{Clients, Limits, Options};
use minilm_host::{Access, HostEnv, serve};
use minilm_hub::{PAGE_PRECISION, cache_root};
use minilm_site::{Page, Site, read_page};

use crate::args::WwwArgs;
use crate::components::{Component, PAGE};
use crate::model::Model;

/// Answers come from files, so one instance can have many under way.
const LIMITS: Limits =
    Limits { max_instance_reuse_count: 4096, max_instance_concurrent_reuse_count: 64, max_concurrent_requests: 256 };

/// Writes the site, or serves it until SIGTERM or Ctrl-C.
pub fn run(model: &Model, args: WwwArgs) -> Result<()> {
    let page = page(args.page.as_deref())?;
    let model = model.packed(PAGE_PRECISION)?;
    let site = Site::new(page, &model.title(), &model.path)?;
    if let Some(folder) = args.output {
        site.write(&folder)?;
        println!("{}", folder.display());
        return Ok(());
    }
    // The name says all that is in it, so it is written once.
    let folder = cache_root()?.join("www").join(site.version());
    if !folder.exists() {
        site.write(&folder)?;
    }
    let mut env = HostEnv::default();
    env.mount(folder, "/", Access::Read);
    let options = Options { addr: args.addr, env, limits: LIMITS, clients: Clients::default(), databases: None };
    serve::run(Component::Www.bytes()?.into(), options, None, &|addr| {
        println!("listening on http://{addr}\n\nOpen it in a browser. Ctrl-C ends.");
    })
}

/// The page in `folder`, else the one of this program.
fn page(folder: Option<&Path>) -> Result<Page> {
    if let Some(folder) = folder {
        return Ok(read_page(folder)?);
    }
    ensure!(
        !PAGE.is_empty(),
        "this program was built without the page; build one that has it with `cargo xtask install` in the repository of the \
         project, or name the folder of the page with --page"
    );
    Ok(PAGE.iter().map(|&(path, bytes)| (path.to_owned(), bytes.into())).collect())
}
