//! The exponential half of softmax, for one row of attention scores.

use super::arch::{F32x4, LANES};
use super::exp::exp_non_positive;
use super::lanes::fold;

/// Replaces each score by `exp(scale * x - max(scale * x))`, and returns the sum of these powers: softmax is their quotient.
/// `scale` is not negative.
pub(super) fn powers(row: &mut [f32], scale: f32) -> f32 {
    let lowest = F32x4::splat(f32::NEG_INFINITY);
    let max = fold([row], f32::NEG_INFINITY, lowest, |max, [x]| max.max(x), F32x4::max);
    let max = max.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max);
    let (scale, max) = (F32x4::splat(scale), F32x4::splat(max * scale));
    let mut sum = F32x4::splat(0.0);
    let (body, rest) = row.as_chunks_mut::<LANES>();
    for x in body {
        let power = exp_non_positive(F32x4::new(*x).mul(scale).sub(max));
        *x = power.to_array();
        sum = sum.add(power);
    }
    if !rest.is_empty() {
        exp_non_positive(F32x4::load_or(rest, 0.0).mul(scale).sub(max)).store(rest);
        sum = sum.add(F32x4::load_or(rest, 0.0));
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    fn softmax(row: &mut [f32], scale: f32) {
        let sum = powers(row, scale);
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
