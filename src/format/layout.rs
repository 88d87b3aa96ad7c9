//! Sizes, keys and shapes of a packed file, for the writer and the reader alike.

use super::int6::int6_len;
pub use crate::kernel::arch::{LANE_SUM, PANEL};
pub use crate::kernel::{pack_panels, padded_len};

/// Version of the format that this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Every tensor starts at a multiple of this many bytes from the start of the file.
pub const ALIGNMENT: usize = 64;

/// Longest header that is read, in bytes: ten times that of a 6-layer model, and small enough that parsing a hostile one stays
/// below 1 MiB of memory.
pub const MAX_HEADER_LEN: usize = 96 << 10;

/// Metadata key of the format version, a decimal number.
pub const KEY_VERSION: &str = "minilm.format_version";

/// Metadata key of the configuration: a [`Config`](crate::Config) as JSON.
pub const KEY_CONFIG: &str = "minilm.config";

/// Bytes of the length prefix of a safetensors file.
pub const PREFIX_LEN: usize = 8;

/// Bytes of the checksum.
pub const CHECKSUM_LEN: usize = 8;

/// Shape of 8-bit weights: panels of output channels, inputs in groups of four.
#[must_use]
pub fn int8_weight_shape(in_features: usize, out_features: usize) -> [usize; 4] {
    [out_features.div_ceil(PANEL), padded_len(in_features) / 4, PANEL, 4]
}

/// Shape of the same weights in 6 bits: four inputs in three bytes.
#[must_use]
pub fn int6_weight_shape(in_features: usize, out_features: usize) -> [usize; 4] {
    let [panels, fours, panel, inputs] = int8_weight_shape(in_features, out_features);
    [panels, fours, panel, int6_len(inputs)]
}

/// Shape of float weights: panels of output channels.
#[must_use]
pub fn f32_weight_shape(in_features: usize, out_features: usize) -> [usize; 3] {
    [out_features.div_ceil(PANEL), in_features, PANEL]
}
