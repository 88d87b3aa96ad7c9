//! The specification: what every other backend must compute, to the bit.

use super::{LANES, PANEL, ROUND_MAGIC, Step};

/// Four `f32` lanes. Every operation is the IEEE one on each lane, in the order written: no fused multiply-add, so that
/// all backends agree to the bit; only [`mul_add`](Self::mul_add) leaves that to the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32x4([f32; LANES]);

/// Four `i32` lanes, whose operations wrap around.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct I32x4([i32; LANES]);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    /// Zeros for the sums of `ROWS` rows.
    #[inline(always)]
    pub(crate) fn zeros<const ROWS: usize>() -> [[Self; PANEL / LANES]; ROWS] {
        [[Self::splat(0.0); PANEL / LANES]; ROWS]
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
    pub(crate) fn round_to_i32(self) -> I32x4 {
        I32x4(self.0.map(|x| (x + ROUND_MAGIC).to_bits() as i32 - ROUND_MAGIC.to_bits() as i32))
    }

    /// Lanes rounded to nearest, ties to even, for values within ±2^22.
    #[inline(always)]
    pub(crate) fn round(self) -> Self {
        Self(self.0.map(|x| (x + ROUND_MAGIC) - ROUND_MAGIC))
    }

    /// `2^n` for lanes that are integers in -126..=127.
    #[inline(always)]
    pub(crate) fn exp2_int(self) -> Self {
        Self(self.round_to_i32().0.map(|n| f32::from_bits(((n + 127) << 23) as u32)))
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

    /// `self * factor + sum`, rounded once or twice as the engine pleases: for `f32` models only.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.mul(factor).add(sum)
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

    /// The least lane; no lane is NaN.
    #[inline(always)]
    pub(crate) fn min_lane(self) -> f32 {
        self.0.into_iter().fold(f32::INFINITY, f32::min)
    }

    /// The largest lane; no lane is NaN.
    #[inline(always)]
    pub(crate) fn max_lane(self) -> f32 {
        self.0.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(value: i32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(crate) fn new(lanes: [i32; LANES]) -> Self {
        Self(lanes)
    }

    #[inline(always)]
    pub(crate) fn to_f32(self) -> F32x4 {
        F32x4(self.0.map(|x| x as f32))
    }

    /// Eight lanes in 0..=127 as bytes.
    #[inline(always)]
    pub(crate) fn to_bytes(vectors: [Self; 2]) -> [u8; 8] {
        std::array::from_fn(|i| vectors[i / LANES].0[i % LANES] as u8)
    }

    /// Eight lanes within 16 bits as such.
    #[inline(always)]
    pub(crate) fn to_i16(vectors: [Self; 2]) -> [i16; 8] {
        std::array::from_fn(|i| vectors[i / LANES].0[i % LANES] as i16)
    }
}

/// Dot products of `ROWS` activation rows (values 0..=127) with the [`PANEL`] weight rows of one panel, into `out`.
///
/// Rows have the same even number of steps. The panel holds `[steps, PANEL, 4]` weights, and no lane of a backend that adds
/// four products in 16 bits overflows: see [`LANE_SUM`](super::LANE_SUM).
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "x86-64 has its own outside of tests"))]
pub(crate) fn dot_u8<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    for (row, out) in rows.iter().zip(out) {
        let mut sums = [0_i32; PANEL];
        for (x, block) in row.iter().zip(panel.chunks_exact(LANES * PANEL)) {
            for (sum, w) in sums.iter_mut().zip(block.chunks_exact(LANES)) {
                *sum += x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum::<i32>();
            }
        }
        *out = in_vectors(sums);
    }
}

/// Dot products of `ROWS` rows with the [`PANEL`] columns of one panel, in 16 bits, as floats into `out`.
///
/// Rows have the same even length. The panel holds `[row.len() / 2][PANEL][2]` values. Sums fit in 32 bits.
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "x86-64 has its own outside of tests"))]
pub(crate) fn dot_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    panel: &[i16],
    out: &mut [[F32x4; PANEL / LANES]; ROWS],
) {
    for (row, out) in rows.iter().zip(out) {
        let mut sums = [0_i32; PANEL];
        for (x, block) in row.chunks_exact(2).zip(panel.chunks_exact(2 * PANEL)) {
            for (sum, y) in sums.iter_mut().zip(block.chunks_exact(2)) {
                let pair =
                    i32::from(x[0]).wrapping_mul(y[0].into()).wrapping_add(i32::from(x[1]).wrapping_mul(y[1].into()));
                *sum = sum.wrapping_add(pair);
            }
        }
        *out = in_vectors(sums).map(I32x4::to_f32);
    }
}

/// Dot products of `query` with rows of 8-bit values `[out.len(), query.len()]`, into `out`.
///
/// Sums fit in 32 bits.
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "x86-64 has its own outside of tests"))]
pub(crate) fn dot_i8(query: &[i16], rows: &[i8], out: &mut [i32]) {
    for (row, out) in rows.chunks(query.len().max(1)).zip(out) {
        *out = row.iter().zip(query).map(|(&x, &y)| i32::from(x) * i32::from(y)).fold(0, i32::wrapping_add);
    }
}

pub(super) fn in_vectors(sums: [i32; PANEL]) -> [I32x4; PANEL / LANES] {
    std::array::from_fn(|i| I32x4(std::array::from_fn(|lane| sums[i * LANES + lane])))
}
