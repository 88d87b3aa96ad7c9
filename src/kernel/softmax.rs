//! The exponential half of softmax, for one row of attention scores.

use super::arch::{F32x4, LANES};
use super::exp::{exp_reduced, reduce};

/// Vectors that go through one half of the exponential function together.
const BLOCK: usize = 16;

/// What scores are multiplied by, what is subtracted then, and the sum of the powers so far.
struct State {
    scale: F32x4,
    max: F32x4,
    sum: F32x4,
    /// What [`reduce`] takes out of each score of a block.
    twos: [[f32; LANES]; BLOCK],
}

/// Replaces each score by `exp(scale * x - max(scale * x))`, and returns the sum of these powers: softmax is their quotient.
/// `scale` is not negative.
pub(super) fn powers(row: &mut [f32], scale: &f32) -> f32 {
    let zero = F32x4::splat(0.0);
    let mut state = State { scale: zero, max: zero, sum: zero, twos: [[0.0; LANES]; BLOCK] };
    state.set_shift(largest(row), scale);
    let (body, rest) = row.as_chunks_mut::<LANES>();
    for block in body.chunks_mut(BLOCK) {
        state.reduce_block(block);
        state.raise_block(block);
    }
    if !rest.is_empty() {
        state.raise_rest(rest);
    }
    state.sum.sum()
}

// Functions of their own that take floats by reference: what is alive across a call would be spilled, and so would the constants
// of both halves of the exponential function together.

impl State {
    #[inline(never)]
    fn set_shift(&mut self, max: f32, scale: &f32) {
        (self.scale, self.max) = (F32x4::splat(*scale), F32x4::splat(max * scale));
    }

    /// Scores to what [`reduce`] leaves of them.
    #[inline(never)]
    fn reduce_block(&mut self, scores: &mut [[f32; LANES]]) {
        for (x, two) in scores.iter_mut().zip(&mut self.twos) {
            let (r, power) = reduce(F32x4::new(*x).mul(self.scale).sub(self.max));
            *x = r.to_array();
            *two = power.to_array();
        }
    }

    /// From there to the powers, which are added to the sum one after the other.
    #[inline(never)]
    fn raise_block(&mut self, reduced: &mut [[f32; LANES]]) {
        let mut sum = self.sum;
        for (x, two) in reduced.iter_mut().zip(&self.twos) {
            let power = exp_reduced(F32x4::new(*x)).mul(F32x4::new(*two));
            *x = power.to_array();
            sum = sum.add(power);
        }
        self.sum = sum;
    }

    /// Fewer scores than a vector has lanes.
    #[inline(never)]
    fn raise_rest(&mut self, rest: &mut [f32]) {
        let mut last = [F32x4::load_or(rest, 0.0).to_array()];
        self.reduce_block(&mut last);
        let sum = std::hint::black_box(self.sum.to_array());
        self.raise_block(&mut last);
        rest.copy_from_slice(&last[0][..rest.len()]);
        // Only these count, and the lanes behind them are no scores.
        self.sum = F32x4::new(sum).add(F32x4::load_or(rest, 0.0));
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
