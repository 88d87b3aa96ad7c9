//! Four floats in a WebAssembly vector, for both SIMD backends: no relaxed opcode, so that no result depends on the engine.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::LANES;

/// Four `f32` lanes; see the scalar backend, which specifies every operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32x4(v128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
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
    fn rounded(self) -> v128 {
        let magic = f32x4_splat(super::ROUND_MAGIC);
        i32x4_sub(f32x4_add(self.0, magic), magic)
    }

    #[inline(always)]
    pub(crate) fn round_to_i32(self) -> [i32; LANES] {
        let mut lanes = [0; LANES];
        // SAFETY: `lanes` is 16 writable bytes, and v128_store has no alignment requirement.
        unsafe { v128_store(lanes.as_mut_ptr().cast(), self.rounded()) };
        lanes
    }

    #[inline(always)]
    pub(crate) fn round(self) -> Self {
        let magic = f32x4_splat(super::ROUND_MAGIC);
        Self(f32x4_sub(f32x4_add(self.0, magic), magic))
    }

    #[inline(always)]
    pub(crate) fn exp2_int(self) -> Self {
        Self(i32x4_shl(i32x4_add(self.rounded(), i32x4_splat(127)), 23))
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
}
