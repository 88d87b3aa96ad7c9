//! `POST /query` and `/query/batch`: what the Flask service had, field by field.

use http::StatusCode;
use minilm_documents::filter::Filter;
use minilm_serving::{Problem, Response, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Answered, Request, Score, filter, missing, plain, searchable, threshold, top_k};
use crate::embed;
use crate::store::{Found, Search};

/// The field that is asked about.
const QUESTION: &str = "question";

#[derive(Deserialize)]
struct QueryBody {
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    threshold: Option<f32>,
    #[serde(default)]
    filter: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct QueryAnswer<'a> {
    matched_question: Option<&'a RawValue>,
    answers: Option<&'a RawValue>,
    similarity_score: Score,
    metadata: QueryMetadata<'a>,
}

#[derive(Serialize)]
struct QueryMetadata<'a> {
    document_id: &'a str,
    threshold_used: f32,
    total_documents_searched: usize,
    match_index: usize,
}

pub async fn query(request: &Request<'_>) -> Result<Response, Problem> {
    let body: QueryBody = json::parse(&request.take_body(), true)?;
    let kb = request.app;
    let question = body.question.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing(QUESTION))?;
    let threshold_used = threshold(kb, body.threshold)?;
    searchable(kb, QUESTION)?;
    let filter = filter(body.filter.as_ref())?;
    let (vector, usage) = embed::questions(&kb.state, QUESTION, vec![question], &request.budget).await?;
    let found = find(request, &vector, threshold_used, 1, true, filter).await?.pop().unwrap_or_default();
    let Some(best) = found.matches.first() else {
        return Err(no_match(&found, threshold_used));
    };
    let Answered { question, answers } = Answered::of(&best.record)?;
    let metadata = QueryMetadata {
        document_id: &best.record.id,
        threshold_used,
        total_documents_searched: found.searched,
        match_index: best.index,
    };
    let answer = QueryAnswer { matched_question: question, answers, similarity_score: best.score.into(), metadata };
    Ok(Response::json(&answer).with_usage(usage))
}

/// 404, as the Flask service had it: the question was answered, and no document is close enough.
fn no_match(found: &Found, threshold_used: f32) -> Problem {
    let details = serde_json::json!({
        "best_similarity": found.best.map(|best| Score::from(best).plain()),
        "threshold_used": plain(threshold_used),
        "total_documents_searched": found.searched,
    });
    Problem::new(StatusCode::NOT_FOUND, "No matching data found.").with_details(details).as_result()
}

#[derive(Deserialize)]
struct BatchBody {
    #[serde(default)]
    questions: Option<Vec<String>>,
    #[serde(default)]
    threshold: Option<f32>,
    #[serde(default)]
    top_k: Option<usize>,
    #[serde(default)]
    filter: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct BatchAnswer<'a> {
    results: Vec<BatchResult<'a>>,
    metadata: BatchMetadata,
}

#[derive(Serialize)]
struct BatchResult<'a> {
    question_index: usize,
    query: &'a str,
    matches: Vec<BatchMatch<'a>>,
}

#[derive(Serialize)]
struct BatchMatch<'a> {
    matched_question: Option<&'a RawValue>,
    answers: Option<&'a RawValue>,
    similarity_score: Score,
    document_id: &'a str,
}

#[derive(Serialize)]
struct BatchMetadata {
    total_questions: usize,
    total_documents_searched: usize,
    threshold_used: f32,
    top_k: usize,
}

pub async fn batch(request: &Request<'_>) -> Result<Response, Problem> {
    let body: BatchBody = json::parse(&request.take_body(), true)?;
    let kb = request.app;
    let questions = body.questions.filter(|questions| !questions.is_empty()).ok_or_else(|| missing("questions"))?;
    if let Some(index) = questions.iter().position(|question| question.trim().is_empty()) {
        let message = format!("`questions` has an empty text at index {index}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, message).with_param("questions"));
    }
    let (threshold_used, top_k) = (threshold(kb, body.threshold)?, top_k(body.top_k, 1)?);
    searchable(kb, QUESTION)?;
    let filter = filter(body.filter.as_ref())?;
    let (vectors, usage) = embed::questions(&kb.state, "questions", questions.clone(), &request.budget).await?;
    let found = find(request, &vectors, threshold_used, top_k, false, filter).await?;
    let total_documents_searched = found.first().map_or(0, |found| found.searched);
    let results = questions.iter().zip(&found).enumerate().map(|(question_index, (query, found))| {
        let matches = found.matches.iter().map(|found| {
            let Answered { question, answers } = Answered::of(&found.record)?;
            let (similarity_score, document_id) = (found.score.into(), found.record.id.as_str());
            Ok(BatchMatch { matched_question: question, answers, similarity_score, document_id })
        });
        Ok(BatchResult { question_index, query, matches: matches.collect::<Result<_, Problem>>()? })
    });
    let metadata = BatchMetadata { total_questions: questions.len(), total_documents_searched, threshold_used, top_k };
    let answer = BatchAnswer { results: results.collect::<Result<_, Problem>>()?, metadata };
    Ok(Response::json(&answer).with_usage(usage))
}

/// What is found for each of `vectors`.
async fn find(
    request: &Request<'_>,
    vectors: &[f32],
    threshold: f32,
    top_k: usize,
    positions: bool,
    filter: Option<Filter>,
) -> Result<Vec<Found>, Problem> {
    let (kb, budget) = (request.app, &request.budget);
    let vectors: Vec<&[f32]> = vectors.chunks_exact(kb.identity.dim).collect();
    let (threshold, filter) = (Some(threshold), filter.as_ref());
    let search = Search { field: QUESTION, vectors: &vectors, top_k, threshold, filter, positions, budget };
    kb.search(&search).await
}

#[cfg(test)]
mod tests {
    use minilm_serving::Dialect;

    use super::{Found, no_match};

    #[test]
    fn a_question_without_a_match_is_no_error_in_the_log() {
        let answer = no_match(&Found::default(), 0.6).into_response(Dialect::Flask);
        assert_eq!((answer.status.as_u16(), answer.error), (404, None));
    }
}
