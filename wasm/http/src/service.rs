//! What lives as long as an instance: the settings, the model, the counters.

use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use minilm::Embedder;

use crate::metrics::Metrics;
use crate::{Problem, Settings};

/// One instance's state.
#[derive(Debug)]
pub struct Service {
    /// What was set.
    pub settings: Settings,
    /// The model.
    pub embedder: Embedder<'static>,
    pub(crate) metrics: Metrics,
    /// Requests that are being read or answered.
    pub(crate) in_flight: AtomicUsize,
    name: String,
}

impl Service {
    /// The state of this instance, made by its first request; or why there is none.
    pub fn get() -> Result<&'static Self, Problem> {
        static SERVICE: OnceLock<Result<Service, String>> = OnceLock::new();
        let made = || Self::load(Settings::read(|name| std::env::var(name).ok())?);
        SERVICE.get_or_init(made).as_ref().map_err(Problem::unhealthy)
    }

    /// A service of the baked model, else of the packed file that `MODEL_PATH` names.
    ///
    /// # Errors
    /// The model cannot be read, or is not the one that `MODEL_NAME` asks for.
    pub fn load(settings: Settings) -> Result<Self, String> {
        let embedder = minilm_model_source::load(Some(&settings.model_path)).map_err(|error| error.to_string())?;
        Self::new(settings, embedder)
    }

    /// A service of `embedder`.
    ///
    /// # Errors
    /// `MODEL_NAME` asks for another model.
    pub fn new(settings: Settings, embedder: Embedder<'static>) -> Result<Self, String> {
        let own = &embedder.config().name;
        if let Some(asked) = settings.model_name.as_deref().filter(|asked| bare(asked) != bare(own)) {
            return Err(format!("MODEL_NAME is `{asked}`, but this component has the model `{own}`"));
        }
        let name = settings.served_model_name.clone().unwrap_or_else(|| own.clone());
        Ok(Self { settings, embedder, metrics: Metrics::default(), in_flight: AtomicUsize::new(0), name })
    }

    /// Name of the model in answers.
    pub fn model_name(&self) -> &str {
        &self.name
    }

    /// Refuses a name that is not the model's.
    pub fn check_model(&self, asked: &str) -> Result<(), Problem> {
        let names = [self.name.as_str(), &self.embedder.config().name];
        if names.into_iter().any(|name| bare(name) == bare(asked)) {
            return Ok(());
        }
        Err(Problem::unknown_model(asked, &self.name))
    }
}

/// A model's name without the organization of the hub and without Ollama's tag.
fn bare(name: &str) -> &str {
    let name = name.strip_suffix(":latest").unwrap_or(name);
    name.strip_prefix("sentence-transformers/").unwrap_or(name)
}
