//! What a component puts behind the plumbing of this crate: its routes, and the state that they share.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;

use http::HeaderMap;
use http::header::{ALLOW, HeaderValue};

use crate::{Answer, Dialect, Problem, Service};

/// A component that answers over HTTP.
pub trait App: Sized + 'static {
    /// Every route; of two that fit a path the first one counts.
    const ROUTES: &'static [Route<Self>];

    /// Where a caller finds what there is, for one who asked for something else.
    const HINT: &'static str;

    /// The state of this instance, made by its first request.
    ///
    /// # Errors
    /// Why there is none.
    fn get() -> Result<&'static Self, Problem>;

    /// The settings, the model and the counters.
    fn service(&self) -> &Service;

    /// The protocol whose errors a client of `path` reads, where there is no such route.
    fn dialect(path: &str) -> Dialect;
}

/// What a handler sees of a request.
#[derive(Debug)]
pub struct Call<'a, A = Service> {
    /// The state of the instance.
    pub service: &'a A,
    /// Headers of the request.
    pub headers: &'a HeaderMap,
    /// What stands for the `*` in the path, decoded.
    pub rest: Cow<'a, str>,
    /// What follows the `?`, as it came.
    pub query: &'a str,
    /// The body; empty where the method has none.
    pub body: &'a [u8],
}

/// An answer that is on its way.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + 'a>>;

/// Answers a request.
pub enum Handler<A> {
    /// At once.
    Now(fn(&Call<'_, A>) -> Result<Answer, Problem>),
    /// After it has waited for something outside.
    Later(for<'a> fn(&'a Call<'a, A>) -> Pending<'a>),
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
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
        })
    }
}

/// A path.
#[derive(Debug)]
pub struct Route<A> {
    /// The path itself; a `*` at its end stands for anything.
    pub path: &'static str,
    /// Shape of its errors.
    pub dialect: Dialect,
    /// Whether it is answered without a key.
    pub open: bool,
    /// Media types of bodies that it reads, beside `application/json`.
    pub media_types: &'static [&'static str],
    /// Whether its `POST` has nothing to say: a body is not looked at then.
    pub bodiless: bool,
    /// What `GET` does, and `HEAD`.
    pub get: Option<Handler<A>>,
    /// What `POST` does.
    pub post: Option<Handler<A>>,
    /// What `PUT` does.
    pub put: Option<Handler<A>>,
    /// What `DELETE` does.
    pub delete: Option<Handler<A>>,
}

impl<A> Route<A> {
    /// A path at which nothing is done yet.
    #[must_use]
    pub const fn new(path: &'static str, dialect: Dialect) -> Self {
        Self {
            path,
            dialect,
            open: false,
            media_types: &[],
            bodiless: false,
            get: None,
            post: None,
            put: None,
            delete: None,
        }
    }

    /// Whether `path` is one of this route.
    pub fn fits(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.len() > prefix.len() && path.starts_with(prefix),
            None => path == self.path,
        }
    }

    /// What stands for the `*` in `path`, which is one of this route.
    pub fn rest<'a>(&self, path: &'a str) -> &'a str {
        self.path.strip_suffix('*').and_then(|prefix| path.strip_prefix(prefix)).unwrap_or("")
    }

    /// The methods that it takes, as in the header `Allow`.
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

    /// Adds the methods to `headers`.
    pub(crate) fn tell_allowed(&self, headers: &mut HeaderMap) {
        if let Ok(allow) = HeaderValue::from_str(&self.allow()) {
            headers.insert(ALLOW, allow);
        }
    }
}
