//! `POST /search`: the closest documents, whole, by any field that is searched, among those whose metadata a filter accepts.

use minilm_serving::{Problem, Response, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Request, Score, document, filter, missing, searchable, threshold, top_k};
use crate::embed;
use crate::store::Search;

#[derive(Deserialize)]
struct SearchBody {
    #[serde(default)]
    query: Option<String>,
    #[serde(default = "question")]
    field: String,
    #[serde(default)]
    top_k: Option<usize>,
    #[serde(default)]
    threshold: Option<f32>,
    #[serde(default)]
    filter: Option<Map<String, Value>>,
}

fn question() -> String {
    "question".to_owned()
}

#[derive(Serialize)]
struct SearchAnswer<'a> {
    results: Vec<SearchResult<'a>>,
    metadata: SearchMetadata<'a>,
}

#[derive(Serialize)]
struct SearchResult<'a> {
    document_id: &'a str,
    score: Score,
    document: &'a RawValue,
}

#[derive(Serialize)]
struct SearchMetadata<'a> {
    field: &'a str,
    top_k: usize,
    threshold_used: Option<f32>,
    total_documents_searched: usize,
}

/// Matches where a request does not say.
const TOP_K: usize = 10;

pub async fn search(request: &Request<'_>) -> Result<Response, Problem> {
    let body: SearchBody = json::parse(&request.take_body(), true)?;
    let kb = request.app;
    let query = body.query.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing("query"))?;
    let top_k = top_k(body.top_k, TOP_K)?;
    let threshold = body.threshold.map(|asked| threshold(kb, Some(asked))).transpose()?;
    searchable(kb, &body.field)?;
    let filter = filter(body.filter.as_ref())?;
    let (vector, usage) = embed::questions(&kb.state, "query", vec![query], &request.budget).await?;
    let (field, filter, budget) = (body.field.as_str(), filter.as_ref(), &request.budget);
    let search = Search { field, vectors: &[&vector], top_k, threshold, filter, positions: false, budget };
    let found = kb.search(&search).await?.pop().unwrap_or_default();
    let results = found.matches.iter().map(|found| {
        let (document_id, score) = (found.record.id.as_str(), found.score.into());
        Ok(SearchResult { document_id, score, document: document(&found.record)? })
    });
    let total_documents_searched = found.searched;
    let metadata = SearchMetadata { field, top_k, threshold_used: threshold, total_documents_searched };
    let answer = SearchAnswer { results: results.collect::<Result<_, Problem>>()?, metadata };
    Ok(Response::json(&answer).with_usage(usage))
}
