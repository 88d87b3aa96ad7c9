//! `www`: the page, served by its component.

use anyhow::Result;
use minilm_host::serve::{Limits, Options};
use minilm_host::{Access, HostEnv, serve};

use crate::args::WwwArgs;
use crate::components::Component;

/// Answers come from files, so one instance can have many under way.
const LIMITS: Limits =
    Limits { max_instance_reuse_count: 4096, max_instance_concurrent_reuse_count: 64, max_concurrent_requests: 256 };

/// Serves until SIGTERM or Ctrl-C.
pub fn run(args: WwwArgs) -> Result<()> {
    let mut env = HostEnv::default();
    env.mount(args.site, "/", Access::Read);
    let options = Options { addr: args.addr, env, limits: LIMITS, databases: None };
    serve::run(Component::Www.bytes()?, options, None, |addr| {
        println!("the page is at http://{addr}/\nCtrl-C ends.");
    })
}
