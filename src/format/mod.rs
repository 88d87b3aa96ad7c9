//! The packed model file: one valid safetensors file with the configuration, the vocabulary and the weights in the layout
//! that the kernels read.
//!
//! [`ModelFile`] reads it. Whoever writes one (`minilm-convert` does) finds here what reader and writer share: the
//! [`names`] of the tensors, their element types and shapes, the order of values inside them ([`pack_panels`],
//! [`vocabulary_trie`]), and the limits of the kernels ([`LANE_SUM`]). The format has a version, [`FORMAT_VERSION`]; a file of
//! another version is refused.
//!
//! A file is: the length of the header (8 bytes, little-endian), the header, the tensors without gaps, each but those that
//! fill gaps on a multiple of [`ALIGNMENT`], and as the last tensor the checksum.

mod element;
mod header;
mod int4;
mod int6;
mod layout;
mod model_file;
pub mod names;
pub(crate) mod trie;

pub use element::{Bf16, Element};
pub use int4::{INT4_GROUP, int4_len, pack_int4, unpack_int4};
pub use int6::{pack_int6, unpack_int6};
pub use layout::{
    ALIGNMENT, CHECKSUM_LEN, FORMAT_VERSION, KEY_CONFIG, KEY_VERSION, LANE_SUM, MAX_HEADER_LEN, PANEL, PREFIX_LEN,
    f32_weight_shape, int6_weight_shape, int8_weight_shape, pack_panels, padded_len,
};
pub use model_file::{ModelFile, TensorInfo};
pub use names::LinearLayer;
pub use trie::{MAX_TOKEN_ID, vocabulary_trie};
