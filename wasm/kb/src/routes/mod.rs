//! Which path does what.

mod documents;
mod health;
mod query;
mod reindex;
mod search;
mod welcome;

use http::StatusCode;
use minilm_documents::filter::Filter;
use minilm_serving::{App, Dialect, Handler, Problem, Route, ServerState, excerpt};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Kb;
use crate::settings::COSINES;
use crate::store::{Record, StoreError};

/// A request to the knowledge base.
type Request<'a> = minilm_serving::Request<'a, Kb>;

const fn path(path: &'static str) -> Route<Kb> {
    Route::new(path, Dialect::Details)
}

/// Media types of JSON lines, none of which is registered.
const JSON_LINES: &[&str] = &["application/x-ndjson", "application/jsonl", "application/x-jsonlines"];

/// Every route.
const ROUTES: &[Route<Kb>] = &[
    Route { get: Some(Handler::Sync(welcome::welcome)), ..path("/") },
    Route { public: true, get: Some(Handler::Async(|request| Box::pin(health::health(request)))), ..path("/health") },
    Route { public: true, get: Some(Handler::Async(|request| Box::pin(health::ready(request)))), ..path("/ready") },
    Route { get: Some(Handler::Sync(|request| Ok(request.app.state().metrics()))), ..path("/metrics") },
    Route {
        dialect: Dialect::Flask,
        post: Some(Handler::Async(|request| Box::pin(query::query(request)))),
        ..path("/query")
    },
    Route {
        dialect: Dialect::Flask,
        post: Some(Handler::Async(|request| Box::pin(query::batch(request)))),
        ..path("/query/batch")
    },
    Route { post: Some(Handler::Async(|request| Box::pin(search::search(request)))), ..path("/search") },
    Route {
        media_types: JSON_LINES,
        get: Some(Handler::Async(|request| Box::pin(documents::list(request)))),
        put: Some(Handler::Async(|request| Box::pin(documents::upsert(request)))),
        delete: Some(Handler::Async(|request| Box::pin(documents::delete_by_query(request)))),
        ..path("/documents")
    },
    Route {
        // A document may have this id.
        get: Some(Handler::Async(|request| Box::pin(documents::get(request, "reindex")))),
        delete: Some(Handler::Async(|request| Box::pin(documents::delete(request, "reindex")))),
        post: Some(Handler::Async(|request| Box::pin(reindex::reindex(request)))),
        ignores_body: true,
        post_writes: true,
        ..path("/documents/reindex")
    },
    Route {
        get: Some(Handler::Async(|request| Box::pin(documents::get(request, &request.path_parameter)))),
        delete: Some(Handler::Async(|request| Box::pin(documents::delete(request, &request.path_parameter)))),
        ..path("/documents/*")
    },
];

impl App for Kb {
    const ROUTES: &'static [Route<Self>] = ROUTES;

    const HINT: &'static str = "GET / lists what there is";

    fn state(&self) -> &ServerState {
        &self.state
    }

    fn dialect(_path: &str) -> Dialect {
        Dialect::Details
    }
}

/// A document as clients see it: the JSON that is kept.
fn document(record: &Record) -> Result<&RawValue, Problem> {
    serde_json::from_str(&record.document).map_err(damaged)
}

/// What the old service answered of a document; `null` where it has no such field.
#[derive(Debug, serde::Deserialize)]
struct Answered<'a> {
    #[serde(borrow, default)]
    question: Option<&'a RawValue>,
    #[serde(borrow, default)]
    answers: Option<&'a RawValue>,
}

impl<'a> Answered<'a> {
    fn of(record: &'a Record) -> Result<Self, Problem> {
        serde_json::from_str(&record.document).map_err(damaged)
    }
}

fn damaged(error: serde_json::Error) -> Problem {
    StoreError::Damaged(format!("a document: {error}")).into()
}

/// 400 for a field that is not there or has nothing in it.
fn missing(field: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("`{field}` is missing or empty")).with_param(field)
}

/// The least cosine of an answer.
fn threshold(kb: &Kb, asked: Option<f32>) -> Result<f32, Problem> {
    match asked {
        None => Ok(kb.settings.similarity_threshold),
        Some(asked) if COSINES.contains(&asked) => Ok(asked),
        Some(asked) => {
            Err(Problem::invalid(format!("`threshold` is {asked}: it must be from -1 to 1")).with_param("threshold"))
        }
    }
}

/// Most matches that can be asked for.
const MOST_MATCHES: usize = 1000;

fn top_k(asked: Option<usize>, default: usize) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        asked @ 1..=MOST_MATCHES => Ok(asked),
        asked => {
            Err(Problem::invalid(format!("`top_k` is {asked}: it must be from 1 to {MOST_MATCHES}"))
                .with_param("top_k"))
        }
    }
}

/// The filter of a request; nothing where every document passes.
fn filter(asked: Option<&Map<String, Value>>) -> Result<Option<Filter>, Problem> {
    let filter = asked.map_or(Ok(None), Filter::parse);
    filter.map_err(|error| {
        Problem::invalid(format!("`filter`: {error}")).with_param("filter").logged_as("a filter that is none")
    })
}

/// Refuses a field that has no vectors.
fn searchable(kb: &Kb, field: &str) -> Result<(), Problem> {
    if kb.identity.fields.iter().any(|known| known == field) {
        return Ok(());
    }
    let known = kb.identity.fields.join(", ");
    Err(Problem::invalid(format!("`{}` is not searched: SEARCH_FIELDS has {known}", excerpt(field)))
        .with_param("field"))
}

/// A number for `json!`, which would write the digits of the next `f64`.
fn plain(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(number.into())
}

/// A cosine as it is told. The sum of products can be a little over 1, which a client would not expect.
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)]
struct Score(f32);

impl Score {
    fn plain(self) -> f64 {
        plain(self.0)
    }
}

impl From<f32> for Score {
    fn from(score: f32) -> Self {
        Self(score.clamp(*COSINES.start(), *COSINES.end()))
    }
}
