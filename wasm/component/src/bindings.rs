//! What `wit-bindgen` makes of the interface: types, the trait to implement, and the exported functions.
#![allow(missing_docs, unsafe_code, reason = "generated: the canonical ABI hands over pointers")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "generated")]

wit_bindgen::generate!({ path: "wit", world: "minilm" });

use crate::Component;
export!(Component);
