//! `/documents`: what is in the knowledge base, in and out.

use http::StatusCode;
use minilm_documents::{Document, Documents};
use minilm_http::{Answer, Problem};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{KbCall, document};
use crate::embed;

/// `PUT /documents`: a JSON array or JSON lines; all of them are in afterwards, or none.
pub async fn upsert(call: &KbCall<'_>) -> Result<Answer, Problem> {
    let kb = call.service;
    kb.store.writable()?;
    let documents = Documents::new(call.body).collect::<Result<Vec<Document>, _>>();
    let documents = documents.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let state = kb.opened().await?;
    let documents = embed::latest(&documents);
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    // Nothing is known where nothing is.
    let known = if state.documents == 0 { Vec::new() } else { kb.store.known(&ids).await? };
    let (entries, work) = embed::documents(kb, &documents, known)?;
    let total = if entries.is_empty() { state.documents } else { kb.store.upsert(&state.identity, &entries).await? };
    Ok(Answer::json(&json!({ "upserted": entries.len(), "total": total })).with_work(work))
}

#[derive(Serialize)]
struct Page<'a> {
    documents: Vec<&'a RawValue>,
    next: Option<&'a str>,
}

/// Documents in an answer, where a request does not say, and at most.
const LIMIT: usize = 100;
const MOST: usize = 1000;

/// `GET /documents?after=ID&limit=N`: in the order of the ids, from the first one after an id.
pub async fn list(call: &KbCall<'_>) -> Result<Answer, Problem> {
    let (mut after, mut limit) = (None, LIMIT);
    for (name, value) in url::form_urlencoded::parse(call.query.as_bytes()) {
        match &*name {
            "after" => after = Some(value.into_owned()),
            "limit" => {
                limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
                    Problem::invalid(format!("`limit` is `{value}`: it must be from 1 to {MOST}")).with_param("limit")
                })?;
            }
            other => return Err(Problem::invalid(format!("`{other}` is unknown: there are `after` and `limit`"))),
        }
    }
    call.service.opened_for_reading().await?;
    // One more tells whether there is more.
    let mut records = call.service.store.page(after.as_deref(), limit + 1).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.id.as_str());
    let documents = records.iter().map(document).collect::<Result<_, _>>()?;
    Ok(Answer::json(&Page { documents, next }))
}

/// `GET /documents/{id}`.
pub async fn get(call: &KbCall<'_>) -> Result<Answer, Problem> {
    call.service.opened_for_reading().await?;
    let record = call.service.store.get(&call.rest).await?.ok_or_else(|| unknown(&call.rest))?;
    Ok(Answer::json(&document(&record)?))
}

/// `DELETE /documents/{id}`.
pub async fn delete(call: &KbCall<'_>) -> Result<Answer, Problem> {
    call.service.opened_for_reading().await?;
    match call.service.store.delete(&call.rest).await? {
        true => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        false => Err(unknown(&call.rest)),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no document `{id}`"))
}
