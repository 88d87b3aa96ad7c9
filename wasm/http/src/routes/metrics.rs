//! `GET /metrics`: counters of this instance.

use minilm_serving::{Problem, Response};

use super::Request;

pub fn metrics(request: &Request<'_>) -> Result<Response, Problem> {
    Ok(request.app.state.metrics())
}
