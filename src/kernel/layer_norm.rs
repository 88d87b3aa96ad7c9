//! Layer normalization: `(x - mean) / sqrt(variance + eps) * weight + bias` (Ba, Kiros and Hinton, 2016).

use super::arch::{F32x4, LANES};

/// Normalizes each row of `x` `[rows, weight.len()]` in place. The variance is the biased one, as in PyTorch, and is taken
/// from the differences to the mean, so that no digits cancel.
pub(crate) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let len = weight.len();
    for row in x.chunks_exact_mut(len) {
        let mean = sum(row) / len as f32;
        let center = F32x4::splat(mean);
        let variance = sum_of_squares(row, mean) / len as f32;
        let scale = F32x4::splat(1.0 / (variance + eps).sqrt());
        let affine = weight.chunks(LANES).zip(bias.chunks(LANES));
        for (x, (weight, bias)) in row.chunks_mut(LANES).zip(affine) {
            let normal = F32x4::load_or(x, 0.0).sub(center).mul(scale);
            normal.mul(F32x4::load_or(weight, 0.0)).add(F32x4::load_or(bias, 0.0)).store(x);
        }
    }
}

/// Sum over four interleaved lanes.
#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    row.chunks(LANES).fold(F32x4::splat(0.0), |sum, x| sum.add(F32x4::load_or(x, 0.0))).sum()
}

/// Sum of `(x - mean)²`; missing lanes are filled with the mean, so that they add nothing.
#[inline(always)]
fn sum_of_squares(row: &[f32], mean: f32) -> f32 {
    let center = F32x4::splat(mean);
    let square = |x: &[f32]| {
        let difference = F32x4::load_or(x, mean).sub(center);
        difference.mul(difference)
    };
    row.chunks(LANES).fold(F32x4::splat(0.0), |sum, x| sum.add(square(x))).sum()
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
