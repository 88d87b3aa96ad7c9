//! `GET /health`: that the component lives, and how it is, in the form of the Flask service. `GET /ready`: whether questions can be
//! answered.

use minilm_serving::{Problem, Response};
use serde_json::{Value, json};

use super::{Request, plain};
use crate::Kb;
use crate::store::State;

/// 200 where there is an instance, whatever the store says: a host that starts the component anew would change nothing about a database.
pub async fn health(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    let opened = kb.store.open(&kb.identity).await;
    let (status, database) = match &opened {
        Ok(state) => {
            let error = mismatch(kb, state);
            let status = if error.is_none() { "healthy" } else { "unhealthy" };
            (status, database(status, true, state.documents, error))
        }
        Err(error) => ("unhealthy", database("unhealthy", false, 0, Some(error.to_string()))),
    };
    let settings = &kb.settings;
    let mut response = Response::json(&json!({
        "status": status,
        "model": {
            "status": "healthy",
            "model_name": kb.state.model_name(),
            "loaded": true,
            "embedding_dimension": kb.identity.dim,
        },
        "database": database,
        "config": {
            "similarity_threshold": plain(settings.similarity_threshold),
            "search_fields": settings.search_fields,
            "store": kb.store.name(),
        },
    }));
    response.error = opened.err().map(|error| error.logged()).or_else(|| database["error"].as_str().map(str::to_owned));
    Ok(response)
}

/// 200 with the number of documents where the store answers and its vectors are of this model, else 503 with the reason.
pub async fn ready(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    let not_ready = |message: String| Problem::unhealthy(message).retry_after_a_second();
    let opened = kb.store.open(&kb.identity).await;
    let state = opened.map_err(|error| not_ready(error.to_string()).logged_as(error.logged()))?;
    match mismatch(kb, &state) {
        None => Ok(Response::json(&json!({ "status": "ready", "document_count": state.documents }))),
        Some(message) => Err(not_ready(message)),
    }
}

/// Why vectors of the store cannot be compared with those of this instance.
fn mismatch(kb: &Kb, state: &State) -> Option<String> {
    kb.identity.mismatch(&state.identity, kb.store.recovery_hint())
}

fn database(status: &str, connected: bool, documents: usize, error: Option<String>) -> Value {
    let mut database = json!({ "status": status, "connected": connected, "document_count": documents });
    if let (Some(error), Value::Object(fields)) = (error, &mut database) {
        fields.insert("error".to_owned(), error.into());
    }
    database
}
