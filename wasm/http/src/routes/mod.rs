//! Which path does what.

mod health;
mod info;
mod metrics;
mod ollama;
mod openai;
mod openapi;
mod tei;

pub use crate::app::Call;
use crate::app::{App, Handler, Route};
use crate::{Answer, Dialect, Problem, Service};

type Now = fn(&Call<'_>) -> Result<Answer, Problem>;

const fn get(path: &'static str, dialect: Dialect, handler: Now) -> Route<Service> {
    Route { get: Some(Handler::Now(handler)), ..Route::new(path, dialect) }
}

const fn open(path: &'static str, handler: Now) -> Route<Service> {
    Route { open: true, ..get(path, Dialect::Tei, handler) }
}

const fn post(path: &'static str, dialect: Dialect, handler: Now) -> Route<Service> {
    Route { post: Some(Handler::Now(handler)), ..Route::new(path, dialect) }
}

/// Every route.
const ROUTES: &[Route<Service>] = &[
    Route { get: Some(Handler::Now(info::welcome)), ..post("/", Dialect::Tei, tei::embed) },
    post("/embed", Dialect::Tei, tei::embed),
    post("/similarity", Dialect::Tei, tei::similarity),
    post("/tokenize", Dialect::Tei, tei::tokenize),
    get("/info", Dialect::Tei, info::info),
    get("/metrics", Dialect::Tei, metrics::metrics),
    open("/health", health::health),
    open("/ping", health::health),
    open("/openapi.json", openapi::openapi),
    post("/v1/embeddings", Dialect::OpenAi, openai::embeddings),
    post("/embeddings", Dialect::OpenAi, openai::embeddings),
    get("/v1/models", Dialect::OpenAi, openai::models),
    get("/v1/models/*", Dialect::OpenAi, openai::model),
    post("/api/embed", Dialect::Ollama, ollama::embed),
];

impl App for Service {
    const ROUTES: &'static [Route<Self>] = ROUTES;

    const HINT: &'static str = "GET /openapi.json lists all routes";

    fn get() -> Result<&'static Self, Problem> {
        Self::get()
    }

    fn service(&self) -> &Service {
        self
    }

    fn dialect(path: &str) -> Dialect {
        if path.starts_with("/v1/") {
            Dialect::OpenAi
        } else if path.starts_with("/api/") {
            Dialect::Ollama
        } else {
            Dialect::Tei
        }
    }
}
