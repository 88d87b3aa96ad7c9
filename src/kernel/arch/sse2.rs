//! Dot products in SSE2, which every x86-64 processor has.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::scalar::{F32x4, I32x4, in_vectors};
use super::{LANES, PANEL, Step};

/// See the scalar backend. Sign-extends the weights to 16 bits: each accumulator holds two half sums for each of two weight rows.
pub(super) fn dot_u8<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let steps = 2 * super::pairs(&rows, panel);
    // SAFETY: SSE2 is part of x86-64. `pairs` gives steps that fit: the panel has 4 * PANEL = 32 bytes a step, each row 16;
    // unaligned loads and stores have no alignment requirement.
    unsafe {
        let zero = _mm_setzero_si128();
        let mut sums = [[zero; PANEL / 2]; ROWS];
        for step in 0..steps {
            let block = panel.as_ptr().add(step * 4 * PANEL).cast::<__m128i>();
            let (low, high) = (_mm_loadu_si128(block), _mm_loadu_si128(block.add(1)));
            let (low_sign, high_sign) = (_mm_cmpgt_epi8(zero, low), _mm_cmpgt_epi8(zero, high));
            let weights = [
                _mm_unpacklo_epi8(low, low_sign),
                _mm_unpackhi_epi8(low, low_sign),
                _mm_unpacklo_epi8(high, high_sign),
                _mm_unpackhi_epi8(high, high_sign),
            ];
            for (row, sums) in rows.iter().zip(&mut sums) {
                let x = _mm_unpacklo_epi8(_mm_loadu_si128(row.as_ptr().add(step).cast()), zero);
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(w, x));
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            let mut row = [0; PANEL];
            for (pair, sum) in row.chunks_exact_mut(2).zip(sums) {
                let mut halves = [0_i32; 4];
                _mm_storeu_si128(halves.as_mut_ptr().cast(), sum);
                pair.copy_from_slice(&[halves[0] + halves[1], halves[2] + halves[3]]);
            }
            *out = in_vectors(row);
        }
    }
}

/// See the scalar backend.
#[inline(never)]
pub(crate) fn dot_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    panel: &[i16],
    out: &mut [[F32x4; PANEL / LANES]; ROWS],
) {
    let pairs = rows.iter().map(|row| row.len() / 2).fold(panel.len() / (2 * PANEL), usize::min);
    // SAFETY: SSE2 is part of x86-64. The panel has 2 * PANEL values (32 bytes) a pair, each row 4 bytes; unaligned loads and
    // stores have no alignment requirement.
    unsafe {
        let mut sums = [[_mm_setzero_si128(); PANEL / LANES]; ROWS];
        for pair in 0..pairs {
            let block = panel.as_ptr().add(pair * 2 * PANEL).cast::<__m128i>();
            let columns = [_mm_loadu_si128(block), _mm_loadu_si128(block.add(1))];
            for (row, sums) in rows.iter().zip(&mut sums) {
                let x = _mm_set1_epi32(row.as_ptr().cast::<i32>().add(pair).read_unaligned());
                for (sum, y) in sums.iter_mut().zip(columns) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(x, y));
                }
            }
        }
        for (out, sum) in out.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            let mut lanes = [0; LANES];
            _mm_storeu_si128(lanes.as_mut_ptr().cast(), *sum);
            *out = I32x4::new(lanes).to_f32();
        }
    }
}
