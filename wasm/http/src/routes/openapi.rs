//! `GET /openapi.json`: all routes, for programs.

use minilm_serving::{Problem, Response};

use super::Request;

pub fn openapi(_: &Request<'_>) -> Result<Response, Problem> {
    Ok(Response::new("application/json", include_bytes!("../../openapi.json")))
}
