//! What every MiniLM component that answers over HTTP shares: routing, limits, authentication, CORS, errors, metrics, content
//! negotiation, compression, the log, settings, and the model.
//!
//! A component implements [`App`]: its routes, and the state that they share. [`handle`] does the rest. The crate knows the types of
//! `http` and no host, so the whole HTTP API is tested natively.
//!
//! One request: [`handle`] → [`RequestContext`] finds the route and gives the request an id → its checks refuse what can be
//! refused before the body is read → the body is read up to its limit → the route's [`Handler`] → [`Response`] or [`Problem`] →
//! headers, compression, one line of log, metrics.

mod access;
mod admission;
mod app;
mod budget;
mod context;
mod cors;
pub mod embed;
mod environment;
mod excerpt;
mod handle;
mod input;
pub mod json;
mod log;
mod metrics;
mod names;
pub mod negotiation;
mod problem;
mod request;
mod response;
mod route;
mod settings;
mod state;

pub use access::Access;
pub use app::App;
pub use budget::Budget;
pub use context::{Admission, InFlight, RequestContext};
pub use cors::Cors;
pub use environment::environment;
pub use excerpt::excerpt;
pub use handle::{drain, handle};
pub use input::{Input, Texts, TokenIds};
pub use log::Level;
pub use problem::{Dialect, Limit, Problem};
pub use request::Request;
pub use response::{Response, Usage};
pub use route::{Handler, ResponseFuture, Route};
pub use settings::{Settings, Variables};
pub use state::ServerState;
