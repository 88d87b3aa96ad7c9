//! `GET /metrics`: counters of this instance.

use std::sync::OnceLock;

use uuid::Uuid;

use super::Call;
use crate::metrics::CONTENT_TYPE;
use crate::{Answer, Problem};

pub fn metrics(call: &Call<'_>) -> Result<Answer, Problem> {
    static WORKER: OnceLock<Uuid> = OnceLock::new();
    let worker = *WORKER.get_or_init(Uuid::new_v4);
    Ok(Answer::new(CONTENT_TYPE, call.service.metrics.render(worker)))
}
