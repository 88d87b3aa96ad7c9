//! An instance whose routes are called without a network.

use minilm::Embedder;
use minilm_kb::{Kb, Settings, Store, with_defaults};
use minilm_serving::{ServerState, Settings as ServerSettings};
use minilm_test_support::Client;

/// An instance over `store`.
pub fn client_of(env: &[(&str, &str)], embedder: Embedder, store: Box<dyn Store + Send + Sync>) -> Client<Kb> {
    let variable = |name: &str| {
        let set = env.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        set.or_else(|| (name == "LOG").then(|| "off".to_owned()))
    };
    let kb = || {
        let settings = Settings::read(variable)?;
        let state = ServerState::new(ServerSettings::read(with_defaults(variable))?, embedder)?;
        Ok(Kb::new(state, settings, store))
    };
    Client::new(kb())
}
