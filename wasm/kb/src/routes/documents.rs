//! `/documents`: what is in the knowledge base, in and out.

use http::StatusCode;
use minilm_documents::{Document, dedupe_by_id};
use minilm_serving::{Problem, Response, Usage, excerpt};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Request, document};
use crate::embed::{self, Documents};

/// `PUT /documents`: a JSON array or JSON lines; all of them are in afterwards, or none.
pub async fn upsert(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    kb.store.writable()?;
    let documents =
        minilm_documents::Documents::new(request.take_body().as_slice()).collect::<Result<Vec<Document>, _>>();
    let documents = documents.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let documents = dedupe_by_id(documents);
    if documents.is_empty() {
        let state = kb.store.open(&kb.identity).await?;
        kb.check_identity(&state.identity)?;
        return Ok(Response::json(&json!({ "upserted": 0, "total": state.documents })).with_usage(Usage::default()));
    }
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    let existing = kb.store.existing(&kb.identity, &ids).await?;
    kb.check_identity(&existing.identity)?;
    let (entries, usage) =
        embed::documents(kb, Documents::Sent, documents, existing.documents, &request.budget).await?;
    let upserted = entries.len();
    let total = kb.store.upsert(&existing.identity, entries).await?;
    Ok(Response::json(&json!({ "upserted": upserted, "total": total })).with_usage(usage))
}

#[derive(Serialize)]
struct Page<'a> {
    documents: Vec<&'a RawValue>,
    next: Option<&'a str>,
}

/// Documents in an answer, where a request does not say, and at most.
const LIMIT: usize = 100;
const MOST: usize = 1000;

/// What `/documents` is asked for. Of all parameters each may come once.
#[derive(Default)]
struct Query {
    id: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parsed = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let is_again = match &*name {
                "id" => parsed.id.replace(value.into_owned()).is_some(),
                "after" => parsed.after.replace(value.into_owned()).is_some(),
                "limit" => parsed.limit.replace(limit(&value)?).is_some(),
                other => {
                    let other = excerpt(other);
                    return Err(Problem::invalid(format!("`{other}` is unknown: there are `id`, `after` and `limit`")));
                }
            };
            if is_again {
                return Err(Problem::invalid(format!("`{name}` is there twice")));
            }
        }
        match (&parsed.id, &parsed.after, &parsed.limit) {
            (None, ..) | (_, None, None) => Ok(parsed),
            _ => Err(Problem::invalid("`id` asks for one document, so there is no `after` and no `limit` with it")),
        }
    }
}

fn limit(value: &str) -> Result<usize, Problem> {
    value.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
        Problem::invalid(format!("`limit` is `{}`: it must be from 1 to {MOST}", excerpt(value))).with_param("limit")
    })
}

/// `GET /documents?after=ID&limit=N`: in the order of the ids, from the first one after an id. `GET /documents?id=ID`: one document. That
/// works for every id; clients take `.` and `..` out of a path, and what is between may decode `%2F`.
pub async fn list(request: &Request<'_>) -> Result<Response, Problem> {
    let Query { id, after, limit } = Query::parse(request.query)?;
    if let Some(id) = id {
        return get(request, &id).await;
    }
    let limit = limit.unwrap_or(LIMIT);
    // One more tells whether there is more.
    let page = request.app.store.page(after.as_deref(), limit + 1, request.budget.max_response_bytes).await?;
    request.budget.check_response(page.bytes(limit))?;
    let (mut records, more) = (page.records, page.sizes.len() > limit);
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.id.as_str());
    let documents = records.iter().map(document).collect::<Result<_, _>>()?;
    Ok(Response::json(&Page { documents, next }))
}

/// `GET /documents/{id}`.
pub async fn get(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    let record = request.app.store.get(id).await?.ok_or_else(|| unknown(id))?;
    Ok(Response::json(&document(&record)?))
}

/// `DELETE /documents/{id}`.
pub async fn delete(request: &Request<'_>, id: &str) -> Result<Response, Problem> {
    match request.app.store.delete(id).await? {
        true => Ok(Response::empty(StatusCode::NO_CONTENT)),
        false => Err(unknown(id)),
    }
}

/// `DELETE /documents?id=ID`. Without an id it is refused: it could be taken for all documents.
pub async fn delete_by_query(request: &Request<'_>) -> Result<Response, Problem> {
    match Query::parse(request.query)? {
        Query { id: Some(id), .. } => delete(request, &id).await,
        _ => Err(Problem::invalid("`id` is needed: DELETE /documents?id=ID drops one document").with_param("id")),
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no document `{}`", excerpt(id)))
}
