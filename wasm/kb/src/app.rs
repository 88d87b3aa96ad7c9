//! The state of an instance: the model, the settings, the store.

use std::sync::OnceLock;

use http::StatusCode;
use minilm_serving::{Problem, ServerState, Settings as ServerSettings};
use serde_json::json;

use crate::settings::{Settings, with_defaults};
use crate::store::{self, Found, Identity, Search, Store};

/// The instance of this component.
static KB: OnceLock<Result<Kb, String>> = OnceLock::new();

/// An instance that serves a knowledge base.
pub struct Kb {
    /// The model, its settings and the counters.
    pub state: ServerState,
    /// Settings of the knowledge base.
    pub settings: Settings,
    /// Where the documents are.
    pub store: Box<dyn Store + Send + Sync>,
    /// What this instance's vectors belong to.
    pub identity: Identity,
}

impl Kb {
    /// An instance over `store`.
    #[must_use]
    pub fn new(state: ServerState, settings: Settings, store: Box<dyn Store + Send + Sync>) -> Self {
        let config = state.embedder.config();
        let identity = Identity {
            model: config.name.clone(),
            model_sha256: Some(config.model_sha256.clone()),
            weights_sha256: config.weights_sha256.clone(),
            dim: state.embedder.dim(),
            fields: settings.search_fields.clone(),
        };
        Self { state, settings, store, identity }
    }

    /// An instance with the settings that `variable` finds, and the model and the store that they name.
    ///
    /// # Errors
    /// A setting is bad, or the model cannot be read.
    pub fn load(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let settings = Settings::read(&variable)?;
        let state = ServerState::load(ServerSettings::read(with_defaults(&variable))?)?;
        let store = store::from_settings(&settings)?;
        Ok(Self::new(state, settings, store))
    }

    /// This instance, if a request has made it, or found why there is none.
    pub fn existing() -> Option<Result<&'static Self, Problem>> {
        KB.get().map(|kb| kb.as_ref().map_err(Problem::unhealthy))
    }

    /// This instance, made by its first request with the settings that `variable` finds; or why there is none.
    ///
    /// # Errors
    /// 503, with the reason.
    pub fn get_or_load(variable: impl Fn(&str) -> Option<String>) -> Result<&'static Self, Problem> {
        KB.get_or_init(|| Self::load(variable)).as_ref().map_err(Problem::unhealthy)
    }

    /// Refuses a store whose vectors cannot be compared with those of this instance.
    ///
    /// # Errors
    /// 409 for another model or other fields.
    pub fn check_identity(&self, stored: &Identity) -> Result<(), Problem> {
        match self.identity.mismatch(stored, self.store.recovery_hint()) {
            None => Ok(()),
            Some(message) => {
                let details = json!({ "stored": stored, "configured": self.identity });
                Err(Problem::new(StatusCode::CONFLICT, message).with_details(details))
            }
        }
    }

    /// What is found for each vector of a search.
    ///
    /// # Errors
    /// 409 where the documents belong to another model or other fields; what the store says.
    pub async fn search(&self, search: &Search<'_>) -> Result<Vec<Found>, Problem> {
        let result = self.store.search(&self.identity, search).await?;
        self.check_identity(&result.identity)?;
        Ok(result.found)
    }
}
