//! wasmtime in this process: runs the components of minilm without an installation of its own.
//!
//! [`bake::bake`] puts a model into a component, [`command::run`] runs a command component, [`serve::Server`] serves an HTTP component, [`databases`] are Spin's interfaces to SQLite
//! and PostgreSQL. What a component may see of this machine is a [`HostEnv`]. Compiled code is kept in the cache folder of the user.
//!
//! # Features
//! - `runtime` (default): everything but [`bake`], which needs no wasmtime.

pub mod bake;
#[cfg(feature = "runtime")]
#[doc(hidden)]
pub mod bench;
#[cfg(feature = "runtime")]
pub mod command;
#[cfg(feature = "runtime")]
pub mod databases;
#[cfg(feature = "runtime")]
mod engine;
#[cfg(feature = "runtime")]
mod env;
#[cfg(feature = "runtime")]
pub mod serve;

#[cfg(feature = "runtime")]
pub use engine::engine;
#[cfg(feature = "runtime")]
pub use env::{Access, Folder, HostEnv};
