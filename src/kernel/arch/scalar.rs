//! The specification: what every other backend must compute, to the bit.

use super::{LANES, PANEL};

/// Four `f32` lanes. Every operation is the IEEE one on each lane, in the order written: no fused multiply-add, so that
/// all backends agree to the bit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32x4([f32; LANES]);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(crate) fn new(lanes: [f32; LANES]) -> Self {
        Self(lanes)
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; LANES] {
        self.0
    }

    /// Lanes as integers, rounded to nearest, ties to even, for values within ±2^22.
    #[inline(always)]
    pub(crate) fn round_to_i32(self) -> [i32; LANES] {
        self.0.map(|x| (x + super::ROUND_MAGIC).to_bits() as i32 - super::ROUND_MAGIC.to_bits() as i32)
    }

    /// Lanes rounded to nearest, ties to even, for values within ±2^22.
    #[inline(always)]
    pub(crate) fn round(self) -> Self {
        Self(self.0.map(|x| (x + super::ROUND_MAGIC) - super::ROUND_MAGIC))
    }

    /// `2^n` for lanes that are integers in -126..=127.
    #[inline(always)]
    pub(crate) fn exp2_int(self) -> Self {
        Self(self.round_to_i32().map(|n| f32::from_bits(((n + 127) << 23) as u32)))
    }

    #[inline(always)]
    fn zip(self, other: Self, op: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| op(self.0[lane], other.0[lane])))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    pub(crate) fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    /// `other < self ? other : self`, so a NaN in `self` stays and one in `other` does not.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if b < a { b } else { a })
    }

    /// `self < other ? other : self`, so a NaN in `self` stays and one in `other` does not.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { b } else { a })
    }
}

/// Dot products of `ROWS` activation rows (0..=127) with the [`PANEL`] weight rows of one panel.
///
/// Rows have the same length, a multiple of 4. The panel holds `[row.len() / 4][PANEL][4]` weights. The sums of the longest
/// rows fit in 32 bits.
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "the native backend replaces it outside of tests"))]
#[inline]
pub(crate) fn dot_tile<const ROWS: usize>(rows: [&[u8]; ROWS], panel: &[i8]) -> [[i32; PANEL]; ROWS] {
    rows.map(|row| {
        let mut sums = [0; PANEL];
        for (x, block) in row.chunks_exact(4).zip(panel.chunks_exact(4 * PANEL)) {
            for (sum, w) in sums.iter_mut().zip(block.chunks_exact(4)) {
                *sum += x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum::<i32>();
            }
        }
        sums
    })
}
