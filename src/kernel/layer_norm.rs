//! Layer normalization: `(x - mean) / sqrt(variance + eps) * weight + bias` (Ba, Kiros and Hinton, 2016).

use super::arch::F32x4;
use super::lanes::{add_assign, fold, update};

/// Adds the first rows of `addend` to `x` `[rows, weight.len()]` and normalizes each row of the sum, in place.
pub(crate) fn add_norm(x: &mut [f32], addend: &[f32], weight: &[f32], bias: &[f32], eps: f32) {
    for (row, addend) in x.chunks_exact_mut(weight.len()).zip(addend.chunks_exact(weight.len())) {
        add_assign(row, addend);
        layer_norm(row, weight, bias, eps);
    }
}

/// Normalizes each row of `x` `[rows, weight.len()]` in place. The variance is the biased one, as in PyTorch, and is taken
/// from the differences to the mean, so that no digits cancel.
pub(crate) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let len = weight.len();
    let zero = F32x4::splat(0.0);
    for row in x.chunks_exact_mut(len) {
        let mean = fold([row], 0.0, zero, |sum, [x]| sum.add(x), F32x4::add).sum() / len as f32;
        let center = F32x4::splat(mean);
        let square = |sum: F32x4, [x]: [F32x4; 1]| {
            let difference = x.sub(center);
            sum.add(difference.mul(difference))
        };
        // Lanes that are missing are filled with the mean, so that they add nothing.
        let variance = fold([row], mean, zero, square, F32x4::add).sum() / len as f32;
        let scale = F32x4::splat(1.0 / (variance + eps).sqrt());
        update(row, [weight, bias], |x, [weight, bias]| x.sub(center).mul(scale).mul(weight).add(bias));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    fn reference(x: &[f32], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f64> {
        let len = x.len() as f64;
        let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / len;
        let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / len;
        let scale = 1.0 / (variance + eps).sqrt();
        let affine = weight.iter().zip(bias);
        x.iter().zip(affine).map(|(&x, (&w, &b))| (f64::from(x) - mean) * scale * f64::from(w) + f64::from(b)).collect()
    }

    #[test]
    fn close_to_the_definition_at_every_length() {
        for len in (1..=65).chain([384, 1536]) {
            let x: Vec<f32> = noise(2, 3 * len).iter().map(|x| 5.0 + 3.0 * x).collect();
            let (weight, bias) = (noise(3, len), noise(4, len));
            let mut found = x.clone();
            layer_norm(&mut found, &weight, &bias, 1e-12);
            for (row, found) in x.chunks_exact(len).zip(found.chunks_exact(len)) {
                if len == 1 {
                    continue; // the variance is 0, and eps alone decides
                }
                for (found, expected) in found.iter().zip(reference(row, &weight, &bias, 1e-12)) {
                    assert!((f64::from(*found) - expected).abs() <= 2e-5, "length {len}: {found} for {expected}");
                }
            }
        }
    }

    #[test]
    fn a_constant_row_becomes_the_bias() {
        let mut row = [7.5; 9];
        let bias = noise(5, 9);
        layer_norm(&mut row, &noise(6, 9), &bias, 1e-12);
        assert_eq!(row[..], bias[..]);
    }
}
