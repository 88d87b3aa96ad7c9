//! Which path does what.

mod health;
mod info;
mod metrics;
mod ollama;
mod openai;
mod openapi;
mod tei;

use minilm_serving::{App, Dialect, Handler, Problem, Response, Route, ServerState};

use crate::EmbeddingApp;

/// A request of these routes.
type Request<'a> = minilm_serving::Request<'a, EmbeddingApp>;

type SyncHandler = fn(&Request<'_>) -> Result<Response, Problem>;

const fn get(path: &'static str, dialect: Dialect, handler: SyncHandler) -> Route<EmbeddingApp> {
    Route { get: Some(Handler::Sync(handler)), ..Route::new(path, dialect) }
}

const fn public(path: &'static str, handler: SyncHandler) -> Route<EmbeddingApp> {
    Route { public: true, ..get(path, Dialect::Tei, handler) }
}

const fn post(path: &'static str, dialect: Dialect, handler: SyncHandler) -> Route<EmbeddingApp> {
    Route { post: Some(Handler::Sync(handler)), ..Route::new(path, dialect) }
}

/// Clients of Ollama send JSON under any media type.
const fn ollama_post(path: &'static str, handler: SyncHandler) -> Route<EmbeddingApp> {
    Route { any_media_type: true, ..post(path, Dialect::Ollama, handler) }
}

/// Every route.
const ROUTES: &[Route<EmbeddingApp>] = &[
    Route { get: Some(Handler::Sync(info::welcome)), ..post("/", Dialect::Tei, tei::embed) },
    post("/embed", Dialect::Tei, tei::embed),
    post("/similarity", Dialect::Tei, tei::similarity),
    post("/tokenize", Dialect::Tei, tei::tokenize),
    get("/info", Dialect::Tei, info::info),
    get("/metrics", Dialect::Tei, metrics::metrics),
    public("/health", health::health),
    public("/ping", health::health),
    public("/openapi.json", openapi::openapi),
    post("/v1/embeddings", Dialect::OpenAi, openai::embeddings),
    post("/embeddings", Dialect::OpenAi, openai::embeddings),
    get("/v1/models", Dialect::OpenAi, openai::models),
    get("/v1/models/*", Dialect::OpenAi, openai::model),
    ollama_post("/api/embed", ollama::embed),
    ollama_post("/api/embeddings", ollama::embeddings),
    ollama_post("/api/show", ollama::show),
    get("/api/tags", Dialect::Ollama, ollama::tags),
    get("/api/ps", Dialect::Ollama, ollama::ps),
    get("/api/version", Dialect::Ollama, ollama::version),
];

impl App for EmbeddingApp {
    const ROUTES: &'static [Route<Self>] = ROUTES;

    const HINT: &'static str = "GET /openapi.json lists all routes";

    fn state(&self) -> &ServerState {
        &self.state
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
