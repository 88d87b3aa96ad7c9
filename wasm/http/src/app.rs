//! The state of an instance.

use std::sync::OnceLock;

use minilm_serving::{Problem, ServerState, Settings};

static APP: OnceLock<Result<EmbeddingApp, String>> = OnceLock::new();

/// An instance that serves embeddings. Its routes are in openapi.json.
#[derive(Debug)]
pub struct EmbeddingApp {
    /// The settings, the model and the counters.
    pub state: ServerState,
}

impl EmbeddingApp {
    /// An instance with the settings that `variable` finds, and the model that they name.
    ///
    /// # Errors
    /// A setting is bad, or the model cannot be read.
    pub fn load(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self { state: ServerState::load(Settings::read(variable)?)? })
    }

    /// This instance, if a request has made it, or found why there is none.
    #[must_use]
    pub fn existing() -> Option<Result<&'static Self, Problem>> {
        APP.get().map(|app| app.as_ref().map_err(Problem::unhealthy))
    }

    /// This instance, made by its first request with the settings that `variable` finds; or why there is none.
    ///
    /// # Errors
    /// 503, with the reason.
    pub fn get_or_load(variable: impl Fn(&str) -> Option<String>) -> Result<&'static Self, Problem> {
        APP.get_or_init(|| Self::load(variable)).as_ref().map_err(Problem::unhealthy)
    }
}
