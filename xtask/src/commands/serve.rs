//! `serve`: the HTTP component with a model in it, on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use minilm::Precision;

use crate::cargo::{Backend, build_http};
use crate::host::World;
use crate::host::serve::{Reuse, Server};
use crate::model::packed;
use crate::model::{self, Request};
use crate::parse_variable;

/// What is served, where, and with which settings.
#[derive(Args)]
pub struct ListenArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:5001")]
    pub addr: SocketAddr,
    /// A setting of the component, LOG=off for instance. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub env: Vec<(String, String)>,
    /// Serve this component instead of building one.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub component: Option<PathBuf>,
    #[command(flatten)]
    pub reuse: Reuse,
}

/// `cargo xtask serve`. Ends with Ctrl-C.
pub fn serve(request: &Request, listen: ListenArgs, dirs: Vec<(PathBuf, String)>) -> Result<ExitCode> {
    let component = match listen.component {
        Some(component) => component,
        None => {
            let model = model::resolve(request)?;
            println!("building the component with {}", model.name);
            build_http(Backend::RelaxedSimd, Some(&packed(&model, Precision::Int8)?))?
        }
    };
    let world = World { dirs, env: listen.env };
    run(async || Server::bind(&component, listen.addr, world, listen.reuse).await, announce)
}

/// Runs the server that `bind` makes until Ctrl-C, after `announce` has said where.
pub fn run(bind: impl AsyncFnOnce() -> Result<Server>, announce: impl FnOnce(SocketAddr)) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let ended = runtime.block_on(async {
        let server = bind().await?;
        announce(server.addr()?);
        tokio::select! {
            stopped = server.run() => stopped.map(|never| match never {}),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted.map(|()| ExitCode::SUCCESS)?),
        }
    });
    // The process ends next, and all instances with it. Dropped by their runtime they would each be told as one that broke.
    std::mem::forget(runtime);
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
