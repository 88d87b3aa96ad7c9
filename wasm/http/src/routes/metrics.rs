//! `GET /metrics`: counters of this instance.

use super::Call;
use crate::{Answer, Problem};

pub fn metrics(call: &Call<'_>) -> Result<Answer, Problem> {
    Ok(call.service.counters())
}
