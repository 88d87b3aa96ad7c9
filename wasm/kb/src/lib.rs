//! Question answering over a knowledge base: documents with questions and answers, and the ones that fit a question. It answers as
//! the Flask service did that people used for this, and has routes that the Flask service had not.
//!
//! `minilm-serving` is everything that is the same on every route; `routes` translates between clients and the store; `store` keeps
//! documents and finds the closest; `embed` makes vectors of both; `component` is the entry that the host calls.

mod app;
#[cfg(target_family = "wasm")]
mod component;
mod embed;
mod routes;
mod settings;
mod store;

pub use app::Kb;
pub use settings::{Settings, StoreKind, with_defaults};
#[cfg(any(feature = "spin", not(target_family = "wasm")))]
pub use store::sqlite;
pub use store::{
    Entry, Existing, FieldVector, Found, Identity, Match, Page, Record, Search, SearchResult, State, Store, StoreError,
    from_settings,
};
