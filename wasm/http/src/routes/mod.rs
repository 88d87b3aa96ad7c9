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

const fn post(path: &'static str, dialect: Dialect, handler: Handler<EmbeddingApp>) -> Route<EmbeddingApp> {
    Route { post: Some(handler), ..Route::new(path, dialect) }
}

/// Clients of Ollama send JSON under any media type.
const fn ollama_post(path: &'static str, handler: Handler<EmbeddingApp>) -> Route<EmbeddingApp> {
    Route { any_media_type: true, ..post(path, Dialect::Ollama, handler) }
}

// What embeds waits between two batches, so that others get their turn.
const TEI_EMBED: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(tei::embed(request)));
const TEI_EMBED_ALL: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(tei::embed_all(request)));
const TEI_SIMILARITY: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(tei::similarity(request)));
const OPENAI_EMBEDDINGS: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(openai::embeddings(request)));
const OLLAMA_EMBED: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(ollama::embed(request)));
const OLLAMA_EMBEDDINGS: Handler<EmbeddingApp> = Handler::Async(|request| Box::pin(ollama::embeddings(request)));

/// Every route.
const ROUTES: &[Route<EmbeddingApp>] = &[
    Route { get: Some(Handler::Sync(info::welcome)), ..post("/", Dialect::Tei, TEI_EMBED) },
    post("/embed", Dialect::Tei, TEI_EMBED),
    post("/embed_all", Dialect::Tei, TEI_EMBED_ALL),
    post("/similarity", Dialect::Tei, TEI_SIMILARITY),
    post("/tokenize", Dialect::Tei, Handler::Sync(tei::tokenize)),
    post("/decode", Dialect::Tei, Handler::Sync(tei::decode)),
    get("/info", Dialect::Tei, info::info),
    get("/metrics", Dialect::Tei, metrics::metrics),
    public("/health", health::health),
    public("/ping", health::health),
    public("/ready", health::health),
    public("/openapi.json", openapi::openapi),
    post("/v1/embeddings", Dialect::OpenAi, OPENAI_EMBEDDINGS),
    post("/embeddings", Dialect::OpenAi, OPENAI_EMBEDDINGS),
    get("/v1/models", Dialect::OpenAi, openai::models),
    get("/v1/models/*", Dialect::OpenAi, openai::model),
    ollama_post("/api/embed", OLLAMA_EMBED),
    ollama_post("/api/embeddings", OLLAMA_EMBEDDINGS),
    ollama_post("/api/show", Handler::Sync(ollama::show)),
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
