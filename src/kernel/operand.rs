//! The number formats in which attention multiplies.

use super::arch::{F32x4, I32x4, LANES, dot_i16};
use super::lanes::fold;
use super::linear_f32::dot_f32;
use super::panel::Panel;

/// A number format: real numbers are multiples of a step.
pub(crate) trait Operand: Copy + Default {
    /// Neighbours that the dot product takes at a time.
    const GROUP: usize;
    /// Weights that add up to this number stand for weights that add up to 1.
    const ONE: f32;

    /// A step for all values of `rows`, so that sums of `terms` products of two such numbers cannot overflow.
    fn step<'a>(rows: impl Iterator<Item = &'a [f32]>, terms: usize) -> f32;

    /// Writes `x` in multiples of `step`, and zeros behind it.
    fn convert(x: &[f32], step: f32, out: &mut [Self]);

    /// Dot products of `ROWS` rows with the columns of one panel `[row.len() / GROUP, PANEL, GROUP]`, into `out`.
    fn dot<const ROWS: usize>(rows: [&[Self]; ROWS], panel: &[Self], out: &mut [Panel; ROWS]);
}

impl Operand for f32 {
    const GROUP: usize = 1;
    const ONE: f32 = 1.0;

    fn step<'a>(_: impl Iterator<Item = &'a [f32]>, _: usize) -> f32 {
        1.0
    }

    fn convert(x: &[f32], step: f32, out: &mut [f32]) {
        let reciprocal = 1.0 / step;
        let (body, padding) = out.split_at_mut(x.len());
        body.iter_mut().zip(x).for_each(|(out, x)| *out = x * reciprocal);
        padding.fill(0.0);
    }

    fn dot<const ROWS: usize>(rows: [&[f32]; ROWS], panel: &[f32], out: &mut [Panel; ROWS]) {
        dot_f32(rows, panel, out);
    }
}

/// Fixed point with a step for a whole text: its rounding errors are far below those of 8-bit weights, its sums are exact, and
/// it takes a third of the time of floats.
impl Operand for i16 {
    const GROUP: usize = 2;
    const ONE: f32 = i16::MAX as f32;

    fn step<'a>(rows: impl Iterator<Item = &'a [f32]>, terms: usize) -> f32 {
        let zero = F32x4::splat(0.0);
        let magnitude = |most: F32x4, [x]: [F32x4; 1]| most.max(x).max(zero.sub(x));
        let most = rows.fold(zero, |most, row| most.max(fold([row], 0.0, zero, magnitude, F32x4::max)));
        let most = most.to_array().into_iter().fold(0.0, f32::max);
        // In f64, as 2^31 - 1 is no f32.
        let limit = (f64::from(i32::MAX) / terms as f64).sqrt().min(f64::from(i16::MAX)).floor();
        most / limit as f32
    }

    fn convert(x: &[f32], step: f32, out: &mut [i16]) {
        const BLOCK: usize = 2 * LANES;
        let reciprocal = F32x4::splat(if step.is_normal() { 1.0 / step } else { 0.0 });
        let (least, most) = (F32x4::splat(-Self::ONE), F32x4::splat(Self::ONE));
        let to_i16 = |block: &[f32; BLOCK]| {
            I32x4::to_i16([0, LANES].map(|at| {
                let scaled = F32x4::load_or(&block[at..], 0.0).mul(reciprocal);
                // In this order of operands, a NaN becomes a number.
                most.min(least.max(scaled)).round_to_i32()
            }))
        };
        let (blocks, rest) = x.as_chunks::<BLOCK>();
        let (body, tail) = out.split_at_mut(blocks.len() * BLOCK);
        for (out, block) in body.as_chunks_mut::<BLOCK>().0.iter_mut().zip(blocks) {
            *out = to_i16(block);
        }
        let mut last = [0.0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        tail.iter_mut().zip(to_i16(&last)).for_each(|(out, x)| *out = x);
        let written = tail.len().min(BLOCK);
        tail[written..].fill(0);
    }

    fn dot<const ROWS: usize>(rows: [&[i16]; ROWS], panel: &[i16], out: &mut [Panel; ROWS]) {
        dot_i16(rows, panel, out);
    }
}
