//! What goes back: a status, a body, and what is told about the work that was done for it.

use std::ops::AddAssign;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// An answer before its last headers.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Headers of the route itself.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Vec<u8>,
    /// What the model did for it.
    pub work: Option<Work>,
    /// The error in it, for the log.
    pub error: Option<String>,
}

/// What the model did for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Texts.
    pub texts: usize,
    /// Tokens that the model read, special ones included.
    pub tokens: usize,
    /// Texts that were cut at the limit.
    pub truncated: usize,
    /// Time from the tokens to the vectors.
    pub inference: Duration,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.texts += other.texts;
        self.tokens += other.tokens;
        self.truncated += other.truncated;
        self.inference += other.inference;
    }
}

impl Work {
    /// The time in milliseconds.
    #[must_use]
    pub fn inference_ms(&self) -> f64 {
        milliseconds(self.inference)
    }
}

/// A duration in milliseconds, to the microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

impl Answer {
    /// 200 with a body of `content_type`.
    #[must_use]
    pub fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers, body: body.into(), work: None, error: None }
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
        Self { status, headers: HeaderMap::new(), body: Vec::new(), work: None, error: None }
    }

    /// The same, with what the model did.
    #[must_use]
    pub fn with_work(mut self, work: Work) -> Self {
        self.work = Some(work);
        self
    }
}
