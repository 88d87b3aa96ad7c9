//! `serve`: the HTTP component with a model in it, on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use minilm::Precision;

use crate::cargo::{Backend, build_http};
use crate::host::World;
use crate::host::serve::{Reuse, Server};
use crate::model::{self, Request};
use crate::packed::packed;

/// What is served, and how.
#[derive(Debug)]
pub struct Options {
    /// Where to listen.
    pub addr: SocketAddr,
    /// A component that is built already.
    pub component: Option<PathBuf>,
    /// What the component sees.
    pub world: World,
    /// How instances are used.
    pub reuse: Reuse,
}

/// `cargo xtask serve`. Ends with Ctrl-C.
pub fn serve(request: &Request, options: Options) -> Result<ExitCode> {
    let component = match options.component {
        Some(component) => component,
        None => {
            let model = model::resolve(request)?;
            println!("building the component with {}", model.name);
            build_http(Backend::RelaxedSimd, Some(&packed(&model, Precision::Int8)?))?
        }
    };
    listen(&component, options.addr, options.world, options.reuse, announce)
}

/// Serves a component until Ctrl-C; `announce` is told where.
pub fn listen(
    component: &Path,
    addr: SocketAddr,
    world: World,
    reuse: Reuse,
    announce: impl FnOnce(SocketAddr),
) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let ended = runtime.block_on(async {
        let server = Server::bind(component, addr, world, reuse).await?;
        announce(server.addr()?);
        tokio::select! {
            stopped = server.run() => stopped.map(|never| match never {}),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted.map(|()| ExitCode::SUCCESS)?),
        }
    });
    // Without waiting for instances that are at work.
    runtime.shutdown_background();
    ended
}

fn announce(addr: SocketAddr) {
    println!(
        "listening on http://{addr}

  curl http://{addr}/embed --json '{{\"inputs\": \"How do neural networks work?\"}}'
  curl http://{addr}/v1/embeddings --json '{{\"input\": [\"one text\", \"another text\"]}}'
  curl http://{addr}/similarity --json '{{\"inputs\": {{\"source_sentence\": \"A cat sleeps.\", \"sentences\": [\"A kitten naps.\", \"Stocks fell.\"]}}}}'

All routes: http://{addr}/openapi.json. Ctrl-C ends."
    );
}
