//! An HTTP server around a component of `wasi:http/handler`, with wasmtime's own machinery for making and reusing instances: what
//! `wasmtime serve` is, in this process.

mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::databases::{self, Databases};
use super::{World, engine};
use state::{Handler, State};

/// How instances are used, under the names of `wasmtime serve`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Reuse {
    /// Requests that an instance answers before it is dropped.
    #[arg(long, default_value = "128", value_name = "N")]
    pub max_instance_reuse_count: usize,
    /// Requests that an instance has at once. It computes on one thread, so more than one leaves cores idle.
    #[arg(long, default_value = "1", value_name = "N")]
    pub max_instance_concurrent_reuse_count: usize,
    /// Requests at once in all instances; others wait.
    #[arg(long, default_value = "64", value_name = "N")]
    pub max_concurrent_requests: usize,
}

/// How long a server waits after an error of its socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that has its socket.
pub struct Server {
    listener: TcpListener,
    handler: ProxyHandler<Handler>,
    requests: Arc<Semaphore>,
}

impl Server {
    /// Compiles the component in `file`, or finds it in the cache, and listens on `addr`.
    pub async fn bind(file: &Path, addr: SocketAddr, world: World, reuse: Reuse) -> Result<Self> {
        Self::bind_with(file, addr, world, reuse, None).await
    }

    /// The same for a component that may ask for `databases`.
    pub async fn bind_with(
        file: &Path,
        addr: SocketAddr,
        world: World,
        reuse: Reuse,
        databases: Option<Databases>,
    ) -> Result<Self> {
        let engine = engine()?;
        let component = Component::from_file(&engine, file)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        if databases.is_some() {
            databases::add_to_linker(&mut linker, State::databases)?;
        }
        let databases = Arc::new(databases.unwrap_or_default());
        let instance = ProxyPre::P3(ServicePre::new(linker.instantiate_pre(&component)?)?);
        let listener = TcpListener::bind(addr).await.with_context(|| format!("cannot listen on {addr}"))?;
        Ok(Self {
            listener,
            handler: ProxyHandler::new(Handler { engine, instance, world, reuse, databases }),
            requests: Arc::new(Semaphore::new(reuse.max_concurrent_requests)),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until it is dropped.
    pub async fn run(self) -> Result<Infallible> {
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // A client that is gone again, or too many open files: others are still served, and some will end.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (handler, requests) = (self.handler.clone(), self.requests.clone());
            tokio::spawn(async move {
                if let Err(error) = connection(stream, &handler, &requests).await {
                    eprintln!("connection: {error:#}");
                }
            });
        }
    }
}

async fn connection(stream: TcpStream, handler: &ProxyHandler<Handler>, requests: &Semaphore) -> Result<()> {
    // Small answers go out at once.
    stream.set_nodelay(true)?;
    let service = service_fn(async |request: Request<Incoming>| {
        let answer = answer(handler, requests, request).await;
        Ok::<_, Infallible>(answer.unwrap_or_else(|error| {
            eprintln!("request: {error:#}");
            failed()
        }))
    });
    // Clients that go away in the middle are no news.
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    served.or_else(|error| if error.is_incomplete_message() || error.is_parse() { Ok(()) } else { Err(error.into()) })
}

async fn answer(
    handler: &ProxyHandler<Handler>,
    requests: &Semaphore,
    request: Request<Incoming>,
) -> Result<Response<WasiBody>> {
    let _permit = requests.acquire().await?;
    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    Ok(handler.handle((), request).await?)
}

/// What a client gets where the component gave no answer.
fn failed() -> Response<WasiBody> {
    let text = Full::new(Bytes::from_static(b"the component gave no answer\n"));
    let mut response = Response::new(text.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[cfg(test)]
mod tests;
