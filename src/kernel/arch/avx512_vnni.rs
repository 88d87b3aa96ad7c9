//! The 8-bit dot product of AVX-512 VNNI, in its 256-bit form.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::avx2::stored;
use super::scalar::{I32x4, in_vectors};
use super::{LANES, PANEL, Step};

/// Shows that the processor has AVX-512 VNNI and VL: there is no value without them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Avx512Vnni(());

impl Avx512Vnni {
    /// `None` where the processor lacks one of the two.
    #[inline]
    pub(crate) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl")).then_some(Self(()))
    }

    /// See the scalar backend's `dot_u8`.
    #[inline]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        // SAFETY: `Avx512Vnni::new` has found the instructions.
        unsafe { dot_u8(rows, panel, out) }
    }
}

#[target_feature(enable = "avx512vnni,avx512vl")]
fn dot_u8<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let pairs = super::pairs(&rows, panel);
    // Even and odd steps apart, as one chain of dependent sums would wait for itself.
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for pair in 0..pairs {
        for step in 0..2 {
            // SAFETY: `pairs` gives pairs of steps that fit: the panel has 32 bytes a step, each row 16.
            let weights = unsafe { _mm256_loadu_si256(panel.as_ptr().add((2 * pair + step) * 4 * PANEL).cast()) };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: as above.
                let x = unsafe { _mm_loadu_si128(row.as_ptr().add(2 * pair + step).cast()) };
                sums[step] = _mm256_dpbusd_epi32(sums[step], _mm256_broadcastsi128_si256(x), weights);
            }
        }
    }
    for (out, [even, odd]) in out.iter_mut().zip(sums) {
        *out = in_vectors(stored(_mm256_add_epi32(even, odd)));
    }
}
