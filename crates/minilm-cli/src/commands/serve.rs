//! `serve`: the HTTP component with a model in it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use minilm_bake::bake;
use minilm_host::serve::Options;
use minilm_host::{Access, HostEnv, serve};
use minilm_hub::Precision;

use super::secrets;
use crate::args::{ListenArgs, ServeArgs};
use crate::components::Component;
use crate::model::Model;

/// Serves until SIGTERM or Ctrl-C.
pub fn run(model: &Model, args: ServeArgs) -> Result<()> {
    let component = component(Component::Http, model, args.listen.component.as_deref())?;
    let options = options(args.addr, &args.listen)?;
    start(component, options, &args.listen, &|addr| {
        println!(
            "listening on http://{addr}

  curl http://{addr}/embed --json '{{\"inputs\": \"How do neural networks work?\"}}'
  curl http://{addr}/v1/embeddings --json '{{\"input\": [\"one text\", \"another text\"]}}'
  curl http://{addr}/similarity --json '{{\"inputs\": {{\"source_sentence\": \"A cat sleeps.\", \"sentences\": [\"A kitten naps.\", \"Stocks fell.\"]}}}}'

All routes: http://{addr}/openapi.json. Ctrl-C ends."
        );
    })
}

/// The component in the file `instead`, else one of this program with the model in it.
pub fn component(component: Component, model: &Model, instead: Option<&Path>) -> Result<Cow<'static, [u8]>> {
    if let Some(file) = instead {
        return Ok(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?.into());
    }
    let component = component.bytes()?;
    let model = model.packed(Precision::Int8)?;
    eprintln!("baking {} into the component", model.name);
    let file = std::fs::read(&model.path).with_context(|| format!("cannot read {}", model.path.display()))?;
    Ok(bake(component, &file)?.into())
}

/// What the command line gives a server.
///
/// # Errors
/// A file of keys cannot be read.
pub fn options(addr: SocketAddr, listen: &ListenArgs) -> Result<Options> {
    let mut env = HostEnv { variables: listen.env.clone(), ..HostEnv::default() };
    secrets::give_keys(listen, &mut env)?;
    if !addr.ip().is_loopback() && !secrets::answers_other_names(&env) {
        eprintln!(
            "note: {addr} can be reached from other machines, but without a key only localhost is answered: pass --api-key-file FILE, or \
             --env ALLOWED_HOSTS=NAME"
        );
    }
    for (host, guest) in &listen.folders {
        env.mount(host, guest, Access::Read);
    }
    Ok(Options { addr, env, limits: (&listen.limits).into(), clients: (&listen.clients).into(), databases: None })
}

/// Compiles and serves.
pub fn start(
    component: Cow<'static, [u8]>,
    options: Options,
    listen: &ListenArgs,
    announce: &dyn Fn(SocketAddr),
) -> Result<()> {
    eprintln!("compiling the component, or finding it in the cache");
    serve::run(component, options, listen.workers.map(Into::into), announce)
}
