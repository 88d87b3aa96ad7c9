//! What lives as long as an instance: the embedder, the settings, the store.

use std::sync::OnceLock;

use http::StatusCode;
use minilm_http::{App, Dialect, Problem, Route, Service, Settings as HttpSettings};
use serde_json::json;

use crate::routes::ROUTES;
use crate::settings::{Settings, with_defaults};
use crate::store::{self, Found, Identity, Search, State, Store};

/// One instance's state.
pub struct Kb {
    service: Service,
    /// What was set beside what the embedder knows.
    pub settings: Settings,
    /// Where the documents are.
    pub store: Box<dyn Store + Send + Sync>,
    /// What this instance's vectors belong to.
    pub identity: Identity,
}

impl Kb {
    fn made() -> Result<Self, String> {
        let variable = |name: &str| std::env::var(name).ok();
        let settings = Settings::read(variable)?;
        let service = Service::load(HttpSettings::read(with_defaults(variable))?)?;
        let config = service.embedder.config();
        let identity = Identity {
            model: config.name.clone(),
            weights_sha256: config.weights_sha256.clone(),
            dim: service.embedder.dim(),
            fields: settings.search_fields.clone(),
        };
        let store = store::from_settings(&settings)?;
        Ok(Self { service, settings, store, identity })
    }

    /// Opens the store for what needs no vectors.
    ///
    /// # Errors
    /// What the store says.
    pub async fn opened_for_reading(&self) -> Result<State, Problem> {
        Ok(self.store.open(&self.identity).await?)
    }

    /// Opens the store, and refuses one whose vectors this instance's cannot be compared with.
    ///
    /// # Errors
    /// 409 for another model or other fields; what the store says.
    pub async fn opened(&self) -> Result<State, Problem> {
        let state = self.store.open(&self.identity).await?;
        match mismatch(&state.identity, &self.identity, self.store.mend()) {
            None => Ok(state),
            Some(message) => {
                let details = json!({ "stored": state.identity, "configured": self.identity });
                Err(Problem::new(StatusCode::CONFLICT, message).with_details(details))
            }
        }
    }

    /// Searches for vectors of this instance.
    ///
    /// # Errors
    /// 409 where the documents were embedded anew, with another model, while the vectors were made; what the store says.
    pub async fn search(&self, search: &Search<'_>) -> Result<Vec<Found>, Problem> {
        let found = self.store.search(search).await;
        self.opened().await?;
        Ok(found?)
    }
}

/// Why vectors of `stored` and `own` cannot be compared, and what to do.
pub fn mismatch(stored: &Identity, own: &Identity, mend: &str) -> Option<String> {
    if (&stored.weights_sha256, stored.dim) != (&own.weights_sha256, own.dim) {
        let short = |identity: &Identity| identity.weights_sha256.chars().take(12).collect::<String>();
        return Some(format!(
            "the documents were embedded with the model `{}` (weights {}…), this component has `{}` (weights {}…); {mend}",
            stored.model,
            short(stored),
            own.model,
            short(own)
        ));
    }
    if stored.fields != own.fields {
        let [stored, own] = [stored, own].map(|identity| identity.fields.join(","));
        return Some(format!("the documents were embedded for SEARCH_FIELDS={stored}, now it is {own}; {mend}"));
    }
    None
}

impl App for Kb {
    const ROUTES: &'static [Route<Self>] = ROUTES;

    const HINT: &'static str = "GET / lists what there is";

    fn get() -> Result<&'static Self, Problem> {
        static KB: OnceLock<Result<Kb, String>> = OnceLock::new();
        KB.get_or_init(Kb::made).as_ref().map_err(Problem::unhealthy)
    }

    fn service(&self) -> &Service {
        &self.service
    }

    fn dialect(_path: &str) -> Dialect {
        Dialect::Details
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, mismatch};

    #[test]
    fn another_model_and_other_fields_are_named() {
        let own = Identity {
            model: "a".to_owned(),
            weights_sha256: "0123456789abcdef".to_owned(),
            dim: 384,
            fields: vec!["question".to_owned()],
        };
        assert_eq!(mismatch(&own, &own, "mend"), None);
        // The same weights under another name are the same model.
        assert_eq!(mismatch(&Identity { model: "b".to_owned(), ..own.clone() }, &own, "mend"), None);
        let other = Identity { model: "b".to_owned(), weights_sha256: "f".repeat(64), ..own.clone() };
        let message = mismatch(&other, &own, "mend").expect("other weights");
        assert!(
            message.contains("`b` (weights ffffffffffff…)") && message.contains("`a` (weights 0123456789ab…)"),
            "{message}"
        );
        let other = Identity { fields: vec!["question".to_owned(), "title".to_owned()], ..own.clone() };
        assert!(
            mismatch(&other, &own, "mend")
                .expect("other fields")
                .contains("SEARCH_FIELDS=question,title, now it is question;")
        );
    }
}
