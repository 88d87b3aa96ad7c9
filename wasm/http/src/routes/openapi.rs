//! `GET /openapi.json`: all routes, for programs.

use super::Call;
use crate::{Answer, Problem};

pub fn openapi(_: &Call<'_>) -> Result<Answer, Problem> {
    Ok(Answer::new("application/json", include_bytes!("../../openapi.json")))
}
