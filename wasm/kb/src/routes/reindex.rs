//! `POST /documents/reindex`: all vectors anew, after the model or the searched fields have changed.

use http::StatusCode;
use minilm_documents::Document;
use minilm_serving::{Problem, Response, Usage};
use serde_json::json;

use super::Request;
use crate::embed::{self, Documents};
use crate::store::{Pending, StoreError};

/// Documents that are embedded at once, and about how many bytes of them. A page is done as a whole, also where the time of the request
/// is over before its end.
const PAGE: usize = 64;
const PAGE_BYTES: usize = 4 << 20;

/// Computes new vectors page by page, and puts them in place of the old ones when all documents have one: 200. Where the time of the
/// request is over before that: 202, and the next request goes on.
pub async fn reindex(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    kb.store.writable()?;
    kb.store.open(&kb.identity).await?;
    kb.store.begin_reindex(&kb.identity).await?;
    // The time is looked at between pages.
    let page_budget = request.budget.without_deadline();
    let (mut reindexed, mut usage) = (0, Usage::default());
    let answer = |reindexed: usize, remaining: usize| json!({ "reindexed": reindexed, "remaining": remaining, "model_name": kb.identity.model });
    loop {
        let pending = kb.store.pending(&kb.identity, PAGE, PAGE_BYTES).await?;
        if pending.is_empty() {
            if kb.store.switch(&kb.identity).await? {
                return Ok(Response::json(&answer(reindexed, 0)).with_usage(usage));
            }
        } else {
            let documents = pending.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
            let (entries, page) = embed::documents(kb, Documents::Stored, documents, Vec::new(), &page_budget).await?;
            kb.store.stage(&kb.identity, &pending, &entries).await?;
            reindexed += entries.len();
            usage += page;
        }
        if !request.budget.pause_and_continue().await {
            let answer = answer(reindexed, kb.store.remaining().await?);
            return Ok(Response { status: StatusCode::ACCEPTED, ..Response::json(&answer).with_usage(usage) });
        }
    }
}

fn parse(Pending { record, .. }: &Pending) -> Result<Document, StoreError> {
    Document::from_json(&record.document).map_err(|error| StoreError::Damaged(format!("`{}`: {error}", record.id)))
}
