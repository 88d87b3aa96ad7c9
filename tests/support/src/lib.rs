//! What tests of several crates share: models of 40 tokens that are packed in milliseconds, and a client that calls a request
//! handler without a network. For tests only: it panics where something is wrong, and keeps the models for the life of the process.

mod client;
#[path = "../../common/filters.rs"]
pub mod filters;
mod model;
#[path = "../../common/random.rs"]
#[allow(dead_code, reason = "written for the tests of the core, which use all of it")]
mod random;
#[path = "../../common/tiny.rs"]
#[allow(dead_code, reason = "written for the tests of the core, which use all of it")]
mod tiny;

pub use client::{Client, Reply, Sent};
pub use model::{damaged_embedder, embedder, other_embedder, packed, static_embedder};
