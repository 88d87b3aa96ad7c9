//! An HTTP server around a component of `wasi:http/handler`, with wasmtime's own machinery for making and reusing instances: what
//! `wasmtime serve` is, in this process.

mod authority;
mod connection;
mod limits;
mod run;
mod state;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::databases::{self, Databases};
use super::{HostEnv, engine};
use connection::Shared;
pub use limits::{Clients, Limits};
pub use run::run;
use state::{Handler, State};

/// What a server is given beside its component.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// What the component sees.
    pub env: HostEnv,
    /// How its instances are used.
    pub limits: Limits,
    /// How long its clients may take, and how many there may be.
    pub clients: Clients,
    /// The databases that it may open; `None` for a component that does not import Spin's interfaces.
    pub databases: Option<Databases>,
}

impl Default for Options {
    /// A free port of the loopback interface, and a component that sees nothing.
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            env: HostEnv::default(),
            limits: Limits::default(),
            clients: Clients::default(),
            databases: None,
        }
    }
}

/// How long a server waits after an error of its socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests that are under way may take after the server was told to end.
const DRAIN: Duration = Duration::from_secs(30);

/// A future of a type that callers need not compile: that of an `async fn` is compiled into each crate that awaits it, and here that is
/// hyper and half of wasmtime-wasi.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A server that has its socket.
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    connections: Arc<Semaphore>,
}

impl Server {
    /// Compiles `component` (its bytes), or finds its code in the cache, and listens.
    ///
    /// # Errors
    /// The component is not valid or imports what is not there; the address cannot be listened on.
    pub fn bind(component: &[u8], options: Options) -> BoxFuture<'_, Result<Self>> {
        Box::pin(Self::bind_async(component, options))
    }

    async fn bind_async(component: &[u8], options: Options) -> Result<Self> {
        let Options { addr, env, limits, clients, databases } = options;
        let engine = engine()?;
        let component = Component::new(&engine, component)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        if databases.is_some() {
            databases::add_to_linker(&mut linker, State::databases)?;
        }
        let databases = Arc::new(databases.unwrap_or_default());
        let instance = ProxyPre::P3(ServicePre::new(linker.instantiate_pre(&component)?)?);
        // A folder that is not there is told now, and not by every request.
        env.context()?;
        let listener = TcpListener::bind(addr).await.with_context(|| format!("cannot listen on {addr}"))?;
        let handler = ProxyHandler::new(Handler { engine, instance, env, limits, databases });
        Ok(Self {
            listener,
            shared: Arc::new(Shared::new(handler, limits, clients)),
            connections: Arc::new(Semaphore::new(clients.max_connections)),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn addr(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is ready. Then no connection is accepted any more, and requests under way are answered, for half a minute
    /// at most.
    pub fn run<'a>(self, stop: BoxFuture<'a, ()>) -> BoxFuture<'a, ()> {
        Box::pin(self.run_async(stop))
    }

    async fn run_async(self, mut stop: BoxFuture<'_, ()>) {
        let Self { listener, shared, connections: places } = self;
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&listener, &places) => accepted,
                // One that has ended needs no memory any more.
                Some(_) = connections.join_next() => continue,
            };
            let (stream, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that is gone again, or too many open files: others are still served, and some will end.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (shared, stopped) = (Arc::clone(&shared), stopped.clone());
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = shared.serve(stream, stopped).await {
                    eprintln!("connection: {error:#}");
                }
            });
        }
        drop(listener);
        stopping.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            eprintln!("some requests took longer than {} seconds and were dropped", DRAIN.as_secs());
        }
    }
}

/// The next connection, as soon as there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}
