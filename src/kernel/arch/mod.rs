//! The only rooms with `unsafe`: one backend is compiled in, chosen by the target features of the build.
//!
//! A backend has a vector of four floats, on which the float kernels are written once, and the integer dot product of the
//! linear layers. All backends give the same bits.

/// Lanes of a float vector.
pub(crate) const LANES: usize = 4;

/// Weight rows (output channels) that are packed side by side.
pub(crate) const PANEL: usize = 8;

/// Added to a float of at most 2^22 in magnitude, leaves its nearest integer (ties to even) in the low bits.
const ROUND_MAGIC: f32 = 12_582_912.0;

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
mod scalar;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use scalar::F32x4;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(crate) use scalar::dot_tile;

#[cfg(target_arch = "x86_64")]
mod native;
#[cfg(target_arch = "x86_64")]
pub(crate) use native::dot_tile;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_f32x4;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm_f32x4::F32x4;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
mod simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
pub(crate) use simd128::dot_tile;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed_simd;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub(crate) use relaxed_simd::dot_tile;

/// Name of the backend that this build uses.
pub const BACKEND: &str = if cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd")) {
    "relaxed-simd"
} else if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
    "simd128"
} else if cfg!(target_arch = "x86_64") {
    "sse2"
} else {
    "scalar"
};

/// Steps of four values that every row and the panel have.
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
fn tile_steps<const ROWS: usize>(rows: &[&[u8]; ROWS], panel: &[i8]) -> usize {
    rows.iter().map(|row| row.len() / 4).fold(panel.len() / (4 * PANEL), usize::min)
}

impl F32x4 {
    /// The first lanes from `values`, which has 1 to 4 of them; the others are `fill`.
    #[inline(always)]
    pub(crate) fn load_or(values: &[f32], fill: f32) -> Self {
        match values.first_chunk() {
            Some(&lanes) => Self::new(lanes),
            None => {
                let mut lanes = [fill; LANES];
                lanes.iter_mut().zip(values).for_each(|(lane, &value)| *lane = value);
                Self::new(lanes)
            }
        }
    }

    /// Writes as many lanes as `out` has room for, up to 4.
    #[inline(always)]
    pub(crate) fn store(self, out: &mut [f32]) {
        match out.first_chunk_mut() {
            Some(lanes) => *lanes = self.to_array(),
            None => out.iter_mut().zip(self.to_array()).for_each(|(slot, lane)| *slot = lane),
        }
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
