//! The exponential half of softmax, for one row of attention scores.

use super::arch::{F32x4, LANES};
use super::exp::{exp_reduced, reduce};

/// Vectors that go through one half of the exponential function together.
const BLOCK: usize = 16;

/// What scores are multiplied by, and what is subtracted then.
struct Shift {
    scale: F32x4,
    max: F32x4,
}

/// Replaces each score by `exp(scale * x - max(scale * x))`, and returns the sum of these powers: softmax is their quotient.
/// `scale` is not negative.
pub(super) fn powers(row: &mut [f32], scale: &f32) -> f32 {
    let mut shift = Shift { scale: F32x4::splat(0.0), max: F32x4::splat(0.0) };
    shift.set(largest(row), scale);
    let mut sum = F32x4::splat(0.0);
    let mut twos = [[0.0; LANES]; BLOCK];
    let (body, rest) = row.as_chunks_mut::<LANES>();
    for block in body.chunks_mut(BLOCK) {
        to_reduced(block, &mut twos, &shift);
        to_powers(block, &twos, &mut sum);
    }
    if !rest.is_empty() {
        let mut last = [F32x4::load_or(rest, 0.0).to_array()];
        to_reduced(&mut last, &mut twos, &shift);
        to_powers(&mut last, &twos, &mut F32x4::splat(0.0));
        rest.copy_from_slice(&last[0][..rest.len()]);
        add(&mut sum, &F32x4::load_or(rest, 0.0));
    }
    sum.sum()
}

// Functions of their own that take floats by reference: what is alive across a call would be spilled, and so would the constants
// of both halves of the exponential function together.

impl Shift {
    #[inline(never)]
    fn set(&mut self, max: f32, scale: &f32) {
        *self = Self { scale: F32x4::splat(*scale), max: F32x4::splat(max * scale) };
    }
}

/// NaN counts as nothing.
#[inline(never)]
fn largest(row: &[f32]) -> f32 {
    let mut max = F32x4::splat(f32::NEG_INFINITY);
    let (body, rest) = row.as_chunks::<LANES>();
    if !rest.is_empty() {
        max = max.max(F32x4::load_or(rest, f32::NEG_INFINITY));
    }
    for x in body {
        max = max.max(F32x4::new(*x));
    }
    max.max_lane()
}

/// Scores to what [`reduce`] leaves of them.
#[inline(never)]
fn to_reduced(scores: &mut [[f32; LANES]], twos: &mut [[f32; LANES]; BLOCK], shift: &Shift) {
    for (x, two) in scores.iter_mut().zip(twos) {
        let (r, power) = reduce(F32x4::new(*x).mul(shift.scale).sub(shift.max));
        *x = r.to_array();
        *two = power.to_array();
    }
}

/// From there to the powers, which are added to `sum` one after the other.
#[inline(never)]
fn to_powers(reduced: &mut [[f32; LANES]], twos: &[[f32; LANES]; BLOCK], sum: &mut F32x4) {
    let mut total = *sum;
    for (x, two) in reduced.iter_mut().zip(twos) {
        let power = exp_reduced(F32x4::new(*x)).mul(F32x4::new(*two));
        *x = power.to_array();
        total = total.add(power);
    }
    *sum = total;
}

#[inline(never)]
fn add(sum: &mut F32x4, other: &F32x4) {
    *sum = sum.add(*other);
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    fn softmax(row: &mut [f32], scale: f32) {
        let sum = powers(row, &scale);
        row.iter_mut().for_each(|x| *x /= sum);
    }

    fn reference(row: &[f32], scale: f32) -> Vec<f64> {
        let powers: Vec<f64> = row.iter().map(|&x| (f64::from(x) * f64::from(scale)).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|power| power / sum).collect()
    }

    #[test]
    fn close_to_the_definition_at_every_length() {
        for len in (0..=65).chain([128, 256, 511]) {
            let scores: Vec<f32> = noise(7, len).iter().map(|x| 40.0 * x).collect();
            let mut found = scores.clone();
            softmax(&mut found, 0.25);
            for (found, expected) in found.iter().zip(reference(&scores, 0.25)) {
                let error = (f64::from(*found) - expected).abs();
                // Half a unit in the last place of the largest difference, 20, is 1e-6.
                assert!(error <= 2e-6 * expected, "length {len}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn scores_far_apart_do_not_overflow() {
        let mut row = [3e38, -3e38, 0.0];
        softmax(&mut row, 1.0);
        assert_eq!(row[0], 1.0);
        assert!(row[1] < 1e-30 && row[2] < 1e-30);
    }
}
