//! A path, and what each method does there.

use std::fmt;
use std::pin::Pin;

use http::Method;

use crate::problem::{Dialect, Problem};
use crate::request::Request;
use crate::response::Response;

/// The response of an asynchronous handler.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + 'a>>;

/// A function from a request to its response.
pub enum Handler<A> {
    /// Only computes.
    Sync(fn(&Request<'_, A>) -> Result<Response, Problem>),
    /// Waits for something outside the component, such as a database.
    Async(for<'a> fn(&'a Request<'a, A>) -> ResponseFuture<'a>),
}

impl<A> Clone for Handler<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Handler<A> {}

impl<A> fmt::Debug for Handler<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync(_) => "Sync",
            Self::Async(_) => "Async",
        })
    }
}

/// A path, and what each method does there.
#[derive(Debug)]
pub struct Route<A> {
    /// The path. A `*` at its end stands for one or more characters.
    pub path: &'static str,
    /// The shape of its errors.
    pub dialect: Dialect,
    /// Whether it answers without the API key.
    pub public: bool,
    /// Media types of bodies that it reads, besides `application/json`.
    pub media_types: &'static [&'static str],
    /// Whether a body is read as JSON whatever its media type says, or if it says nothing: so do clients of Ollama.
    pub any_media_type: bool,
    /// Whether `POST` needs no body. A body that comes is ignored then.
    pub ignores_body: bool,
    /// Whether `POST` changes what is stored, as `PUT` and `DELETE` always do. Its media type is JSON then, also without a body.
    pub post_writes: bool,
    /// The handler of `GET` and `HEAD`.
    pub get: Option<Handler<A>>,
    /// The handler of `POST`.
    pub post: Option<Handler<A>>,
    /// The handler of `PUT`.
    pub put: Option<Handler<A>>,
    /// The handler of `DELETE`.
    pub delete: Option<Handler<A>>,
}

impl<A> Route<A> {
    /// A path without handlers.
    #[must_use]
    pub const fn new(path: &'static str, dialect: Dialect) -> Self {
        Self {
            path,
            dialect,
            public: false,
            media_types: &[],
            any_media_type: false,
            ignores_body: false,
            post_writes: false,
            get: None,
            post: None,
            put: None,
            delete: None,
        }
    }

    /// Whether `path` belongs to this route.
    pub fn matches(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.len() > prefix.len() && path.starts_with(prefix),
            None => path == self.path,
        }
    }

    /// The part of `path` that the `*` stands for, not decoded. Empty for a route without one.
    pub fn parameter<'a>(&self, path: &'a str) -> &'a str {
        self.path.strip_suffix('*').and_then(|prefix| path.strip_prefix(prefix)).unwrap_or("")
    }

    /// The handler of `method`, and whether it reads a body.
    pub fn handler(&self, method: &Method) -> Option<(Handler<A>, bool)> {
        let (handler, has_body) = match *method {
            Method::GET | Method::HEAD => (self.get, false),
            Method::DELETE => (self.delete, false),
            Method::POST => (self.post, !self.ignores_body),
            Method::PUT => (self.put, true),
            _ => (None, false),
        };
        handler.map(|handler| (handler, has_body))
    }

    /// Whether a request of `method` changes what is stored.
    pub fn writes(&self, method: &Method) -> bool {
        match *method {
            Method::PUT | Method::DELETE => true,
            Method::POST => self.post_writes,
            _ => false,
        }
    }

    /// The methods with a handler, as the header `Allow` lists them.
    pub fn allow(&self) -> String {
        let methods = [
            ("DELETE", self.delete.is_some()),
            ("GET", self.get.is_some()),
            ("HEAD", self.get.is_some()),
            ("OPTIONS", true),
            ("POST", self.post.is_some()),
            ("PUT", self.put.is_some()),
        ];
        methods.into_iter().filter_map(|(name, there)| there.then_some(name)).collect::<Vec<_>>().join(", ")
    }
}
