//! MiniLM over HTTP: one component for Spin and `wasmtime serve`. It speaks the protocols of OpenAI, of text-embeddings-inference
//! and of Ollama, and translates only: what a route does is done by the core.
//!
//! The walk of a request: `component` takes it from the host → [`Exchange`] gives it an id and watches the clock → `routes` finds its
//! handler → `admission` refuses what can be refused without its body → the body is read up to its limit → the handler →
//! [`Answer`] or [`Problem`] → headers, one line of log, metrics.
//!
//! All of that but the routes is there for any component with a model: [`App`] is what it has to bring.

mod admission;
mod answer;
mod app;
#[cfg(target_family = "wasm")]
mod component;
mod cors;
pub mod encode;
mod exchange;
mod input;
pub mod json;
mod log;
mod metrics;
mod negotiation;
mod problem;
mod routes;
mod service;
mod settings;

pub use answer::{Answer, Work};
pub use app::{App, Call, Handler, Pending, Route};
#[cfg(target_family = "wasm")]
pub use component::serve;
pub use exchange::{Begin, Exchange, InFlight};
pub use input::Input;
pub use problem::{Dialect, Limit, Problem};
pub use service::Service;
pub use settings::Settings;
