//! The converter for JavaScript. This crate only translates between JavaScript's values and those of the [`minilm_convert`] crate;
//! `cargo xtask build web` makes the entry `minilm-wasm/convert` of the npm package around it (`wasm/web/js/src/convert`).
//!
//! An instance of the module converts one model: JavaScript asks [`files_to_read`] which files it needs, writes them into the
//! buffers of a [`Directory`], packs that, and copies the [`Packed`] file out. Then it drops the instance, and all of its memory with
//! it. This is why a callback may end a conversion by throwing: nothing is used after it.

mod directory;
mod error;
mod packed;

pub use directory::{Directory, files_to_read};
pub use packed::Packed;
