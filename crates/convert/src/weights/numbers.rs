//! The forms in which files hold numbers, as `f32`.

use half::{bf16, f16};

/// A form that is read. Each of its numbers is one `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    F32,
    F16,
    BF16,
}

impl Numbers {
    /// Bytes of a number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// One number.
    pub(super) fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
            (Self::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f32(),
            _ => f32::NAN,
        }
    }

    /// The numbers in `bytes`, little-endian. Bytes that are left over are no number.
    pub(super) fn all(self, bytes: &[u8]) -> impl Iterator<Item = f32> {
        bytes.chunks_exact(self.size()).map(move |bytes| self.read(bytes))
    }

    /// The same as a vector.
    pub(super) fn to_f32(self, bytes: &[u8]) -> Vec<f32> {
        self.all(bytes).collect()
    }
}
