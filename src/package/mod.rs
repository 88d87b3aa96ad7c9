//! The packed model file: one valid safetensors file with the configuration, the vocabulary and the weights in the layout
//! that the kernels read. Format version 1, described in `docs/formats.md`.

mod header;
mod layout;
mod view;
#[cfg(feature = "pack")]
mod write;

pub(crate) use layout::{LinearName, Names, f32_weight_shape, int8_weight_shape};
pub(crate) use view::Bf16;
pub use view::{Package, TensorInfo};
#[cfg(feature = "pack")]
pub(crate) use write::Writer;

/// Version of the format that this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Every tensor starts at a multiple of this many bytes from the start of the file.
pub const ALIGNMENT: usize = 64;

/// Longest header that is read: ten times that of a 6-layer model, and small enough that parsing a hostile one stays below
/// 1 MiB of memory.
pub(crate) const MAX_HEADER_LEN: usize = 96 << 10;

/// Metadata key of the format version.
const KEY_VERSION: &str = "minilm.format_version";
/// Metadata key of the configuration, a JSON text.
const KEY_CONFIG: &str = "minilm.config";

/// The last tensor of the file: xxh3-64 of every byte before it.
const CHECKSUM: &str = "checksum";

/// Bytes of the length prefix of a safetensors file.
const PREFIX_LEN: usize = 8;
/// Bytes of the checksum.
const CHECKSUM_LEN: usize = 8;
