//! wasmtime in this process: runs the components of minilm without an installation of its own.
//!
//! [`command::run`] runs a command component, [`serve::Server`] serves an HTTP component, [`databases`] are Spin's interfaces to SQLite
//! and PostgreSQL. What a component may see of this machine is a [`HostEnv`]. Compiled code is kept in the cache folder of the user.

#[doc(hidden)]
pub mod bench;
pub mod command;
pub mod databases;
mod engine;
mod env;
mod memory;
pub mod serve;
#[doc(hidden)]
pub mod vector_state;

pub use engine::engine;
pub use env::{Access, Folder, HostEnv};
