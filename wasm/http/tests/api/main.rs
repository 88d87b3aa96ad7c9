//! The HTTP API through the request handler, natively: every status code, every error, every route. The model has 40 tokens.

mod admission;
mod answers;
mod budgets;
mod errors;
mod settings;
mod tei;

use minilm::Embedder;
use minilm_http::EmbeddingApp;
use minilm_serving::{ServerState, Settings};
use minilm_test_support::{Client, embedder};

/// A client of an instance with these settings.
fn client(env: &[(&str, &str)]) -> Client<EmbeddingApp> {
    client_of(embedder(), env)
}

/// The same with another model.
fn client_of(embedder: Embedder, env: &[(&str, &str)]) -> Client<EmbeddingApp> {
    let variable = |name: &str| {
        let set = env.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        // A line for each request helps nobody.
        set.or_else(|| (name == "LOG").then(|| "off".to_owned()))
    };
    let state = Settings::read(variable).and_then(|settings| ServerState::new(settings, embedder));
    Client::new(state.map(|state| EmbeddingApp { state }))
}
