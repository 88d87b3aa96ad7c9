//! `POST /documents/reindex`: all vectors anew, after the model or the searched fields have changed.

use minilm_documents::Document;
use minilm_serving::{Budget, Problem, Response, Usage};
use serde_json::json;

use super::Request;
use crate::Kb;
use crate::embed::{self, Documents};
use crate::store::{Entry, Record, StoreError};

/// Documents read at once, and about how many bytes of them.
const PAGE: usize = 500;
const PAGE_BYTES: usize = 8 << 20;

/// How often it begins anew because others wrote in the meantime.
const TRIES: usize = 3;

pub async fn reindex(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    kb.store.writable()?;
    for _ in 0..TRIES {
        let before = kb.store.open(&kb.identity).await?;
        // A store is reindexed as a whole, however long that takes. It ends with the client.
        let (entries, usage) = all(kb, &request.budget.without_deadline()).await?;
        match kb.store.reindex(&kb.identity, before.version, &entries).await {
            Ok(()) => {
                let answer = json!({ "reindexed": entries.len(), "model_name": kb.identity.model });
                return Ok(Response::json(&answer).with_usage(usage));
            }
            Err(StoreError::Changed) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(StoreError::Changed.into())
}

/// Every document, with the vectors of this instance's model.
async fn all(kb: &Kb, budget: &Budget) -> Result<(Vec<Entry>, Usage), Problem> {
    let (mut entries, mut sum): (Vec<Entry>, _) = (Vec::new(), Usage::default());
    loop {
        let after = entries.last().map(|entry| entry.record.id.clone());
        let records = kb.store.page(after.as_deref(), PAGE, PAGE_BYTES).await?.records;
        if records.is_empty() {
            return Ok((entries, sum));
        }
        let documents = records.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let (page, usage) = embed::documents(kb, Documents::Stored, &documents, Vec::new(), budget).await?;
        entries.extend(page);
        sum += usage;
    }
}

fn parse(record: &Record) -> Result<Document, StoreError> {
    Document::from_json(&record.document).map_err(|error| StoreError::Damaged(format!("`{}`: {error}", record.id)))
}
