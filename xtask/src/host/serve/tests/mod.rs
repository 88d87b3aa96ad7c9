//! The HTTP component in real wasmtime, over real sockets.

mod golden;
mod hostile;
mod imports;
mod kb;
mod load;
mod settings;
mod site;
mod slow;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::sync::oneshot;
use ureq::http::{Request, Response};

use super::{Reuse, Server};
use crate::cargo::{Backend, build_http};
use crate::host::World;
use crate::host::databases::Databases;

/// A packed model that `cargo xtask test` has made.
pub fn model(name: &str) -> PathBuf {
    let models = std::env::var("MINILM_TEST_MODELS").expect("MINILM_TEST_MODELS is not set");
    Path::new(&models).join(name)
}

/// The model of these tests.
pub fn slice() -> PathBuf {
    model("slice-L3-of-all-MiniLM-L6-v2-int8.minilm")
}

/// The component with the model in it, built once.
pub fn component() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| kept("minilm_http_slice.wasm", || build_http(Backend::RelaxedSimd, Some(&slice()))))
}

/// Builds a component and keeps it as `name`: the next build, with another model or none, would take its place.
fn kept(name: &str, build: impl FnOnce() -> Result<PathBuf>) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let built = build().expect("the component builds");
    let kept = built.with_file_name(name);
    std::fs::copy(&built, &kept).expect("a file can be copied");
    kept
}

/// A server on a free port, until it is dropped.
pub struct Running {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    agent: ureq::Agent,
}

impl Running {
    /// Serves the component with these settings.
    pub fn with(env: &[(&str, &str)]) -> Self {
        Self::start(component(), world(env), DEFAULT)
    }

    pub fn start(component: &Path, world: World, reuse: Reuse) -> Self {
        Self::start_with(component, world, reuse, None)
    }

    pub fn start_with(component: &Path, world: World, reuse: Reuse, databases: Option<Databases>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = std::sync::mpsc::channel();
        let component = component.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
            runtime.block_on(async {
                let free = SocketAddr::from(([127, 0, 0, 1], 0));
                let server = Server::bind_with(&component, free, world, reuse, databases).await;
                let server = server.expect("the component can be served");
                ready.send(server.addr().expect("a socket has an address")).expect("the test waits");
                tokio::select! {
                    failed = server.run() => { failed.expect("the server runs"); }
                    _ = stopped => {}
                }
            });
            // Instances that are idle end with their thread.
            runtime.shutdown_background();
        });
        let addr = bound.recv().expect("the server starts");
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent = config.timeout_global(Some(Duration::from_secs(120))).build().into();
        Self { addr, stop: Some(stop), thread: Some(thread), agent }
    }

    /// Sends a request as it is.
    pub fn send(&self, request: Request<Vec<u8>>) -> Reply {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("http://{}{path}", self.addr).parse().expect("the path is valid");
        let response = self.agent.run(Request::from_parts(parts, body)).expect("the server answers");
        let (parts, mut body) = response.into_parts();
        let body = body.with_config().limit(u64::MAX).read_to_vec().expect("the answer is whole");
        Reply(Response::from_parts(parts, body))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Vec::new()).expect("a request"))
    }

    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.into()).expect("a request"))
    }

    /// The vectors of `/embed`.
    pub fn embed(&self, texts: &[impl AsRef<str>]) -> Vec<f32> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let reply = self.post("/embed", serde_json::json!({ "inputs": texts, "normalize": false }).to_string());
        assert_eq!(reply.status(), 200, "{}", reply.text());
        let rows: Vec<Vec<f32>> = serde_json::from_slice(reply.0.body()).expect("rows of floats");
        rows.concat()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server failed");
        }
    }
}

/// An answer that was read.
pub struct Reply(pub Response<Vec<u8>>);

impl Reply {
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.0.body()).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
}

pub const DEFAULT: Reuse =
    Reuse { max_instance_reuse_count: 128, max_instance_concurrent_reuse_count: 1, max_concurrent_requests: 64 };

pub fn world(env: &[(&str, &str)]) -> World {
    let mut env: Vec<(String, String)> = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    // A line for each of thousands of requests helps nobody.
    env.push(("LOG".to_owned(), "off".to_owned()));
    World { dirs: Vec::new(), env }
}
