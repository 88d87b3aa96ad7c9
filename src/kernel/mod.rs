//! Kernels: slices in, slices out. Each is written once over the backend's vectors, with its naive reference and the error
//! bound beside it in the tests.

mod activation;
pub(crate) mod arch;
mod attention;
mod exp;
mod gelu;
mod lanes;
mod layer_norm;
mod linear_f32;
mod linear_int8;
mod operand;
mod panel;
mod quantize;
mod softmax;

pub(crate) use activation::Activation;
pub(crate) use arch::dot_i8;
pub(crate) use attention::{Attention, Head};
pub(crate) use lanes::{add_assign, dot, max_assign};
pub(crate) use layer_norm::LayerNorm;
pub(crate) use linear_f32::F32Linear;
pub(crate) use linear_int8::{Int8Linear, Int8Scratch, Weights};
pub(crate) use operand::Operand;
pub use panel::pack_panels;
pub use quantize::padded_len;

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
