//! Which path does what.

mod health;
mod info;
mod metrics;
mod ollama;
mod openai;
mod openapi;
mod tei;

use std::borrow::Cow;

use http::HeaderMap;

use crate::{Answer, Dialect, Problem, Service};

/// What a handler sees of a request.
#[derive(Debug)]
pub struct Call<'a> {
    /// The instance.
    pub service: &'a Service,
    /// Headers of the request.
    pub headers: &'a HeaderMap,
    /// What stands for the `*` in the path, decoded.
    pub rest: Cow<'a, str>,
    /// The body; empty for `GET`.
    pub body: &'a [u8],
}

/// Answers a request.
pub type Handler = fn(&Call<'_>) -> Result<Answer, Problem>;

/// A path.
#[derive(Debug)]
pub struct Route {
    /// The path itself; a `*` at its end stands for anything.
    pub path: &'static str,
    /// Shape of its errors.
    pub dialect: Dialect,
    /// Whether it is answered without a key.
    pub open: bool,
    /// What `GET` does, and `HEAD`.
    pub get: Option<Handler>,
    /// What `POST` does.
    pub post: Option<Handler>,
}

impl Route {
    /// What stands for the `*` in `path`, which is one of this route.
    pub fn rest<'a>(&self, path: &'a str) -> &'a str {
        self.path.strip_suffix('*').and_then(|prefix| path.strip_prefix(prefix)).unwrap_or("")
    }

    /// The methods that it takes, as in the header `Allow`.
    pub fn allow(&self) -> &'static str {
        match (self.get.is_some(), self.post.is_some()) {
            (true, true) => "GET, HEAD, OPTIONS, POST",
            (true, false) => "GET, HEAD, OPTIONS",
            _ => "OPTIONS, POST",
        }
    }
}

const fn get(path: &'static str, dialect: Dialect, handler: Handler) -> Route {
    Route { path, dialect, open: false, get: Some(handler), post: None }
}

const fn open(path: &'static str, handler: Handler) -> Route {
    Route { path, dialect: Dialect::Tei, open: true, get: Some(handler), post: None }
}

const fn post(path: &'static str, dialect: Dialect, handler: Handler) -> Route {
    Route { path, dialect, open: false, get: None, post: Some(handler) }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    Route { get: Some(info::welcome), ..post("/", Dialect::Tei, tei::embed) },
    post("/embed", Dialect::Tei, tei::embed),
    post("/similarity", Dialect::Tei, tei::similarity),
    post("/tokenize", Dialect::Tei, tei::tokenize),
    get("/info", Dialect::Tei, info::info),
    get("/metrics", Dialect::Tei, metrics::metrics),
    open("/health", health::health),
    open("/ping", health::health),
    open("/openapi.json", openapi::openapi),
    post("/v1/embeddings", Dialect::OpenAi, openai::embeddings),
    post("/embeddings", Dialect::OpenAi, openai::embeddings),
    get("/v1/models", Dialect::OpenAi, openai::models),
    get("/v1/models/*", Dialect::OpenAi, openai::model),
    post("/api/embed", Dialect::Ollama, ollama::embed),
];

/// The route of `path`.
pub fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| match route.path.strip_suffix('*') {
        Some(prefix) => path.len() > prefix.len() && path.starts_with(prefix),
        None => path == route.path,
    })
}

/// The protocol whose errors a client of `path` reads, where there is no such route.
pub fn dialect(path: &str) -> Dialect {
    if path.starts_with("/v1/") {
        Dialect::OpenAi
    } else if path.starts_with("/api/") {
        Dialect::Ollama
    } else {
        Dialect::Tei
    }
}
