//! Dot products in AVX2.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::scalar::{I32x4, in_vectors};
use super::{LANES, PANEL, Step};

/// 8-bit values that [`Avx2::dot_i8`] loads at a time.
const VALUES: usize = 16;

/// Shows that the processor has AVX2: there is no value without it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// `None` where the processor has no AVX2.
    #[inline]
    pub(crate) fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// See the scalar backend's `dot_u8`.
    #[inline]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        // SAFETY: `Avx2::new` has found the instructions.
        unsafe { dot_u8(rows, panel, out) }
    }

    /// See the scalar backend's `dot_i8`.
    #[inline]
    pub(crate) fn dot_i8(self, query: &[i16], rows: &[i8], out: &mut [i32]) {
        // SAFETY: `Avx2::new` has found the instructions.
        unsafe { dot_i8(query, rows, out) }
    }
}

/// A whole step of a panel in one register. Two steps are added in 16 bits before they are widened: packing makes that exact
/// (see [`LANE_SUM`](super::LANE_SUM)).
#[target_feature(enable = "avx2")]
fn dot_u8<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let pairs = super::pairs(&rows, panel);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); ROWS];
    for pair in 0..pairs {
        // SAFETY: `pairs` gives pairs of steps that fit: the panel has 2 * 32 bytes a pair, each row 2 * 16.
        let weights = unsafe {
            let block = panel.as_ptr().add(pair * 8 * PANEL).cast::<__m256i>();
            [_mm256_loadu_si256(block), _mm256_loadu_si256(block.add(1))]
        };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: as above.
            let x = unsafe { [0, 1].map(|step| _mm_loadu_si128(row.as_ptr().add(2 * pair + step).cast())) };
            let dot = |step: usize| _mm256_maddubs_epi16(_mm256_broadcastsi128_si256(x[step]), weights[step]);
            let both = _mm256_add_epi16(dot(0), dot(1));
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(both, ones));
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = in_vectors(stored(sum)));
}

#[target_feature(enable = "avx2")]
fn dot_i8(query: &[i16], rows: &[i8], out: &mut [i32]) {
    for (row, out) in rows.chunks(query.len().max(1)).zip(out) {
        let blocks = row.len().min(query.len()) / VALUES;
        let mut sums = _mm256_setzero_si256();
        for block in 0..blocks {
            // SAFETY: `blocks` blocks of 16 values fit into both; unaligned loads have no alignment requirement.
            let (x, y) = unsafe {
                (
                    _mm_loadu_si128(row.as_ptr().add(block * VALUES).cast()),
                    _mm256_loadu_si256(query.as_ptr().add(block * VALUES).cast()),
                )
            };
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_cvtepi8_epi16(x), y));
        }
        let mut lanes = [0_i32; 8];
        // SAFETY: `lanes` is 32 writable bytes, and the store has no alignment requirement.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) };
        let rest = row[blocks * VALUES..].iter().zip(&query[blocks * VALUES..]);
        let rest = rest.map(|(&x, &y)| i32::from(x) * i32::from(y));
        *out = lanes.into_iter().chain(rest).fold(0, i32::wrapping_add);
    }
}

/// The lanes of a register.
#[target_feature(enable = "avx2")]
pub(super) fn stored(sum: __m256i) -> [i32; PANEL] {
    let mut out = [0; PANEL];
    // SAFETY: `out` is 32 writable bytes, and the store has no alignment requirement.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sum) };
    out
}
