//! WebAssembly `simd128`: the dot product without relaxed opcodes.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::PANEL;

/// Dot products of `ROWS` activation rows with one panel; see the scalar backend.
///
/// Sign-extends the weights to 16 bits: each accumulator holds two half sums for each of two weight rows.
#[inline]
pub(crate) fn dot_tile<const ROWS: usize>(rows: [&[u8]; ROWS], panel: &[i8]) -> [[i32; PANEL]; ROWS] {
    let steps = super::tile_steps(&rows, panel);
    let mut sums = [[i32x4_splat(0); PANEL / 2]; ROWS];
    for step in 0..steps {
        // SAFETY: `tile_steps` gives steps that fit: the panel has 4 * PANEL = 32 bytes a step, each row 4.
        let (low, high) = unsafe {
            let block = panel.as_ptr().add(step * 4 * PANEL);
            (v128_load(block.cast()), v128_load(block.add(16).cast()))
        };
        let weights = [
            i16x8_extend_low_i8x16(low),
            i16x8_extend_high_i8x16(low),
            i16x8_extend_low_i8x16(high),
            i16x8_extend_high_i8x16(high),
        ];
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: as above, 4 bytes of each row belong to this step.
            let x = unsafe { v128_load32_splat(row.as_ptr().add(step * 4).cast()) };
            let x = u16x8_extend_low_u8x16(x);
            for (sum, w) in sums.iter_mut().zip(weights) {
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(w, x));
            }
        }
    }
    sums.map(|sums| {
        let mut out = [0; PANEL];
        for (pair, sum) in out.chunks_exact_mut(2).zip(sums) {
            pair[0] = i32x4_extract_lane::<0>(sum) + i32x4_extract_lane::<1>(sum);
            pair[1] = i32x4_extract_lane::<2>(sum) + i32x4_extract_lane::<3>(sum);
        }
        out
    })
}
