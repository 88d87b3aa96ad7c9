//! WebAssembly relaxed SIMD: the 8-bit dot product.
//!
//! Activations are 0..=127, so the pair sums stay within 16 bits and every lowering of the relaxed opcodes gives the same
//! exact integers.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_vectors::I32x4;
use super::{LANES, PANEL, Step};

/// Which of the two relaxed dot products the engine turns into less work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    /// The 16-bit one, widened by hand: on x86-64 without VNNI the other one is this and more.
    Split,
    /// The 32-bit one, which is one instruction on x86-64 with VNNI and on arm64.
    Fused,
}

impl Engine {
    /// Asks the engine, by products of operands out of their promised range, added to 1. VNNI, which takes one operand as
    /// unsigned, and arm64, which takes both as signed, give them exactly; `pmaddubsw` saturates, whichever operand an engine
    /// hands it as the unsigned one. What is neither is no product to build on: V8 11.3 counts them twice until it optimizes.
    /// No clock is needed, and as the answer is never stored, no snapshot of a running module can carry it to another machine.
    #[inline]
    pub(crate) fn probe() -> Self {
        let [small, large, start] = std::hint::black_box([0x7f7f_7f7f, -1, 1]).map(|lanes| i32x4_splat(lanes));
        let product = |w, x| i32x4_extract_lane::<0>(i32x4_relaxed_dot_i8x16_i7x16_add(w, x, start));
        const SIGNED: i32 = 1 - 4 * 127;
        const UNSIGNED: i32 = 1 + 4 * 127 * 255;
        match (product(small, large), product(large, small)) {
            (UNSIGNED | SIGNED, SIGNED) => Self::Fused,
            _ => Self::Split,
        }
    }

    /// See the scalar backend's `dot_u8`.
    #[inline(always)]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        match self {
            Self::Split => split(rows, panel, out),
            Self::Fused => fused(rows, panel, out),
        }
    }
}

/// Two steps are added in 16 bits before they are widened: packing makes that exact (see [`LANE_SUM`](super::LANE_SUM)).
///
/// No more than two steps in a round: engines load everything before they compute anything, and would run out of registers.
#[inline(never)]
fn split<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let pairs = super::pairs(&rows, panel);
    // Not `extadd_pairwise`: LLVM would make the fused product of it, which is why this one exists.
    let ones = i16x8_splat(1);
    let mut sums = [[i32x4_splat(0); PANEL / LANES]; ROWS];
    for pair in 0..pairs {
        // SAFETY: a pair of steps has 64 bytes of the panel, and `pairs` of them are there.
        let weights = unsafe {
            let block = panel.as_ptr().add(pair * 2 * LANES * PANEL).cast::<v128>();
            [[v128_load(block), v128_load(block.add(1))], [v128_load(block.add(2)), v128_load(block.add(3))]]
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: each row has `pairs` pairs of steps, of 16 bytes each.
            let x = unsafe {
                let steps = row.as_ptr().add(2 * pair);
                [v128_load(steps.cast()), v128_load(steps.add(1).cast())]
            };
            for (i, sum) in sums.iter_mut().enumerate() {
                let dot = |step: usize| i16x8_relaxed_dot_i8x16_i7x16(weights[step][i], x[step]);
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(i16x8_add(dot(0), dot(1)), ones));
            }
        }
    }
    put(sums, out);
}

#[inline(never)]
fn fused<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let steps = 2 * super::pairs(&rows, panel);
    let mut sums = [[i32x4_splat(0); PANEL / LANES]; ROWS];
    for step in 0..steps {
        // SAFETY: a step has 32 bytes of the panel, and `steps` of them are there.
        let weights = unsafe {
            let block = panel.as_ptr().add(step * LANES * PANEL).cast::<v128>();
            [v128_load(block), v128_load(block.add(1))]
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: each row has `steps` steps of 16 bytes.
            let x = unsafe { v128_load(row.as_ptr().add(step).cast()) };
            for (sum, w) in sums.iter_mut().zip(weights) {
                *sum = i32x4_relaxed_dot_i8x16_i7x16_add(w, x, *sum);
            }
        }
    }
    put(sums, out);
}

/// Writes the sums of a dot product where they belong.
#[inline(always)]
fn put<const ROWS: usize>(sums: [[v128; 2]; ROWS], out: &mut [[I32x4; 2]; ROWS]) {
    for (out, [low, high]) in out.iter_mut().zip(sums) {
        *out = [I32x4(low), I32x4(high)];
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::operands;
    use super::*;

    #[test]
    fn both_products_are_the_same() {
        let (x, w) = operands(3, 384);
        let [mut a, mut b] = [[[I32x4::splat(0); 2]]; 2];
        split([&x], &w, &mut a);
        fused([&x], &w, &mut b);
        assert_eq!(a, b);
    }
}
