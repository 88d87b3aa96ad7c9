//! Question answering over a knowledge base: documents with questions and answers, and the ones that fit what is asked. It answers as
//! the Flask service did that people used for this, and does what that could not.
//!
//! Requests come in by the plumbing of `minilm-http`; `routes` knows the words of clients, `store` keeps documents and finds the
//! closest, and `embed` is between the two.

mod embed;
mod kb;
mod routes;
mod settings;
mod store;

pub use kb::Kb;
pub use settings::{Kind, Settings};
pub use store::{Entry, FieldVector, Found, Identity, Match, Record, Search, State, Store, StoreError};

/// The edge to the host.
#[cfg(target_family = "wasm")]
#[spin_sdk::http_service]
async fn handle(request: spin_sdk::http::Request) -> spin_sdk::http::Response<http_body_util::Full<bytes::Bytes>> {
    minilm_http::serve::<Kb>(request).await
}
