//! What wasmtime's proxy handler asks of its embedder: how to make an instance, and how long to keep it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::Limits;
use crate::HostEnv;
use crate::databases::{Databases, View};
use crate::vector_state::clear_before_entry;

/// How long an instance without a request is kept, as in `wasmtime serve` and Spin.
const IDLE: Duration = Duration::from_secs(1);

/// Makes instances.
pub struct Handler {
    pub engine: Engine,
    pub instance: ProxyPre<State>,
    pub env: HostEnv,
    pub limits: Limits,
    pub databases: Arc<Databases>,
}

/// What an instance holds on the side of the host.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoNetwork,
    table: ResourceTable,
    databases: Arc<Databases>,
}

impl State {
    /// Where the databases find what they need.
    pub fn databases(&mut self) -> View<'_> {
        View { databases: &self.databases, table: &mut self.table }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// A component that answers requests has none of its own to send.
struct NoNetwork;

type Pending<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl WasiHttpHooks for NoNetwork {
    fn send_request(
        &mut self,
        _: hyper::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Pending<()>,
    ) -> Pending<(hyper::Response<WasiBody>, Pending<()>)> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }
}

impl HandlerState for Handler {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let state = State {
            wasi: self.env.context().map_err(wasmtime::Error::from_anyhow)?.build(),
            http: WasiHttpCtx::new(),
            hooks: NoNetwork,
            table: ResourceTable::new(),
            databases: self.databases.clone(),
        };
        let mut store = Store::new(&self.engine, state);
        clear_before_entry(&mut store);
        let proxy = self.instance.instantiate_async(&mut store).await?;
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let expiration =
            Expiration { sleep: Box::pin(tokio::time::sleep(IDLE)), is_abandoned: Arc::clone(&is_abandoned) };
        let state = Worker { limits: self.limits, is_abandoned };
        Ok(Instance { store, proxy, view: WasiHttpView::http, expiration, state })
    }
}

/// Ends an instance that has had no request for [`IDLE`], and one that works for a client that has gone.
///
/// It is asked whenever the component waits or yields, which it does every few milliseconds of its work.
pub struct Expiration {
    sleep: Pin<Box<tokio::time::Sleep>>,
    is_abandoned: Arc<AtomicBool>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        match status {
            // There may be others that wait for their answers.
            WorkerStatus::Requests => return Poll::Pending,
            _ if self.is_abandoned.load(Ordering::Relaxed) => return Poll::Ready(()),
            WorkerStatus::PostReturn => return Poll::Pending,
            WorkerStatus::Idle => {}
        }
        let deadline = (start + IDLE).into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// An instance as the proxy handler sees it.
pub struct Worker {
    limits: Limits,
    /// Whether the client of a request has gone before its answer.
    is_abandoned: Arc<AtomicBool>,
}

impl WorkerState for Worker {
    type StoreData = State;
    /// Is ready, with an error, when the client has gone.
    type RequestData = oneshot::Receiver<()>;

    fn should_accept_request(&self, concurrent_count: usize, total_count: usize) -> ShouldAccept {
        if total_count >= self.limits.max_instance_reuse_count {
            ShouldAccept::Never
        } else if concurrent_count >= self.limits.max_instance_concurrent_reuse_count {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        client: oneshot::Receiver<()>,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        // A request expires when nobody waits for its answer. How long it may compute is for the component to say.
        let is_abandoned = Arc::clone(&self.is_abandoned);
        Box::pin(async move {
            // Nothing is ever sent.
            let _ = client.await;
            is_abandoned.store(true, Ordering::Relaxed);
        })
    }

    fn drop(&self, _: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !self.is_abandoned.load(Ordering::Relaxed)
        {
            eprintln!("instance: {error:?}");
        }
    }
}
