//! `GET /health`: whether requests can be answered. An instance that exists can; where there is none, every route says so.

use http::StatusCode;

use minilm_serving::{Problem, Response};

use super::Request;

pub fn health(_: &Request<'_>) -> Result<Response, Problem> {
    Ok(Response::empty(StatusCode::OK))
}
