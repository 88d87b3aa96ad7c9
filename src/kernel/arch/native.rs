//! x86-64 without WebAssembly: the dot product in SSE2, which every such machine has. Floats stay with the scalar backend's
//! lanes, which the compiler turns into SSE by itself.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::PANEL;

/// Dot products of `ROWS` activation rows with one panel; see the scalar backend.
///
/// Sign-extends the weights to 16 bits: each accumulator holds two half sums for each of two weight rows.
#[inline]
pub(crate) fn dot_tile<const ROWS: usize>(rows: [&[u8]; ROWS], panel: &[i8]) -> [[i32; PANEL]; ROWS] {
    let steps = super::tile_steps(&rows, panel);
    // SAFETY: SSE2 is part of x86-64. `tile_steps` gives steps that fit: the panel has 4 * PANEL = 32 bytes a step, each row
    // 4; unaligned loads and stores have no alignment requirement.
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
                let x = row.as_ptr().add(step * 4).cast::<i32>().read_unaligned();
                let x = _mm_unpacklo_epi8(_mm_set1_epi32(x), zero);
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(w, x));
                }
            }
        }
        sums.map(|sums| {
            let mut out = [0; PANEL];
            for (pair, sum) in out.chunks_exact_mut(2).zip(sums) {
                let mut halves = [0_i32; 4];
                _mm_storeu_si128(halves.as_mut_ptr().cast(), sum);
                pair.copy_from_slice(&[halves[0] + halves[1], halves[2] + halves[3]]);
            }
            out
        })
    }
}
