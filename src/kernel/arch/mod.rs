//! The only modules with `unsafe`: one backend is compiled in, chosen by the target features of the build.
//!
//! A backend has vectors of four floats and of four integers, on which the other kernels are written once, and the integer
//! dot products of the linear layers (8 bits), of attention (16 bits) and of search (8 by 16 bits). All backends give the same bits.

/// Lanes of a vector.
pub(crate) const LANES: usize = 4;

/// Weight rows (output channels) that are packed side by side.
pub const PANEL: usize = 8;

/// Inputs that the 8-bit dot product takes at a time.
pub(crate) const BLOCK: usize = 16;

/// Backends may add four products before they leave 16 bits: those of inputs 0, 1, 4 and 5 of every eight, and those of 2, 3,
/// 6 and 7. With activations up to 127, sums of four weights' magnitudes up to this one cannot overflow.
pub const LANE_SUM: i32 = i16::MAX as i32 / 127;

/// Added to a float of at most 2^22 in magnitude, leaves its nearest integer (ties to even) in the low bits.
const ROUND_MAGIC: f32 = 12_582_912.0;

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
mod scalar;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use scalar::{F32x4, I32x4};

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
mod portable;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(crate) use {
    portable::DotKernel,
    scalar::{dot_i8, dot_i16},
};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use {
    sse2::dot_i16,
    x86_64::{DotKernel, dot_i8},
};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_attention;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_search;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_sums;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_vectors;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use {
    wasm_attention::dot_i16,
    wasm_search::dot_i8,
    wasm_vectors::{F32x4, I32x4},
};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
mod simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
pub(crate) use simd128::{DotKernel, PanelBuffer, Step, Weight, spread};

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd"))))]
mod bytes;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd"))))]
pub(crate) use bytes::{PanelBuffer, Step, Weight, spread};

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed_simd;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub(crate) use relaxed_simd::DotKernel;

#[cfg(all(feature = "bench", target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod peak;
#[cfg(all(feature = "bench", target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub use peak::peak;

/// Name of the backend that this build uses.
pub const BACKEND: &str = if cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd")) {
    "relaxed-simd"
} else if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
    "simd128"
} else if cfg!(target_arch = "x86_64") {
    "x86-64"
} else {
    "scalar"
};

/// Pairs of steps that every row and the panel have.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
fn pairs<const ROWS: usize>(rows: &[&[Step]; ROWS], panel: &[Weight]) -> usize {
    rows.iter().map(|row| row.len() / 2).fold(panel.len() / (2 * LANES * PANEL), usize::min)
}

/// `1 / x` if `wanted`, else 0. The choice is made by bits that the compiler knows nothing of: a choice between floats is a move
/// from register to register in Cranelift, in SSE encoding.
#[inline(always)]
pub(crate) fn reciprocal_or_zero(x: f32, wanted: bool) -> f32 {
    f32::from_bits((1.0 / x).to_bits() & std::hint::black_box(u32::from(wanted).wrapping_neg()))
}

impl F32x4 {
    /// The first lanes from `values`, which has 1 to 4 of them; the others are `fill`.
    #[inline(always)]
    pub(crate) fn load_or(values: &[f32], fill: f32) -> Self {
        match values.first_chunk() {
            Some(&lanes) => Self::new(lanes),
            None => Self::load_fewer(values, fill),
        }
    }

    #[inline(never)]
    fn load_fewer(values: &[f32], fill: f32) -> Self {
        let lane = |i: usize| values.get(i).map_or(fill.to_bits(), |x| x.to_bits());
        // Put together in memory: in registers, vectors are copied, which Cranelift does in SSE encoding.
        Self::new(std::hint::black_box([lane(0), lane(1), lane(2), fill.to_bits()]).map(f32::from_bits))
    }

    /// Writes as many lanes as `out` has room for, up to 4.
    #[inline(always)]
    pub(crate) fn store(self, out: &mut [f32]) {
        match out.first_chunk_mut() {
            Some(lanes) => *lanes = self.to_array(),
            None => self.store_fewer(out),
        }
    }

    #[inline(never)]
    fn store_fewer(self, out: &mut [f32]) {
        out.iter_mut().zip(self.to_array()).for_each(|(slot, lane)| *slot = lane);
    }

    /// Sum of the lanes, as `(0 + 2) + (1 + 3)`.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + c) + (b + d)
    }
}

#[cfg(test)]
mod tests;
