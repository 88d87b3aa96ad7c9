//! The number formats in which attention multiplies.

use super::arch::{F32x4, I32x4, LANES, dot_i16, reciprocal_or_zero};
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
    fn convert(x: &[f32], step: &f32, out: &mut [Self]);

    /// Dot products of `ROWS` rows with the columns of one panel `[row.len() / GROUP, PANEL, GROUP]`, into `out`.
    fn dot<const ROWS: usize>(rows: [&[Self]; ROWS], panel: &[Self], out: &mut [Panel; ROWS]);
}

impl Operand for f32 {
    const GROUP: usize = 1;
    const ONE: f32 = 1.0;

    fn step<'a>(_: impl Iterator<Item = &'a [f32]>, _: usize) -> f32 {
        1.0
    }

    fn convert(x: &[f32], step: &f32, out: &mut [f32]) {
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
        // Magnitudes are in the order of their bits.
        let most = f32::from_bits(rows.map(|row| largest_magnitude(row).to_bits()).max().unwrap_or(0));
        // In f64, as 2^31 - 1 is no f32.
        let limit = (f64::from(i32::MAX) / terms as f64).sqrt().min(f64::from(i16::MAX)).floor();
        most / limit as f32
    }

    fn convert(x: &[f32], step: &f32, out: &mut [i16]) {
        let reciprocal = reciprocal_or_zero(*step, step.is_normal());
        let (blocks, rest) = x.as_chunks::<EIGHT>();
        let (body, tail) = out.split_at_mut(blocks.len() * EIGHT);
        to_fixed_point(blocks, reciprocal, body.as_chunks_mut().0);
        if !tail.is_empty() {
            let mut last = [[0.0; EIGHT]];
            last[0][..rest.len()].copy_from_slice(rest);
            let mut converted = [[0; EIGHT]];
            to_fixed_point(&last, reciprocal, &mut converted);
            let (written, behind) = tail.split_at_mut(tail.len().min(EIGHT));
            written.copy_from_slice(&converted[0][..written.len()]);
            behind.fill(0);
        }
    }

    fn dot<const ROWS: usize>(rows: [&[i16]; ROWS], panel: &[i16], out: &mut [Panel; ROWS]) {
        dot_i16(rows, panel, out);
    }
}

/// Values that are converted at a time.
const EIGHT: usize = 2 * LANES;

/// NaN counts as 0.
#[inline(never)]
fn largest_magnitude(x: &[f32]) -> f32 {
    let widen = |most: F32x4, [x]: [F32x4; 1]| most.max(x).max(F32x4::splat(0.0).sub(x));
    fold([x], 0.0, F32x4::splat(0.0), widen, F32x4::max).max_lane()
}

#[inline(never)]
fn to_fixed_point(x: &[[f32; EIGHT]], reciprocal: f32, out: &mut [[i16; EIGHT]]) {
    let reciprocal = F32x4::splat(reciprocal);
    let (least, most) = (F32x4::splat(-i16::ONE), F32x4::splat(i16::ONE));
    for (x, out) in x.iter().zip(out) {
        *out = I32x4::to_i16([0, 1].map(|i| {
            let scaled = F32x4::new(x.as_chunks().0[i]).mul(reciprocal);
            // In this order of operands, a NaN becomes a number.
            most.min(least.max(scaled)).round_to_i32()
        }));
    }
}
