//! `GET /health`: whether questions can be answered, in the form of the Flask service.

use http::StatusCode;
use minilm_http::{Answer, App, Problem};
use serde_json::{Value, json};

use super::{KbCall, plain};
use crate::kb::mismatch;

pub async fn health(call: &KbCall<'_>) -> Result<Answer, Problem> {
    let kb = call.service;
    let opened = kb.store.open(&kb.identity).await;
    let (status, database) = match &opened {
        Ok(state) => {
            let error = mismatch(&state.identity, &kb.identity, kb.store.mend());
            let status = if error.is_none() { "healthy" } else { "unhealthy" };
            (status, database(status, true, state.documents, error))
        }
        Err(error) => ("unhealthy", database("unhealthy", false, 0, Some(error.to_string()))),
    };
    let settings = &kb.settings;
    let mut answer = Answer::json(&json!({
        "status": status,
        "model": {
            "status": "healthy",
            "model_name": kb.service().model_name(),
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
        answer.status = StatusCode::SERVICE_UNAVAILABLE;
        answer.error = database["error"].as_str().map(str::to_owned);
    }
    Ok(answer)
}

fn database(status: &str, connected: bool, documents: usize, error: Option<String>) -> Value {
    let mut database = json!({ "status": status, "connected": connected, "document_count": documents });
    if let (Some(error), Value::Object(fields)) = (error, &mut database) {
        fields.insert("error".to_owned(), error.into());
    }
    database
}
