//! A folder over HTTP: one component for Spin and `wasmtime serve`, which give it the folder and nothing else.
//!
//! The walk of a request: `component` takes it from the host → [`Site::answer`] finds the file (`path`), its kind and its form
//! (`variant`), whether the client has it already or wants a part (`conditions`) → [`FileBody`] reads it in chunks as the client
//! takes them.

mod body;
#[cfg(target_family = "wasm")]
mod component;
mod conditions;
mod path;
mod policy;
mod site;
mod variant;

pub use body::FileBody;
pub use site::Site;
