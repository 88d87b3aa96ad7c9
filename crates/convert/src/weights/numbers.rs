//! The forms in which files hold numbers, as `f32`.

use half::{bf16, f16};

/// A form that is read. Each of its numbers is one `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
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

    /// The numbers in `bytes`, little-endian. Bytes that are left over are no number.
    pub(super) fn to_f32(self, bytes: &[u8]) -> Vec<f32> {
        let halves = || bytes.as_chunks().0.iter().copied();
        match self {
            Self::F32 => bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect(),
            Self::F16 => halves().map(|half| f16::from_le_bytes(half).to_f32()).collect(),
            Self::BF16 => halves().map(|half| bf16::from_le_bytes(half).to_f32()).collect(),
        }
    }
}
