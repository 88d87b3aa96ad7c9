//! A client that calls a request handler.

use std::io::Read;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::Body;
use http_body_util::Full;
use minilm_serving::{App, Problem, handle};
use serde_json::Value;

/// Sends requests to the handler of an instance.
#[derive(Debug)]
pub struct Client<A>(Result<A, String>);

impl<A: App> Client<A> {
    /// A client of `app`, or of an instance that could not be made, with the reason.
    pub fn new(app: Result<A, String>) -> Self {
        Self(app)
    }

    /// The state of the instance.
    pub fn app(&self) -> &A {
        self.0.as_ref().unwrap_or_else(|error| panic!("there is no instance: {error}"))
    }

    /// Begins a request.
    pub fn request(&self, method: &str, path: &str) -> Sent<'_, A> {
        Sent { client: self, request: http::Request::builder().method(method).uri(path) }
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send("")
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> Reply {
        self.request("DELETE", path).send("")
    }

    /// `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.request("POST", path).header("content-type", "application/json").send(body)
    }

    /// `PUT path` with a JSON body.
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.request("PUT", path).header("content-type", "application/json").send(body)
    }
}

/// A request that is put together.
#[derive(Debug)]
pub struct Sent<'a, A> {
    client: &'a Client<A>,
    request: http::request::Builder,
}

impl<A: App> Sent<'_, A> {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        // By its bytes, as a socket would give it.
        let value = http::HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        self.request = self.request.header(name, value);
        self
    }

    /// Sends it with a body whose length is announced.
    pub fn send(self, body: impl Into<Vec<u8>>) -> Reply {
        let body = body.into();
        let length = body.len().to_string();
        let announced = if body.is_empty() { self } else { self.header("content-length", &length) };
        announced.send_body(Full::new(Bytes::from(body)))
    }

    /// Sends it with a body that comes as it likes.
    pub fn send_body<B: Body<Data = Bytes> + Unpin>(self, body: B) -> Reply
    where
        B::Error: std::fmt::Debug,
    {
        futures_executor::block_on(self.start(body))
    }

    /// The response, in the making.
    pub async fn start<B: Body<Data = Bytes> + Unpin>(self, mut body: B) -> Reply
    where
        B::Error: std::fmt::Debug,
    {
        let (parts, ()) = self.request.body(()).expect("a request").into_parts();
        let app = self.client.0.as_ref().map_err(Problem::unhealthy);
        let is_head = parts.method == Method::HEAD;
        let response = handle(app, parts, &mut body).await;
        let (parts, body) = response.into_parts();
        assert!(!is_head || body.is_empty(), "a response to HEAD has no body");
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it was sent.
    pub body: Vec<u8>,
}

impl Reply {
    /// The header `name`, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The body without its gzip.
    pub fn unzipped(&self) -> String {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&self.body[..]).read_to_string(&mut text).expect("gzip");
        text
    }
}
