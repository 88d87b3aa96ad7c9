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

/// The smallest and the largest values of a row, by lanes.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) min: F32x4,
    pub(super) max: F32x4,
}

// Functions of their own that take and give floats by reference: what is alive across a call would be spilled (see
// `arch::wasm_sums`).

impl LayerNorm<'_> {
    /// Normalizes each row of `x` `[rows, hidden_size]` in place.
    pub(crate) fn forward(&self, x: &mut [f32]) {
        for row in x.chunks_exact_mut(self.weight.len()) {
            self.normalize(row, &self.moments(row, &sum(row)));
        }
    }

    /// Adds the first rows of `addend` to `x` `[rows, hidden_size]` and normalizes each row of the sum, in place.
    pub(crate) fn add_forward(&self, x: &mut [f32], addend: &[f32]) {
        for (row, addend) in x.chunks_exact_mut(self.weight.len()).zip(addend.chunks_exact(self.weight.len())) {
            let sum = add(row, addend);
            self.normalize(row, &self.moments(row, &sum));
        }
    }

    /// The same for one row. Returns the range of the result times `smooth`, 0 being in it.
    pub(super) fn add_forward_range(&self, row: &mut [f32], addend: &[f32], smooth: &[f32]) -> Range {
        let sum = add(row, addend);
        self.normalize_range(row, &self.moments(row, &sum), smooth)
    }

    /// `sum` is that of the row, by lanes. The variance is the biased one, as in PyTorch, and is taken from the differences to
    /// the mean, so that no digits cancel.
    fn moments(&self, row: &[f32], sum: &F32x4) -> Moments {
        let mut moments = Moments { mean: F32x4::splat(0.0), scale: F32x4::splat(0.0) };
        moments.set_mean(sum, row.len());
        moments.set_scale(&squares(row, &moments.mean), row.len(), &self.eps);
        moments
    }

    #[inline(never)]
    fn normalize(&self, row: &mut [f32], moments: &Moments) {
        update(row, [self.weight, self.bias], |x, [weight, bias]| moments.normalize(x, weight, bias));
    }

    #[inline(never)]
    fn normalize_range(&self, row: &mut [f32], moments: &Moments, smooth: &[f32]) -> Range {
        let zero = F32x4::splat(0.0);
        let widen = |(min, max): (F32x4, F32x4), x: F32x4, [_, _, smooth]: [F32x4; 3]| {
            let x = x.mul(smooth);
            (min.min(x), max.max(x))
        };
        let join = |(a, b): (F32x4, F32x4), (c, d): (F32x4, F32x4)| (a.min(c), b.max(d));
        let normalize = |x, [weight, bias, _]: [F32x4; 3]| moments.normalize(x, weight, bias);
        let (min, max) = update_fold(row, [self.weight, self.bias, smooth], (zero, zero), normalize, widen, join);
        Range { min, max }
    }
}

/// Sum of a row, by lanes.
#[inline(never)]
fn sum(row: &[f32]) -> F32x4 {
    fold([row], 0.0, F32x4::splat(0.0), |sum, [x]| sum.add(x), F32x4::add)
}

/// Adds `addend` to a row. Returns the sum of the result, by lanes.
#[inline(never)]
fn add(row: &mut [f32], addend: &[f32]) -> F32x4 {
    let add = |x: F32x4, [addend]: [F32x4; 1]| x.add(addend);
    update_fold(row, [addend], F32x4::splat(0.0), add, |sum, x, _| sum.add(x), F32x4::add)
}

/// Sum of the squared differences to `mean`, by lanes.
#[inline(never)]
fn squares(row: &[f32], mean: &F32x4) -> F32x4 {
    let square = |sum: F32x4, [x]: [F32x4; 1]| {
        let difference = x.sub(*mean);
        sum.add(difference.mul(difference))
    };
    // Lanes that are missing are filled with the mean, so that they add nothing.
    let [fill, ..] = mean.to_array();
    fold([row], fill, F32x4::splat(0.0), square, F32x4::add)
}

impl Moments {
    #[inline(never)]
    fn set_mean(&mut self, sum: &F32x4, len: usize) {
        self.mean = F32x4::splat(sum.sum() / len as f32);
    }

    /// `squares` is the sum of the squared differences to the mean, by lanes.
    #[inline(never)]
    fn set_scale(&mut self, squares: &F32x4, len: usize, eps: &f32) {
        let variance = squares.sum() / len as f32;
        self.scale = F32x4::splat(1.0 / (variance + eps).sqrt());
    }

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
