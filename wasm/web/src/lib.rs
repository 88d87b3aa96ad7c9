//! The core for JavaScript. This crate only translates between JavaScript's values and those of the [`minilm`] crate;
//! `cargo xtask build web` makes the npm package `minilm-wasm` around it (`wasm/web/js`).
//!
//! An instance of the module serves one model: a [`ModelFile`] is made, filled from outside and loaded, and the [`Model`] that
//! comes out lives as long as the instance. Who is done with a model drops the instance, and all of its memory with it.

mod error;
mod file;
mod info;
mod model;
mod options;
mod quantize;

pub use file::ModelFile;
pub use model::Model;
