//! Activations as 7-bit integers, each row on its own grid, so that a row's result depends on no other row.

use super::arch::{BLOCK, F32x4, I32x4, LANES, Step, reciprocal_or_zero, spread};
use super::lanes::fold;
use super::layer_norm::{LayerNorm, Range};

/// Largest quantized value: 7 bits are what every lowering of the relaxed dot product multiplies exactly.
const MAX_LEVEL: f32 = 127.0;

/// Values that are quantized at a time.
const EIGHT: usize = 8;

/// Length of a row of `len` values in packed weights and quantized activations.
#[must_use]
pub const fn padded_len(len: usize) -> usize {
    len.next_multiple_of(BLOCK)
}

/// Quantized rows: `x ≈ scale * (q - zero_point)` with `q` in 0..=127, and 0 represented exactly. The values of a row may
/// be divided in groups of the same length, each with a grid of its own.
#[derive(Debug, Default)]
pub(crate) struct QuantizedRows {
    /// `[rows, padded_len(len) / 4]`; the padding is 0, and meets weights of 0.
    data: Vec<Step>,
    /// Steps of a group.
    steps: usize,
    groups: usize,
    /// `[rows, groups]`.
    grids: Vec<Grid>,
    /// Values that stay floats `[rows, n_outliers]`.
    outliers: Vec<f32>,
    n_outliers: usize,
    rows: usize,
}

/// The grid of one group of values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grid {
    pub(super) scale: f32,
    /// An integer, 0 to 127.
    pub(super) zero_point: f32,
}

impl QuantizedRows {
    /// Quantizes the rows of `x` `[rows, smooth.len()]`, each value multiplied by its channel's `smooth` first, and keeps the
    /// channels `outliers` as they are too. With more than one group, a group is a whole number of [`BLOCK`]s.
    pub(crate) fn quantize(&mut self, x: &[f32], smooth: &[f32], outliers: &[u32], groups: usize) {
        self.reset(x.len() / smooth.len(), smooth.len(), outliers, groups);
        let channels = self.steps * LANES;
        for x in x.chunks_exact(smooth.len()) {
            self.outliers.extend(outliers.iter().map(|&channel| x[channel as usize]));
            for (x, smooth) in x.chunks(channels).zip(smooth.chunks(channels)) {
                self.push(&Grid::over(x, smooth), x, smooth);
            }
        }
    }

    /// Adds the first rows of `addend` to `x` `[rows, smooth.len()]`, normalizes each row of the sum in place by `norm`, and
    /// quantizes it in one group while it is at hand.
    pub(crate) fn add_norm_quantize(
        &mut self,
        x: &mut [f32],
        addend: &[f32],
        norm: &LayerNorm<'_>,
        smooth: &[f32],
        outliers: &[u32],
    ) {
        self.reset(x.len() / smooth.len(), smooth.len(), outliers, 1);
        for (x, addend) in x.chunks_exact_mut(smooth.len()).zip(addend.chunks_exact(smooth.len())) {
            let range = norm.add_forward_range(x, addend, smooth);
            self.outliers.extend(outliers.iter().map(|&channel| x[channel as usize]));
            self.push(&Grid::between(&range), x, smooth);
        }
    }

    /// Makes room for `rows` rows of `len` values.
    fn reset(&mut self, rows: usize, len: usize, outliers: &[u32], groups: usize) {
        self.rows = rows;
        self.n_outliers = outliers.len();
        self.steps = padded_len(len) / LANES / groups;
        self.groups = groups;
        self.data.resize(rows * groups * self.steps, Step::default());
        self.grids.clear();
        self.outliers.clear();
    }

    /// Takes the values of the next group on their `grid`.
    #[inline(always)]
    fn push(&mut self, grid: &Grid, x: &[f32], smooth: &[f32]) {
        let start = self.grids.len() * self.steps;
        grid.quantize(x, smooth, &mut self.data[start..][..self.steps]);
        self.grids.push(*grid);
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The steps of group `group` of row `row`.
    pub(super) fn values(&self, row: usize, group: usize) -> &[Step] {
        &self.data[(row * self.groups + group) * self.steps..][..self.steps]
    }

    /// The grids of group `group` of rows `row..`.
    pub(super) fn grids(&self, row: usize, group: usize) -> impl Iterator<Item = &Grid> {
        self.grids[row * self.groups + group..].iter().step_by(self.groups)
    }

    /// The values of rows `row..` that stay floats.
    pub(super) fn outliers_from(&self, row: usize) -> impl Iterator<Item = &[f32]> {
        (row..self.rows).map(|row| self.outliers(row))
    }

    /// The values of row `row` that stay floats.
    pub(super) fn outliers(&self, row: usize) -> &[f32] {
        &self.outliers[row * self.n_outliers..][..self.n_outliers]
    }
}

impl Grid {
    /// The finest grid of 128 levels over the row that has 0 on it. A row without extent, or not finite, is all zeros.
    #[inline(never)]
    fn over(x: &[f32], smooth: &[f32]) -> Self {
        let zero = F32x4::splat(0.0);
        let widen = |(min, max): (F32x4, F32x4), [x, smooth]: [F32x4; 2]| {
            let x = x.mul(smooth);
            (min.min(x), max.max(x))
        };
        let join = |(a, b): (F32x4, F32x4), (c, d): (F32x4, F32x4)| (a.min(c), b.max(d));
        let (min, max) = fold([x, smooth], 0.0, (zero, zero), widen, join);
        Self::between(&Range { min, max })
    }

    /// The same, where the smallest and largest values are known.
    #[inline(never)]
    fn between(range: &Range) -> Self {
        let (min, max) = (range.min.min_lane(), range.max.max_lane());
        let scale = (max - min) / MAX_LEVEL;
        if !scale.is_normal() {
            return Self::default();
        }
        let zero_point = (-min / scale).round_ties_even();
        Self { scale, zero_point }
    }

    /// Writes `x * smooth` on the grid, and zeros behind it.
    #[inline(never)]
    fn quantize(&self, x: &[f32], smooth: &[f32], out: &mut [Step]) {
        let ((x, x_rest), (smooth, smooth_rest)) = (x.as_chunks::<EIGHT>(), smooth.as_chunks::<EIGHT>());
        let (body, padding) = out.as_chunks_mut::<{ EIGHT / LANES }>().0.split_at_mut(x.len());
        self.blocks(x, smooth, body);
        if !padding.is_empty() {
            self.quantize_rest(x_rest, smooth_rest, padding);
        }
    }

    /// What is left behind whole blocks, and zeros behind it.
    #[inline(never)]
    fn quantize_rest(&self, x: &[f32], smooth: &[f32], out: &mut [[Step; EIGHT / LANES]]) {
        if let [out, behind @ ..] = out {
            // 0 is the quantized value of the padding, whatever the zero point is.
            let padded = |values: &[f32]| std::array::from_fn(|i| values.get(i).copied().unwrap_or(0.0));
            let mut values = self.block(&padded(x), &padded(smooth));
            values[x.len()..].fill(0);
            *out = spread(values);
            behind.fill([Step::default(); EIGHT / LANES]);
        }
    }

    /// Eight values at a time, as there are no more registers for what is loaded.
    #[inline(never)]
    fn blocks(&self, x: &[[f32; EIGHT]], smooth: &[[f32; EIGHT]], out: &mut [[Step; EIGHT / LANES]]) {
        for (out, (x, smooth)) in out.iter_mut().zip(x.iter().zip(smooth)) {
            *out = spread(self.block(x, smooth));
        }
    }

    #[inline(always)]
    fn block(&self, x: &[f32; EIGHT], smooth: &[f32; EIGHT]) -> [u8; EIGHT] {
        let reciprocal = F32x4::splat(reciprocal_or_zero(self.scale, self.scale > 0.0));
        let zero_point = F32x4::splat(self.zero_point);
        let (lowest, highest) = (F32x4::splat(0.0), F32x4::splat(MAX_LEVEL));
        let vectors = |values: &[f32; EIGHT], i: usize| F32x4::new(values.as_chunks().0[i]);
        I32x4::to_bytes([0, 1].map(|i| {
            let (x, smooth) = (vectors(x, i), vectors(smooth, i));
            // In this order of operands, a NaN becomes 0.
            highest.min(lowest.max(x.mul(smooth).mul(reciprocal).add(zero_point))).round_to_i32()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    fn grid(rows: &QuantizedRows, row: usize, group: usize) -> Grid {
        *rows.grids(row, group).next().expect("there is such a row")
    }

    fn dequantized(rows: &QuantizedRows, row: usize, group: usize) -> Vec<f32> {
        let Grid { scale, zero_point } = grid(rows, row, group);
        levels(rows, row, group).into_iter().map(|q| scale * (q - zero_point)).collect()
    }

    fn levels(rows: &QuantizedRows, row: usize, group: usize) -> Vec<f32> {
        rows.values(row, group).iter().flat_map(|step| &step[..LANES]).map(|&q| q.into()).collect()
    }

    #[test]
    fn within_half_a_step_at_every_length() {
        for len in 1..=65 {
            let x = noise(len as u64, 2 * len);
            let smooth: Vec<f32> = noise(9, len).iter().map(|s| 1.5 + s).collect();
            let mut rows = QuantizedRows::default();
            rows.quantize(&x, &smooth, &[], 1);
            for (row, x) in x.chunks_exact(len).enumerate() {
                let quantized = levels(&rows, row, 0);
                assert!(quantized.iter().all(|&q| q <= 127.0));
                let step = grid(&rows, row, 0).scale;
                for (i, found) in dequantized(&rows, row, 0)[..len].iter().enumerate() {
                    // At the ends of the range, the rounding of the zero point may cost another half step.
                    let tolerance = if (1.0..127.0).contains(&quantized[i]) { 0.51 } else { 1.01 };
                    let error = (found - x[i] * smooth[i]).abs();
                    assert!(error <= tolerance * step, "length {len}, value {i}: off by {error} of {step}");
                }
            }
        }
    }

    #[test]
    fn each_group_has_the_grid_that_it_would_have_alone() {
        let x = noise(3, 96);
        let smooth = [1.0; 48];
        let (mut together, mut alone) = (QuantizedRows::default(), QuantizedRows::default());
        together.quantize(&x, &smooth, &[], 3);
        assert_eq!(together.rows(), 2);
        for (index, x) in x.chunks_exact(16).enumerate() {
            alone.quantize(x, &smooth[..16], &[], 1);
            assert_eq!(levels(&together, index / 3, index % 3), levels(&alone, 0, 0));
            assert_eq!(dequantized(&together, index / 3, index % 3), dequantized(&alone, 0, 0));
        }
    }

    #[test]
    fn in_one_pass_with_the_norm_it_is_the_same() {
        for len in 1..=65 {
            let (x, addend, weight, bias) = (noise(1, 3 * len), noise(2, 3 * len), noise(3, len), noise(4, len));
            let smooth: Vec<f32> = noise(5, len).iter().map(|s| 1.5 + s).collect();
            let norm = LayerNorm { weight: &weight, bias: &bias, eps: 1e-12 };
            let outliers = [len as u32 - 1];
            let (mut apart, mut together) = (x.clone(), x);
            let (mut expected, mut found) = (QuantizedRows::default(), QuantizedRows::default());
            norm.add_forward(&mut apart, &addend);
            expected.quantize(&apart, &smooth, &outliers, 1);
            found.add_norm_quantize(&mut together, &addend, &norm, &smooth, &outliers);
            assert_eq!(together, apart, "length {len}");
            for row in 0..3 {
                assert_eq!(levels(&found, row, 0), levels(&expected, row, 0), "length {len}");
                assert_eq!(dequantized(&found, row, 0), dequantized(&expected, row, 0), "length {len}");
                assert_eq!(found.outliers(row), expected.outliers(row));
            }
        }
    }

    #[test]
    fn rows_without_extent_or_not_finite_are_harmless() {
        let x = [
            [0.0; 5],
            [f32::NAN; 5],
            [f32::INFINITY; 5],
            [f32::MAX, f32::MIN, 0.0, 1.0, -1.0],
            [1e-44; 5],
            [f32::NAN, 1.0, -1.0, 0.0, f32::NAN],
        ]
        .concat();
        let mut rows = QuantizedRows::default();
        rows.quantize(&x, &[1.0; 5], &[], 1);
        assert!(rows.data.iter().all(|step| step.iter().all(|&q| q <= 127)));
        assert_eq!(dequantized(&rows, 0, 0)[..5], [0.0; 5]);
    }

    #[test]
    fn nothing_stays_of_a_longer_batch() {
        let mut rows = QuantizedRows::default();
        rows.quantize(&noise(1, 40), &[1.0; 20], &[], 1);
        rows.quantize(&[1.0; 10], &[1.0; 5], &[], 1);
        assert_eq!(rows.rows(), 2);
        assert!(levels(&rows, 1, 0)[8..].iter().all(|&q| q == 0.0));
    }
}
