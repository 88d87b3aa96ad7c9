//! A server for a test, and what it answers.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use minilm_host::serve::{Options, Server};
use serde_json::Value;
use tokio::sync::oneshot;
use ureq::http::{Request, Response};

use crate::bytes;

/// A server on a free port, until it is dropped.
pub struct Running {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    agent: ureq::Agent,
}

impl Running {
    /// Serves the component in a file.
    pub fn start(component: &Path, options: Options) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, bound) = std::sync::mpsc::channel();
        let component = bytes(component);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
            runtime.block_on(async {
                let server = Server::bind(&component, options).await.expect("the component can be served");
                ready.send(server.addr().expect("a socket has an address")).expect("the test waits");
                server.run(Box::pin(async { drop(stopped.await) })).await;
            });
            // Instances that are idle end with their thread.
            runtime.shutdown_background();
        });
        let addr = bound.recv().expect("the server starts");
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent = config.timeout_global(Some(Duration::from_secs(120))).build().into();
        Self { addr, stop: Some(stop), thread: Some(thread), agent }
    }

    /// Tells the server to end; it answers what is under way before it does.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            let _ = stop.send(());
        }
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
        self.stop();
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

/// A server on a free port whose component has these settings.
pub fn options(env: &[(&str, &str)]) -> Options {
    let mut options = Options::default();
    for (name, value) in env {
        options.env.set(*name, *value);
    }
    // A line for each of thousands of requests helps nobody.
    options.env.set("LOG", "off");
    options
}
