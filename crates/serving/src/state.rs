//! What lives as long as an instance: the settings, the model, the counters.

use std::sync::atomic::AtomicUsize;

use minilm::Embedder;
use serde::de::DeserializeOwned;

use crate::json;
use crate::metrics::Metrics;
use crate::names;
use crate::problem::Problem;
use crate::response::Response;
use crate::settings::Settings;

/// The state of one instance.
#[derive(Debug)]
pub struct ServerState {
    /// The settings.
    pub settings: Settings,
    /// The model.
    pub embedder: Embedder,
    pub(crate) metrics: Metrics,
    /// Number of requests whose body is being read or answered.
    pub(crate) in_flight: AtomicUsize,
    model_name: String,
}

impl ServerState {
    /// The state for the model that this crate was built with, or that `MODEL_PATH` names.
    ///
    /// # Errors
    /// The model cannot be read, or is not the one that `MODEL_NAME` asks for.
    pub fn load(settings: Settings) -> Result<Self, String> {
        let embedder = minilm_model_source::load(Some(&settings.model_path)).map_err(|error| error.to_string())?;
        Self::new(settings, embedder)
    }

    /// The state for `embedder`.
    ///
    /// # Errors
    /// `MODEL_NAME` asks for another model.
    pub fn new(settings: Settings, embedder: Embedder) -> Result<Self, String> {
        let own = &embedder.config().name;
        if let Some(asked) = settings.model_name.as_deref().filter(|asked| !names::same(asked, own)) {
            return Err(format!("MODEL_NAME is `{asked}`, but this component has the model `{own}`"));
        }
        let model_name = settings.served_model_name.clone().unwrap_or_else(|| own.clone());
        Ok(Self { settings, embedder, metrics: Metrics::default(), in_flight: AtomicUsize::new(0), model_name })
    }

    /// Name of the model in responses.
    pub fn model_name(&self) -> &str {
        &self.model_name
    }

    /// 404 for a name that is not the model's.
    ///
    /// # Errors
    /// As said.
    pub fn check_model(&self, asked: &str) -> Result<(), Problem> {
        let names = [self.model_name.as_str(), &self.embedder.config().name];
        if names.into_iter().any(|name| names::same(asked, name)) {
            return Ok(());
        }
        Err(Problem::unknown_model(asked, &self.model_name))
    }

    /// The object in `body`. Fields that the protocol does not know are ignored, or refused where `STRICT_FIELDS` asks for that.
    ///
    /// # Errors
    /// Those of [`json::parse`].
    pub fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Problem> {
        json::parse(body, self.settings.strict_fields)
    }

    /// The response of `GET /metrics`: the counters of this instance.
    pub fn metrics(&self) -> Response {
        self.metrics.response()
    }
}
