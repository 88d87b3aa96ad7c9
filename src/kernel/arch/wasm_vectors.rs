//! Four lanes in a WebAssembly vector, for both SIMD backends. But for `mul_add` there is no relaxed opcode, so that no result
//! depends on the engine.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::{LANES, PANEL};

/// Four `f32` lanes; see the scalar backend, which specifies every operation.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct F32x4(v128);

/// Four `i32` lanes; see the scalar backend.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct I32x4(pub(super) v128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }

    /// Zeros for the sums of `ROWS` rows, each vector in a register of its own.
    #[inline(always)]
    pub(crate) fn zeros<const ROWS: usize>() -> [[Self; PANEL / LANES]; ROWS] {
        super::wasm_sums::zeros().map(|row| row.map(Self))
    }

    #[inline(always)]
    pub(crate) fn new(lanes: [f32; LANES]) -> Self {
        // SAFETY: `lanes` is 16 readable bytes, and v128_load has no alignment requirement.
        Self(unsafe { v128_load(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        // SAFETY: `lanes` is 16 writable bytes, and v128_store has no alignment requirement.
        unsafe { v128_store(lanes.as_mut_ptr().cast(), self.0) };
        lanes
    }

    #[inline(always)]
    pub(crate) fn round_to_i32(self) -> I32x4 {
        let magic = f32x4_splat(super::ROUND_MAGIC);
        I32x4(i32x4_sub(f32x4_add(self.0, magic), magic))
    }

    #[inline(always)]
    pub(crate) fn round(self) -> Self {
        let magic = f32x4_splat(super::ROUND_MAGIC);
        Self(f32x4_sub(f32x4_add(self.0, magic), magic))
    }

    #[inline(always)]
    pub(crate) fn exp2_int(self) -> Self {
        Self(i32x4_shl(i32x4_add(self.round_to_i32().0, i32x4_splat(127)), 23))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    #[cfg(all(target_feature = "relaxed-simd", feature = "fused-madd"))]
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, sum: Self) -> Self {
        Self(f32x4_relaxed_madd(self.0, factor.0, sum.0))
    }

    #[cfg(not(all(target_feature = "relaxed-simd", feature = "fused-madd")))]
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.mul(factor).add(sum)
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn min_lane(self) -> f32 {
        self.reduce(Self::min)
    }

    #[inline(always)]
    pub(crate) fn max_lane(self) -> f32 {
        self.reduce(Self::max)
    }

    #[inline(always)]
    fn reduce(self, join: impl Fn(Self, Self) -> Self) -> f32 {
        let two = join(self, Self(i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0)));
        f32x4_extract_lane::<0>(join(two, Self(i32x4_shuffle::<1, 0, 3, 2>(two.0, two.0))).0)
    }
}

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: i32) -> Self {
        Self(i32x4_splat(value))
    }

    #[inline(always)]
    pub(crate) fn new(lanes: [i32; LANES]) -> Self {
        // SAFETY: `lanes` is 16 readable bytes, and v128_load has no alignment requirement.
        Self(unsafe { v128_load(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }

    #[inline(always)]
    pub(crate) fn to_bytes([a, b]: [Self; 2]) -> [u8; 8] {
        let words = i16x8_narrow_i32x4(a.0, b.0);
        let mut out = [0; 8];
        // SAFETY: `out` is 8 writable bytes, and the store has no alignment requirement.
        unsafe { v128_store64_lane::<0>(u8x16_narrow_i16x8(words, words), out.as_mut_ptr().cast()) };
        out
    }

    #[inline(always)]
    pub(crate) fn to_i16([a, b]: [Self; 2]) -> [i16; 8] {
        let mut out = [0; 8];
        // SAFETY: `out` is 16 writable bytes, and v128_store has no alignment requirement.
        unsafe { v128_store(out.as_mut_ptr().cast(), i16x8_narrow_i32x4(a.0, b.0)) };
        out
    }
}

#[cfg(test)]
impl PartialEq for I32x4 {
    fn eq(&self, other: &Self) -> bool {
        i32x4_all_true(i32x4_eq(self.0, other.0))
    }
}
