//! An HTTP server around a component of `wasi:http/handler`, with wasmtime's own machinery for making and reusing instances: what
//! `wasmtime serve` is, in this process.

mod authority;
mod run;
mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::databases::{self, Databases};
use super::{HostEnv, engine};
pub use run::run;
use state::{Handler, State};

/// How instances are used. The names are those of `wasmtime serve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that an instance answers before it is dropped, 1 or more.
    pub max_instance_reuse_count: usize,
    /// Requests that an instance has at once, 1 or more. It computes on one thread, so more than one leaves cores idle.
    pub max_instance_concurrent_reuse_count: usize,
    /// Requests at once in all instances, 1 or more; others wait.
    pub max_concurrent_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_instance_reuse_count: 128, max_instance_concurrent_reuse_count: 1, max_concurrent_requests: 64 }
    }
}

/// What a server is given beside its component.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// What the component sees.
    pub env: HostEnv,
    /// How its instances are used.
    pub limits: Limits,
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
    handler: ProxyHandler<Handler>,
    requests: Arc<Semaphore>,
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
        let Options { addr, env, limits, databases } = options;
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
        Ok(Self {
            listener,
            handler: ProxyHandler::new(Handler { engine, instance, env, limits, databases }),
            requests: Arc::new(Semaphore::new(limits.max_concurrent_requests)),
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
        let Self { listener, handler, requests } = self;
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
                // One that has ended needs no memory any more.
                Some(_) = connections.join_next() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // A client that is gone again, or too many open files: others are still served, and some will end.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (handler, requests, stopped) = (handler.clone(), requests.clone(), stopped.clone());
            connections.spawn(async move {
                if let Err(error) = connection(stream, &handler, &requests, stopped).await {
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

async fn connection(
    stream: TcpStream,
    handler: &ProxyHandler<Handler>,
    requests: &Semaphore,
    mut stopped: watch::Receiver<bool>,
) -> Result<()> {
    // Small answers go out at once.
    stream.set_nodelay(true)?;
    let service = service_fn(async |request: Request<Incoming>| {
        let response = respond(handler, requests, request).await;
        Ok::<_, Infallible>(response.unwrap_or_else(|error| {
            eprintln!("request: {error:#}");
            failed()
        }))
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        // An error says that the server is gone.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Clients that go away in the middle are no news.
    served.or_else(|error| if error.is_incomplete_message() || error.is_parse() { Ok(()) } else { Err(error.into()) })
}

async fn respond(
    handler: &ProxyHandler<Handler>,
    requests: &Semaphore,
    mut request: Request<Incoming>,
) -> Result<Response<WasiBody>> {
    if let Err(reason) = authority::set_authority(&mut request) {
        return Ok(plain(StatusCode::BAD_REQUEST, reason));
    }
    let _permit = requests.acquire().await?;
    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    Ok(handler.handle((), request).await?)
}

/// What a client gets where the component gave no answer.
fn failed() -> Response<WasiBody> {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "the component gave no answer\n")
}

/// An answer of the server itself.
fn plain(status: StatusCode, text: &'static str) -> Response<WasiBody> {
    let text = Full::new(Bytes::from_static(text.as_bytes()));
    let mut response = Response::new(text.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
