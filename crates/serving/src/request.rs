//! What a handler gets.

use std::borrow::Cow;
use std::cell::RefCell;

use http::HeaderMap;

use crate::budget::Budget;

/// A request as a handler sees it.
#[derive(Debug)]
pub struct Request<'a, A> {
    /// The state of the instance.
    pub app: &'a A,
    /// What the request calls this server, with a port where it has one.
    pub host: Option<Cow<'a, str>>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The part of the path that the `*` of the route stands for, percent-decoded. Empty for a route without one.
    pub path_parameter: Cow<'a, str>,
    /// The query string, without the `?` and not decoded.
    pub query: &'a str,
    /// The body, until it is taken. Empty for a method without one.
    pub(crate) body: RefCell<Vec<u8>>,
    /// What is left of its time, and what its answer may have.
    pub budget: Budget,
}

impl<A> Request<'_, A> {
    /// The body. It is read once, and its memory is free as soon as it is parsed.
    #[must_use]
    pub fn take_body(&self) -> Vec<u8> {
        self.body.take()
    }
}
