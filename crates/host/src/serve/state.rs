//! What wasmtime's proxy handler asks of its embedder: how to make an instance, and how long to keep it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

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
    type WorkerState = Limits;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Limits>> {
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
        let expiration = Expiration { sleep: Box::pin(tokio::time::sleep(IDLE)) };
        Ok(Instance { store, proxy, view: WasiHttpView::http, expiration, state: self.limits })
    }
}

/// Ends an instance that has had no request for [`IDLE`].
pub struct Expiration {
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        let deadline = (start + IDLE).into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl WorkerState for Limits {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent_count: usize, total_count: usize) -> ShouldAccept {
        if total_count >= self.max_instance_reuse_count {
            ShouldAccept::Never
        } else if concurrent_count >= self.max_instance_concurrent_reuse_count {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        // Requests do not expire here: how long a client may take is the concern of what stands before a server.
        Box::pin(std::future::pending())
    }

    fn drop(&self, _: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            eprintln!("instance: {error:?}");
        }
    }
}
