//! Counters of this instance, in the text format of OpenMetrics.
//!
//! A host starts and stops instances as it likes, and each counts for itself. So every series has the random name of its instance as
//! the label `worker`. A sum over workers misses what an instance did after its last scrape; the log misses nothing.

use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use uuid::Uuid;

use crate::response::{Response, Usage};

/// Media type of what [`Metrics::render`] gives.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// First bucket of durations, in seconds, and their number; each is twice the one before, up to 16 s.
const FIRST_BUCKET: f64 = 0.0005;
const BUCKETS: u16 = 16;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    path: &'static str,
    method: String,
    status: u16,
}

/// All counters.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    texts: Counter,
    tokens: Counter,
    truncated: Counter,
    duration: Histogram,
    inference: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS));
        Self {
            requests: Family::default(),
            texts: Counter::default(),
            tokens: Counter::default(),
            truncated: Counter::default(),
            duration: seconds(),
            inference: seconds(),
        }
    }
}

impl Metrics {
    /// Counts a request to `path`, which is one of the routes, that took `duration`.
    pub fn count(&self, path: &'static str, method: &Method, response: &Response, duration: Duration) {
        let status = response.status;
        self.requests.get_or_create(&Labels { path, method: label(method), status: status.as_u16() }).inc();
        self.duration.observe(duration.as_secs_f64());
        if let Some(usage) = response.usage.filter(|_| status == StatusCode::OK) {
            self.count_usage(usage);
        }
    }

    fn count_usage(&self, usage: Usage) {
        self.texts.inc_by(usage.texts as u64);
        self.tokens.inc_by(usage.tokens as u64);
        self.truncated.inc_by(usage.truncated as u64);
        self.inference.observe(usage.inference.as_secs_f64());
    }

    /// All counters, with the name of this instance.
    pub fn response(&self) -> Response {
        static WORKER: OnceLock<Uuid> = OnceLock::new();
        Response::new(CONTENT_TYPE, self.render(*WORKER.get_or_init(Uuid::new_v4)))
    }

    /// All counters as text.
    fn render(&self, worker: Uuid) -> String {
        let labels = [("worker".into(), worker.to_string().into())];
        let mut registry = Registry::with_prefix_and_labels("minilm", labels.into_iter());
        registry.register("requests", "Requests by route, method and status", self.requests.clone());
        registry.register("texts", "Texts embedded", self.texts.clone());
        registry.register("tokens", "Tokens read by the model, special ones included", self.tokens.clone());
        registry.register("truncated_texts", "Texts cut at the model's limit", self.truncated.clone());
        let (request, inference) = (self.duration.clone(), self.inference.clone());
        registry.register_with_unit(
            "request_duration",
            "From the head of a request to its response",
            Unit::Seconds,
            request,
        );
        registry.register_with_unit("inference_duration", "From tokens to vectors", Unit::Seconds, inference);
        let mut text = String::new();
        // Writing into a string does not fail.
        encode(&mut text, &registry).unwrap_or_default();
        text
    }
}

/// The name of a method, or `other` for one that a client has made up: the number of series stays bounded.
fn label(method: &Method) -> String {
    let listed = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH];
    if listed.contains(method) { method.to_string() } else { "other".to_owned() }
}
