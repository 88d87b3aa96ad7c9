//! Weights as 6-bit integers, one scale a row, rounded so that the outputs of the layer change little: what the rounding of an input's weight
//! adds to the outputs is taken off again by the weights of the inputs behind it, as far as the inputs go together.
//!
//! This is GPTQ (Frantar et al., 2022), in the form of Chee et al. (QuIP, 2023): with `H = (U + I) D (U + I)ᵀ` for the second moments of the
//! inputs, a weight is rounded after the errors of those before it are added, each times its entry of `U`. The figures behind the choices
//! are in `docs/decisions/0032-int6-e4.md`.

/// The integer of the largest magnitude, of which there is no positive counterpart: the sign of a scale is free.
const LARGEST: f32 = -32.0;

/// Scales that are tried, as shares of the one at which the largest value of a row just fits.
const SHARES: [f32; 6] = [1.0, 0.96, 0.92, 0.88, 0.84, 0.8];

/// Inputs whose errors are balanced with each other; bounds the work and the memory for wide layers.
const BLOCK: usize = 384;

/// What is added to the mean square of each input, as a share of their mean: keeps errors from being moved to inputs that were small by
/// chance.
const DAMPING: f64 = 0.01;

/// Rows `[outputs, inputs]` as 6-bit integers, and the scale of each. `samples` are rows of inputs `[samples, inputs]`.
pub(super) fn compensated_rows(weight: &[f32], inputs: usize, samples: &[f32]) -> (Vec<i8>, Vec<f32>) {
    let scales: Vec<f32> = weight.chunks_exact(inputs).map(best_scale).collect();
    let mut quantized = vec![0; weight.len()];
    let mut errors = Vec::new();
    for start in (0..inputs).step_by(BLOCK) {
        let end = inputs.min(start + BLOCK);
        let feedback = feedback(samples, inputs, start..end);
        let rows = weight.chunks_exact(inputs).zip(quantized.chunks_exact_mut(inputs)).zip(&scales);
        for ((row, quantized), &scale) in rows {
            errors.clear();
            errors.resize(end - start, 0.0);
            round(&row[start..end], scale, &feedback, &mut errors, &mut quantized[start..end]);
        }
    }
    (quantized, scales)
}

/// Rounds the weights of one block. `carried` has a zero for each.
fn round(row: &[f32], scale: f32, feedback: &[f32], carried: &mut [f32], quantized: &mut [i8]) {
    let (factors, reciprocal) = (feedback.chunks_exact(row.len()), reciprocal(scale));
    for (i, ((&weight, quantized), factors)) in row.iter().zip(quantized).zip(factors).enumerate() {
        let level = level(weight + carried[i], reciprocal);
        let error = weight - scale * level;
        *quantized = level as i8;
        carried[i + 1..].iter_mut().zip(&factors[i + 1..]).for_each(|(carried, factor)| *carried += error * factor);
    }
}

/// The upper triangle `U`, row after row, of the second moments of the inputs in `range`.
fn feedback(samples: &[f32], inputs: usize, range: std::ops::Range<usize>) -> Vec<f32> {
    let len = range.len();
    let mut moments = vec![0.0_f32; len * len];
    let zeros = vec![0.0; len];
    // Four at a time: the sums are read and written a quarter as often.
    for samples in samples.chunks(4 * inputs) {
        let sample = |k: usize| samples.get(k * inputs..(k + 1) * inputs).map_or(&zeros[..], |row| &row[range.clone()]);
        let [a, b, c, d] = std::array::from_fn(sample);
        for (i, row) in moments.chunks_exact_mut(len).enumerate() {
            let others = a[i..].iter().zip(&b[i..]).zip(&c[i..]).zip(&d[i..]);
            for (moment, (((w, x), y), z)) in row[i..].iter_mut().zip(others) {
                *moment += (a[i] * w + b[i] * x) + (c[i] * y + d[i] * z);
            }
        }
    }
    let mut moments: Vec<f64> = moments.into_iter().map(f64::from).collect();
    let mean = moments.iter().step_by(len + 1).sum::<f64>() / len as f64;
    // Of inputs that are all zeros, any positive number.
    let damping = if mean > 0.0 { DAMPING * mean } else { 1.0 };
    moments.iter_mut().step_by(len + 1).for_each(|square| *square += damping);
    decompose(&mut moments, len);
    moments.into_iter().map(|factor| factor as f32).collect()
}

/// `U` above the diagonal, for the symmetric matrix `(U + I) D (U + I)ᵀ` of which the upper triangle is given; the last column first.
fn decompose(matrix: &mut [f64], len: usize) {
    let mut column = vec![0.0; len];
    for last in (1..len).rev() {
        let pivot = matrix[last * len + last];
        for i in 0..last {
            column[i] = matrix[i * len + last];
            matrix[i * len + last] /= pivot;
        }
        for i in 0..last {
            let factor = column[i] / pivot;
            let row = &mut matrix[i * len + i..i * len + last];
            row.iter_mut().zip(&column[i..last]).for_each(|(entry, other)| *entry -= factor * other);
        }
    }
}

/// The scale of the smallest squared error without compensation.
fn best_scale(row: &[f32]) -> f32 {
    let full = row.iter().fold(0.0, |largest: f32, &x| if x.abs() > largest.abs() { x } else { largest }) / LARGEST;
    let error = |scale: f32| {
        let reciprocal = reciprocal(scale);
        let differences = row.iter().map(|&x| x - scale * level(x, reciprocal));
        differences.map(|difference| difference * difference).sum::<f32>()
    };
    let tried = SHARES.map(|share| (share * full, error(share * full)));
    tried.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(full, |(scale, _)| scale)
}

/// `1 / scale`; 0 where a row has nothing but zeros.
fn reciprocal(scale: f32) -> f32 {
    if scale.is_normal() { 1.0 / scale } else { 0.0 }
}

/// The nearest integer in steps of which `reciprocal` is the reciprocal.
fn level(x: f32, reciprocal: f32) -> f32 {
    // Without a call for each rounding: from 0.5 on, cutting off is rounding.
    (x * reciprocal + 32.5).clamp(0.0, 63.0) as i32 as f32 + LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform numbers in -1..1.
    fn noise(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn a_matrix_is_the_product_of_its_parts() {
        let factors: [f64; 9] = [1.0, 0.5, -0.25, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0];
        let diagonal = [3.0, 2.0, 4.0];
        let entry = |i: usize, j: usize| (0..3).map(|k| factors[i * 3 + k] * diagonal[k] * factors[j * 3 + k]).sum();
        let mut matrix: Vec<f64> = (0..9).map(|at| entry(at / 3, at % 3)).collect();
        decompose(&mut matrix, 3);
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            assert!((matrix[i * 3 + j] - factors[i * 3 + j]).abs() < 1e-12, "{i}, {j}: {matrix:?}");
        }
    }

    /// Inputs that go together are what compensation lives from; in more than one block, too.
    #[test]
    fn outputs_are_closer_than_those_of_plain_rounding() {
        for inputs in [8, 100, BLOCK + 30] {
            let common = noise(1, 200);
            let mut samples = noise(2, 200 * inputs);
            for (sample, common) in samples.chunks_exact_mut(inputs).zip(common) {
                sample.iter_mut().for_each(|x| *x = common + 0.2 * *x);
            }
            let weight = noise(3, 16 * inputs);
            let (quantized, scales) = compensated_rows(&weight, inputs, &samples);
            let error = |row: usize, value: &dyn Fn(usize) -> f32| -> f32 {
                let weight = &weight[row * inputs..][..inputs];
                let difference = |sample: &[f32]| -> f32 {
                    sample.iter().zip(weight).enumerate().map(|(i, (x, w))| x * (w - value(i))).sum()
                };
                samples.chunks_exact(inputs).map(|sample| difference(sample).powi(2)).sum()
            };
            let (mut plain, mut compensated) = (0.0, 0.0);
            for (row, &scale) in scales.iter().enumerate() {
                plain += error(row, &|i| scale * level(weight[row * inputs + i], reciprocal(scale)));
                compensated += error(row, &|i| scale * f32::from(quantized[row * inputs + i]));
            }
            assert!(compensated < 0.5 * plain, "{inputs} inputs: {compensated} is not far below {plain}");
        }
    }

    #[test]
    fn without_samples_it_is_plain_rounding() {
        let weight = noise(4, 3 * 20);
        let (quantized, scales) = compensated_rows(&weight, 20, &[]);
        for ((row, quantized), &scale) in weight.chunks_exact(20).zip(quantized.chunks_exact(20)).zip(&scales) {
            assert!(row.iter().zip(quantized).all(|(&w, &q)| f32::from(q) == level(w, reciprocal(scale))));
            assert!(quantized.iter().any(|&q| q <= -25), "the range is used: {quantized:?}");
        }
    }

    #[test]
    fn rows_at_the_ends_of_the_range_are_harmless() {
        for x in [0.0, -0.0, 1e-45, f32::MIN_POSITIVE / 2.0] {
            let (quantized, scales) = compensated_rows(&[x; 12], 12, &[0.0; 24]);
            assert!(quantized.iter().all(|q| (-32..32).contains(q)) && scales[0].is_finite());
        }
        let (quantized, scales) = compensated_rows(&[f32::MAX / 2.0; 12], 12, &[1.0; 24]);
        assert!(quantized.iter().all(|q| (-32..32).contains(q)) && scales[0].is_finite());
    }
}
