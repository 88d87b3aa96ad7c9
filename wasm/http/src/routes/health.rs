//! `GET /health`: whether requests can be answered. A service that exists can; [`crate::Exchange`] says where there is none.

use http::StatusCode;

use super::Call;
use crate::{Answer, Problem};

pub fn health(_: &Call<'_>) -> Result<Answer, Problem> {
    Ok(Answer::empty(StatusCode::OK))
}
