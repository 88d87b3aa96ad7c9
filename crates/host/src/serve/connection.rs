//! One connection, and the requests that come over it.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{Sleep, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::io::TokioIo;

use super::state::Handler;
use super::{Clients, Limits, authority};

/// Most bytes of a request's head, and of what is read at once of a body.
const BUFFER: usize = 64 << 10;

/// What all connections share.
pub struct Shared {
    handler: ProxyHandler<Handler>,
    /// Places of requests that have a body.
    with_body: Semaphore,
    /// Places of those that have none.
    without_body: Semaphore,
    clients: Clients,
}

impl Shared {
    pub fn new(handler: ProxyHandler<Handler>, limits: Limits, clients: Clients) -> Self {
        let places = || Semaphore::new(limits.max_concurrent_requests);
        Self { handler, with_body: places(), without_body: places(), clients }
    }

    /// Answers the requests of one connection, until `stopped` says that there shall be no more.
    pub async fn serve(&self, stream: TcpStream, mut stopped: watch::Receiver<bool>) -> Result<()> {
        // Small answers go out at once.
        stream.set_nodelay(true)?;
        let mut stream = Box::pin(TimeoutStream::new(stream));
        stream.as_mut().set_write_timeout_pinned(Some(self.clients.write_timeout));
        let service = service_fn(async |request: Request<Incoming>| {
            let response = self.respond(request).await;
            Ok::<_, Infallible>(response.unwrap_or_else(|error| {
                eprintln!("request: {error:#}");
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "the component gave no answer\n")
            }))
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.clients.head_timeout).max_buf_size(BUFFER);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let served = tokio::select! {
            served = connection.as_mut() => served,
            // An error says that the server is gone.
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // Clients that go away in the middle, or take too long, are no news.
        served.or_else(|error| {
            let expected = error.is_incomplete_message() || error.is_parse() || error.is_timeout() || is_late(&error);
            if expected { Ok(()) } else { Err(error.into()) }
        })
    }

    async fn respond(&self, mut request: Request<Incoming>) -> Result<Response<WasiBody>> {
        if let Err(reason) = authority::set_authority(&mut request) {
            return Ok(refusal(StatusCode::BAD_REQUEST, reason));
        }
        let places = if request.body().is_end_stream() { &self.without_body } else { &self.with_body };
        let Ok(permit) = timeout(self.clients.queue_timeout, places.acquire()).await else {
            let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once\n");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return Ok(response);
        };
        let _permit = permit?;
        let is_late = Arc::new(AtomicBool::new(false));
        let request = request.map(|body| {
            let body = body.map_err(wasmtime_wasi_http::Error::from);
            TimedBody::new(body, self.clients.body_timeout, Arc::clone(&is_late)).boxed_unsync()
        });
        // Dropped with this future, which hyper drops when the client has gone: the instance then stops to compute.
        let (_client, gone) = oneshot::channel();
        let response = self.handler.handle(gone, request).await;
        if is_late.load(Ordering::Relaxed) {
            return Ok(refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long\n"));
        }
        Ok(response?)
    }
}

/// Whether a client read nothing of an answer for too long, which hyper has from the stream and does not count among its own timeouts.
fn is_late(error: &hyper::Error) -> bool {
    let error = error.source().and_then(|error| error.downcast_ref::<io::Error>());
    error.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// What a client gets where the component gave no answer. What it still sends belongs to no request, so the connection ends.
fn refusal(status: StatusCode, text: &'static str) -> Response<WasiBody> {
    let text = Full::new(Bytes::from_static(text.as_bytes()));
    let mut response = Response::new(text.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body that ends with an error where it is not at its end in time.
struct TimedBody<B> {
    body: B,
    sleep: Pin<Box<Sleep>>,
    is_late: Arc<AtomicBool>,
}

impl<B> TimedBody<B> {
    fn new(body: B, timeout: Duration, is_late: Arc<AtomicBool>) -> Self {
        Self { body, sleep: Box::pin(sleep(timeout)), is_late }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes, Error = wasmtime_wasi_http::Error> + Unpin,
{
    type Data = Bytes;
    type Error = wasmtime_wasi_http::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        ready!(self.sleep.as_mut().poll(cx));
        self.is_late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(wasmtime_wasi_http::Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
