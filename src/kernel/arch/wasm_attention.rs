//! The 16-bit dot product, for both SIMD backends: `i32x4.dot_i16x8_s` is exact and fast in every engine.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_sums::zeros;
use super::wasm_vectors::{F32x4, I32x4};
use super::{LANES, PANEL};

/// See the scalar backend.
#[inline(never)]
pub(crate) fn dot_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    panel: &[i16],
    out: &mut [[F32x4; PANEL / LANES]; ROWS],
) {
    let pairs = rows.iter().map(|row| row.len() / 2).fold(panel.len() / (2 * PANEL), usize::min);
    let mut sums = zeros::<_, ROWS>();
    for pair in 0..pairs {
        // SAFETY: the panel has 2 * PANEL values (32 bytes) a pair, and `pairs` of them.
        let columns = unsafe {
            let block = panel.as_ptr().add(pair * 2 * PANEL).cast::<v128>();
            [v128_load(block), v128_load(block.add(1))]
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: each row has `pairs` pairs of 4 bytes.
            let x = unsafe { v128_load32_splat(row.as_ptr().add(2 * pair).cast()) };
            for (sum, y) in sums.iter_mut().zip(columns) {
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, y));
            }
        }
    }
    for (out, [low, high]) in out.iter_mut().zip(sums) {
        *out = [I32x4(low).to_f32(), I32x4(high).to_f32()];
    }
}
