//! WebAssembly `simd128`: the 8-bit dot product without relaxed opcodes.
//!
//! There is no product of bytes, so both operands are widened to 16 bits for `i32x4.dot_i16x8_s`: activations when they are
//! written, weights once a panel, before all rows meet them.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_sums::zeros;
use super::wasm_vectors::I32x4;
use super::{LANES, PANEL};

/// Four quantized values, twice: a vector that meets the weights of two output channels.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(16))]
pub(crate) struct Step([i16; 2 * LANES]);

impl std::ops::Deref for Step {
    type Target = [i16; 2 * LANES];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Eight weights, widened: four inputs of two output channels.
pub(crate) type Weight = v128;

/// Rows that share a pass over a panel: 6 vectors are loaded for 8 sums.
const ROWS_AT_ONCE: usize = 2;

/// Vectors of a step of a panel.
const VECTORS: usize = PANEL / 2;

/// Eight values in steps.
#[inline(always)]
pub(crate) fn spread(values: [u8; 2 * LANES]) -> [Step; 2] {
    std::array::from_fn(|step| Step(std::array::from_fn(|i| values[step * LANES + i % LANES].into())))
}

/// Room for a panel of widened weights.
#[derive(Debug, Default)]
pub(crate) struct PanelBuffer(Vec<Weight>);

impl PanelBuffer {
    /// The panel `[steps, PANEL, 4]`, widened.
    #[inline(never)]
    pub(crate) fn unpack<'w>(&'w mut self, panel: &'w [i8]) -> &'w [Weight] {
        self.0.resize(panel.len() / 8, i16x8_splat(0));
        for (weights, out) in panel.as_chunks::<8>().0.iter().zip(&mut self.0) {
            // SAFETY: 8 bytes are there, and the load has no alignment requirement.
            *out = unsafe { i16x8_load_extend_i8x8(weights.as_ptr()) };
        }
        &self.0
    }
}

/// There is one way only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DotKernel;

impl DotKernel {
    pub(crate) fn probe() -> Self {
        Self
    }

    /// See the scalar backend's `dot_u8`; the panel is an unpacked one.
    #[inline(always)]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[Weight],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        let (pairs, one) = rows.as_chunks::<ROWS_AT_ONCE>();
        let (out_pairs, out_one) = out.as_chunks_mut::<ROWS_AT_ONCE>();
        pairs.iter().zip(out_pairs).for_each(|(&rows, out)| dot(rows, panel, out));
        one.iter().zip(out_one).for_each(|(&row, out)| dot([row], panel, std::array::from_mut(out)));
    }
}

#[inline(never)]
fn dot<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[Weight], out: &mut [[I32x4; PANEL / LANES]; ROWS]) {
    let panel = panel.as_chunks::<VECTORS>().0;
    let steps = rows.iter().map(|row| row.len()).fold(panel.len(), usize::min);
    let mut sums = zeros::<_, ROWS>();
    for (step, weights) in panel[..steps].iter().enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: each row has `steps` steps of 16 bytes.
            let x = unsafe { v128_load(row.as_ptr().add(step).cast()) };
            for (sum, &w) in sums.iter_mut().zip(weights) {
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(w, x));
            }
        }
    }
    for (out, [a, b, c, d]) in out.iter_mut().zip(sums) {
        *out = [pair_sums(a, b), pair_sums(c, d)];
    }
}

/// Both lanes of each channel added up.
#[inline(always)]
fn pair_sums(a: v128, b: v128) -> I32x4 {
    I32x4(i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b)))
}
