//! WebAssembly relaxed SIMD: the 8-bit dot product.
//!
//! Activations are 0..=127, so the pair sums stay within 16 bits and every lowering of the relaxed opcode gives the same
//! exact integers.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::PANEL;

/// Dot products of `ROWS` activation rows with one panel; see the scalar backend.
///
/// The 16-bit relaxed dot and a plain dot with ones: on x86-64 this is what the fused opcode would be lowered to at best,
/// and V8 makes more of the fused one than that.
#[inline]
pub(crate) fn dot_tile<const ROWS: usize>(rows: [&[u8]; ROWS], panel: &[i8]) -> [[i32; PANEL]; ROWS] {
    let steps = super::tile_steps(&rows, panel);
    let ones = i16x8_splat(1);
    let mut sums = [[i32x4_splat(0); 2]; ROWS];
    for step in 0..steps {
        // SAFETY: `tile_steps` gives steps that fit: the panel has 4 * PANEL = 32 bytes a step, each row 4.
        let weights = unsafe {
            let block = panel.as_ptr().add(step * 4 * PANEL);
            [v128_load(block.cast()), v128_load(block.add(16).cast())]
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: as above, 4 bytes of each row belong to this step.
            let x = unsafe { v128_load32_splat(row.as_ptr().add(step * 4).cast()) };
            for (sum, w) in sums.iter_mut().zip(weights) {
                let pairs = i16x8_relaxed_dot_i8x16_i7x16(w, x);
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(pairs, ones));
            }
        }
    }
    sums.map(|[low, high]| {
        let mut out = [0; PANEL];
        // SAFETY: `out` is PANEL * 4 = 32 writable bytes, and v128_store has no alignment requirement.
        unsafe {
            v128_store(out.as_mut_ptr().cast(), low);
            v128_store(out.as_mut_ptr().add(4).cast(), high);
        }
        out
    })
}
