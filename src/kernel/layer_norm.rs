//! Layer normalization: `(x - mean) / sqrt(variance + eps) * weight + bias` (Ba, Kiros and Hinton, 2016).

use super::arch::F32x4;
use super::lanes::{fold, update, update_fold};

/// A layer normalization with its weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm<'m> {
    /// `[hidden_size]`.
    pub(crate) weight: &'m [f32],
    /// `[hidden_size]`.
    pub(crate) bias: &'m [f32],
    /// Added to the variance.
    pub(crate) eps: f32,
}

/// What scales a row, and its mean.
#[derive(Clone, Copy)]
struct Moments {
    mean: F32x4,
    scale: F32x4,
}

impl LayerNorm<'_> {
    /// Normalizes each row of `x` `[rows, hidden_size]` in place.
    pub(crate) fn forward(&self, x: &mut [f32]) {
        for row in x.chunks_exact_mut(self.weight.len()) {
            let sum = fold([row], 0.0, F32x4::splat(0.0), |sum, [x]| sum.add(x), F32x4::add);
            let moments = self.moments(row, sum);
            update(row, [self.weight, self.bias], |x, [weight, bias]| moments.normalize(x, weight, bias));
        }
    }

    /// Adds the first rows of `addend` to `x` `[rows, hidden_size]` and normalizes each row of the sum, in place.
    pub(crate) fn add_forward(&self, x: &mut [f32], addend: &[f32]) {
        for (row, addend) in x.chunks_exact_mut(self.weight.len()).zip(addend.chunks_exact(self.weight.len())) {
            let moments = self.add(row, addend);
            update(row, [self.weight, self.bias], |x, [weight, bias]| moments.normalize(x, weight, bias));
        }
    }

    /// The same for one row. Returns the smallest and the largest value of the result times `smooth`, by lanes, 0 among them.
    pub(super) fn add_forward_range(&self, row: &mut [f32], addend: &[f32], smooth: &[f32]) -> (F32x4, F32x4) {
        let moments = self.add(row, addend);
        let zero = F32x4::splat(0.0);
        let widen = |(min, max): (F32x4, F32x4), x: F32x4, [_, _, smooth]: [F32x4; 3]| {
            let x = x.mul(smooth);
            (min.min(x), max.max(x))
        };
        let join = |(a, b): (F32x4, F32x4), (c, d): (F32x4, F32x4)| (a.min(c), b.max(d));
        let normalize = |x, [weight, bias, _]: [F32x4; 3]| moments.normalize(x, weight, bias);
        update_fold(row, [self.weight, self.bias, smooth], (zero, zero), normalize, widen, join)
    }

    fn add(&self, row: &mut [f32], addend: &[f32]) -> Moments {
        let add = |x: F32x4, [addend]: [F32x4; 1]| x.add(addend);
        let sum = update_fold(row, [addend], F32x4::splat(0.0), add, |sum, x, _| sum.add(x), F32x4::add);
        self.moments(row, sum)
    }

    /// `sum` is that of the row, by lanes. The variance is the biased one, as in PyTorch, and is taken from the differences to
    /// the mean, so that no digits cancel.
    fn moments(&self, row: &[f32], sum: F32x4) -> Moments {
        let mean = sum.sum() / row.len() as f32;
        let center = F32x4::splat(mean);
        let square = |sum: F32x4, [x]: [F32x4; 1]| {
            let difference = x.sub(center);
            sum.add(difference.mul(difference))
        };
        // Lanes that are missing are filled with the mean, so that they add nothing.
        let variance = fold([row], mean, F32x4::splat(0.0), square, F32x4::add).sum() / row.len() as f32;
        Moments { mean: center, scale: F32x4::splat(1.0 / (variance + self.eps).sqrt()) }
    }
}

impl Moments {
    #[inline(always)]
    fn normalize(self, x: F32x4, weight: F32x4, bias: F32x4) -> F32x4 {
        x.sub(self.mean).mul(self.scale).mul(weight).add(bias)
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
            LayerNorm { weight: &weight, bias: &bias, eps: 1e-12 }.forward(&mut found);
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
        LayerNorm { weight: &noise(6, 9), bias: &bias, eps: 1e-12 }.forward(&mut row);
        assert_eq!(row[..], bias[..]);
    }
}
