//! WebAssembly `simd128`: the 8-bit dot product without relaxed opcodes.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_vectors::I32x4;
use super::{LANES, PANEL, Step};

/// There is one way only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engine;

impl Engine {
    pub(crate) fn probe() -> Self {
        Self
    }

    /// See the scalar backend's `dot_u8`.
    ///
    /// Of four bytes, the even and the odd ones are widened in place to 16 bits, by shifts, and multiplied apart.
    #[inline(never)]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        let steps = 2 * super::pairs(&rows, panel);
        let low_bytes = i16x8_splat(0xff);
        let mut sums = [[i32x4_splat(0); PANEL / LANES]; ROWS];
        for step in 0..steps {
            // SAFETY: the panel has 4 * PANEL = 32 bytes a step, and `steps` of them.
            let weights = unsafe {
                let block = panel.as_ptr().add(step * LANES * PANEL).cast::<v128>();
                [v128_load(block), v128_load(block.add(1))]
            };
            let weights = weights.map(|w| [i16x8_shr(i16x8_shl(w, 8), 8), i16x8_shr(w, 8)]);
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: each row has 16 bytes a step.
                let x = unsafe { v128_load(row.as_ptr().add(step).cast()) };
                let (x_even, x_odd) = (v128_and(x, low_bytes), u16x8_shr(x, 8));
                for (sum, [even, odd]) in sums.iter_mut().zip(weights) {
                    let dot = i32x4_add(i32x4_dot_i16x8(even, x_even), i32x4_dot_i16x8(odd, x_odd));
                    *sum = i32x4_add(*sum, dot);
                }
            }
        }
        super::wasm_vectors::put(sums, out);
    }
}
