//! Kernels: slices in, slices out. Each is written once over the backend's four-lane vector, with its naive reference and
//! the error bound beside it in the tests.

pub(crate) mod arch;
mod exp;
mod gelu;
mod layer_norm;
mod linear;
mod quantize;
mod softmax;

pub(crate) use gelu::gelu;
pub(crate) use layer_norm::layer_norm;
#[cfg(feature = "pack")]
pub(crate) use linear::pack_panels;
pub(crate) use linear::{F32Linear, Int8Linear};
pub(crate) use quantize::{QuantizedRows, padded_len};
pub(crate) use softmax::softmax;

use arch::{F32x4, LANES};

/// `a += b`, elementwise.
pub(crate) fn add_assign(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.chunks_mut(LANES).zip(b.chunks(LANES)) {
        F32x4::load_or(a, 0.0).add(F32x4::load_or(b, 0.0)).store(a);
    }
}

/// Dot product of two vectors of the same length, summed over four interleaved lanes.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let zero = F32x4::splat(0.0);
    let lanes = a.chunks(LANES).zip(b.chunks(LANES));
    lanes.fold(zero, |sum, (a, b)| sum.add(F32x4::load_or(a, 0.0).mul(F32x4::load_or(b, 0.0)))).sum()
}

#[cfg(test)]
pub(crate) mod testing {
    //! Awkward lengths and values for every kernel's test.

    /// Deterministic values in -1..1 (splitmix64).
    pub(crate) fn noise(seed: u64, len: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(next).take(len).collect()
    }
}
