//! What a handler gives back.

use std::ops::AddAssign;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// A response before the headers that every route has.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Headers of the route itself.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Vec<u8>,
    /// What the model did for it. `None` for a route that did not run the model.
    pub usage: Option<Usage>,
    /// The message of the error that it states, for the log.
    pub error: Option<String>,
}

/// What the model did for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of texts.
    pub texts: usize,
    /// Number of tokens that the model read, special ones included.
    pub tokens: usize,
    /// Number of texts that were truncated.
    pub truncated: usize,
    /// Time from the tokens to the embeddings.
    pub inference: Duration,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.texts += other.texts;
        self.tokens += other.tokens;
        self.truncated += other.truncated;
        self.inference += other.inference;
    }
}

impl Usage {
    /// The time in milliseconds.
    #[must_use]
    pub fn inference_ms(&self) -> f64 {
        milliseconds(self.inference)
    }
}

/// A duration in milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

impl Response {
    /// 200 with a body of `content_type`.
    #[must_use]
    pub fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers, body: body.into(), usage: None, error: None }
    }

    /// 200 with `value` as JSON.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new("application/json", body),
            // No type here can fail: no map with keys that are not strings, no Serialize of our own that returns an error.
            Err(error) => {
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("text/plain", error.to_string()) }
            }
        }
    }

    /// `status` without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Vec::new(), usage: None, error: None }
    }

    /// The same, with what the model did.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }
}
