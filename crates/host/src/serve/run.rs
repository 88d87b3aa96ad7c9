//! A server in the foreground: runs until it is told to end.

use std::borrow::Cow;
use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::{Options, Server};
use crate::memory;

/// Serves `component` until SIGTERM or Ctrl-C, then answers the requests that are under way and returns. `workers` is the number of
/// threads, by default one for each core; `announce` is called as soon as the server listens.
///
/// # Errors
/// Those of [`Server::bind`].
pub fn run(
    component: Cow<'static, [u8]>,
    options: Options,
    workers: Option<usize>,
    announce: &dyn Fn(SocketAddr),
) -> Result<()> {
    memory::return_large_pieces();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    let runtime = builder.enable_all().build().context("cannot start threads")?;
    let ended = runtime.block_on(async {
        let signals = Signals::listen()?;
        let server = Server::bind(&component, options).await?;
        // The component is compiled: neither its bytes nor what the compiler used are needed any more.
        drop(component);
        memory::give_back();
        announce(server.addr()?);
        server.run(Box::pin(signals.received())).await;
        Ok(())
    });
    // The process ends next, and all instances with it. Dropped by their runtime they would each be told as one that broke.
    std::mem::forget(runtime);
    ended
}

/// What ends a server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on SIGTERM does not end the process by itself.
    fn listen() -> Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn received(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
