//! Softmax of one row of attention scores.

use super::arch::{F32x4, LANES};
use super::exp::exp_non_positive;

/// `exp(scale * x_i - max) / sum`, in place. A row of no scores stays as it is.
pub(crate) fn softmax(row: &mut [f32], scale: f32) {
    let scale = F32x4::splat(scale);
    let lowest = F32x4::splat(f32::NEG_INFINITY);
    let scaled = |x: &[f32]| F32x4::load_or(x, f32::NEG_INFINITY).mul(scale);
    let max = row.chunks(LANES).fold(lowest, |max, x| max.max(scaled(x)));
    let max = F32x4::splat(max.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max));
    let mut sum = F32x4::splat(0.0);
    for x in row.chunks_mut(LANES) {
        let power = exp_non_positive(scaled(x).sub(max));
        power.store(x);
        sum = sum.add(F32x4::load_or(x, 0.0));
    }
    let reciprocal = F32x4::splat(1.0 / sum.sum());
    for x in row.chunks_mut(LANES) {
        F32x4::load_or(x, 0.0).mul(reciprocal).store(x);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

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
