//! WebAssembly relaxed SIMD: the 8-bit dot product.
//!
//! Activations are 0..=127, so the pair sums stay within 16 bits and every lowering of the relaxed opcodes gives the same
//! exact integers.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_sums::zeros;
use super::wasm_vectors::I32x4;
use super::{LANES, PANEL, Step};

/// Which of the two relaxed dot products the engine turns into less work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DotKernel {
    /// The 16-bit one, widened by hand: on x86-64 without VNNI the other one is this and more.
    Split,
    /// The 32-bit one, which is one instruction on x86-64 with VNNI and on arm64.
    Fused,
}

impl DotKernel {
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
#[inline(never)]
fn split<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let pairs = super::pairs(&rows, panel);
    if ROWS <= 2 {
        // Few enough sums for registers, where no round waits for the one before.
        let mut sums = zeros::<_, ROWS>();
        for pair in 0..pairs {
            // SAFETY: the panel has `pairs` pairs of steps.
            let weights = unsafe { weights::<2>(panel, pair) };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: each row has `pairs` pairs of steps.
                let x = unsafe { steps::<2>(row, pair) };
                for (half, sum) in sums.iter_mut().enumerate() {
                    *sum = i32x4_add(*sum, products(weights[half], x));
                }
            }
        }
        return put(sums, out);
    }
    put(zeros::<_, ROWS>(), out);
    for quad in 0..pairs / 2 {
        // SAFETY: the panel has `pairs` pairs of steps.
        let weights = unsafe { weights::<4>(panel, quad) };
        for (row, out) in rows.iter().zip(&mut *out) {
            // SAFETY: each row has `pairs` pairs of steps.
            let x = unsafe { steps::<4>(row, quad) };
            for (&[a, b, c, d], sum) in weights.iter().zip(out) {
                let two = i32x4_add(products([a, b], [x[0], x[1]]), products([c, d], [x[2], x[3]]));
                write(sum, i32x4_add(two, read(sum)));
            }
        }
    }
    if pairs % 2 == 1 {
        // SAFETY: the panel has `pairs` pairs of steps.
        let weights = unsafe { weights::<2>(panel, pairs - 1) };
        for (row, out) in rows.iter().zip(out) {
            // SAFETY: each row has `pairs` pairs of steps.
            let x = unsafe { steps::<2>(row, pairs - 1) };
            for (&weights, sum) in weights.iter().zip(out) {
                write(sum, i32x4_add(products(weights, x), read(sum)));
            }
        }
    }
}

/// Reads a sum that stays in memory. Volatile, as LLVM would keep it in a register.
#[inline(always)]
fn read(sum: &I32x4) -> v128 {
    // SAFETY: a reference is valid for reads.
    unsafe { std::ptr::from_ref(sum).read_volatile().0 }
}

/// Writes a sum that stays in memory.
#[inline(always)]
fn write(sum: &mut I32x4, value: v128) {
    // SAFETY: a reference is valid for writes.
    unsafe { std::ptr::from_mut(sum).write_volatile(I32x4(value)) }
}

/// Products of two steps, four to a lane.
#[inline(always)]
fn products(weights: [v128; 2], x: [v128; 2]) -> v128 {
    let dot = |step: usize| i16x8_relaxed_dot_i8x16_i7x16(weights[step], x[step]);
    // Not `extadd_pairwise`: LLVM would make the fused product of it, which is why this one exists.
    i32x4_dot_i16x8(i16x8_add(dot(0), dot(1)), i16x8_splat(1))
}

/// Block `index` of `N` steps of a panel, its halves apart.
///
/// # Safety
/// The panel has the block.
#[inline(always)]
unsafe fn weights<const N: usize>(panel: &[i8], index: usize) -> [[v128; N]; PANEL / LANES] {
    // SAFETY: a step has 32 bytes of the panel, and by the caller's promise `N` of them are there.
    unsafe {
        let block = panel.as_ptr().add(index * N * LANES * PANEL).cast::<v128>();
        std::array::from_fn(|half| std::array::from_fn(|step| v128_load(block.add(2 * step + half))))
    }
}

/// Block `index` of `N` steps of a row.
///
/// # Safety
/// The row has the block.
#[inline(always)]
unsafe fn steps<const N: usize>(row: &[Step], index: usize) -> [v128; N] {
    // SAFETY: a step has 16 bytes, and by the caller's promise `N` of them are there.
    unsafe {
        let block = row.as_ptr().add(index * N).cast::<v128>();
        std::array::from_fn(|step| v128_load(block.add(step)))
    }
}

#[inline(never)]
fn fused<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let steps = 2 * super::pairs(&rows, panel);
    let mut sums = zeros::<_, ROWS>();
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
