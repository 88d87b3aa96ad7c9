//! `GET /health`: whether questions can be responseed, in the form of the Flask service.

use http::StatusCode;
use minilm_serving::{Problem, Response};
use serde_json::{Value, json};

use super::{Request, plain};
use crate::store::StoreError;

pub async fn health(request: &Request<'_>) -> Result<Response, Problem> {
    let kb = request.app;
    let opened = kb.store.open(&kb.identity).await;
    let (status, database) = match &opened {
        Ok(state) => {
            let error = kb.identity.mismatch(&state.identity, kb.store.recovery_hint());
            let status = if error.is_none() { "healthy" } else { "unhealthy" };
            (status, database(status, true, state.documents, error))
        }
        Err(error) => ("unhealthy", database("unhealthy", false, 0, Some(error.to_string()))),
    };
    let logged = opened.as_ref().err().map(StoreError::logged);
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
    if status != "healthy" {
        response.status = StatusCode::SERVICE_UNAVAILABLE;
        response.error = logged.or_else(|| database["error"].as_str().map(str::to_owned));
    }
    Ok(response)
}

fn database(status: &str, connected: bool, documents: usize, error: Option<String>) -> Value {
    let mut database = json!({ "status": status, "connected": connected, "document_count": documents });
    if let (Some(error), Value::Object(fields)) = (error, &mut database) {
        fields.insert("error".to_owned(), error.into());
    }
    database
}
