//! MiniLM over HTTP: one component for Spin and `wasmtime serve`. It speaks the protocols of OpenAI, of text-embeddings-inference
//! and of Ollama.
//!
//! `minilm-serving` is everything that is the same on every route; `routes` translates between a protocol and the core; `component`
//! is the entry that the host calls.

mod app;
#[cfg(target_family = "wasm")]
mod component;
mod routes;
mod truncation;
mod vectors;

pub use app::EmbeddingApp;
