//! Activations as 7-bit integers, each row on its own grid, so that a row's result depends on no other row.

use super::arch::{F32x4, LANES};

/// Quantized rows are padded to a multiple of this many values.
const ROW_ALIGN: usize = 16;

/// Largest quantized value: 7 bits are what every lowering of the relaxed dot product multiplies exactly.
const MAX_LEVEL: f32 = 127.0;

/// Length of a row of `len` values in packed weights and quantized activations.
pub(crate) const fn padded_len(len: usize) -> usize {
    len.next_multiple_of(ROW_ALIGN)
}

/// Quantized rows: `x ≈ scale * (q - zero_point)` with `q` in 0..=127, and 0 represented exactly. The values of a row may
/// be divided in groups of the same length, each with a grid of its own.
#[derive(Debug, Default)]
pub(crate) struct QuantizedRows {
    /// `[rows, padded_len(len)]`; the padding is 0, and meets weights of 0.
    data: Vec<u8>,
    stride: usize,
    groups: usize,
    /// `[rows, groups]`.
    grids: Vec<Grid>,
}

/// The grid of one group of values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grid {
    pub(super) scale: f32,
    /// 0 to 127.
    pub(super) zero_point: i32,
}

impl QuantizedRows {
    /// Quantizes the rows of `x` `[rows, smooth.len()]`, each value multiplied by its channel's `smooth` first. With more
    /// than one group, a group is a whole number of [`ROW_ALIGN`] values.
    pub(crate) fn quantize(&mut self, x: &[f32], smooth: &[f32], groups: usize) {
        let rows = x.len() / smooth.len();
        self.stride = padded_len(smooth.len());
        self.groups = groups;
        self.data.resize(rows * self.stride, 0);
        self.grids.clear();
        let group = self.stride / groups;
        for (x, out) in x.chunks_exact(smooth.len()).zip(self.data.chunks_exact_mut(self.stride)) {
            let channels = x.chunks(group).zip(smooth.chunks(group));
            for ((x, smooth), out) in channels.zip(out.chunks_exact_mut(group)) {
                let grid = Grid::over(x, smooth);
                grid.quantize(x, smooth, out);
                self.grids.push(grid);
            }
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.grids.len() / self.groups
    }

    /// The values of group `group` of row `row`.
    pub(super) fn values(&self, row: usize, group: usize) -> &[u8] {
        let len = self.stride / self.groups;
        &self.data[row * self.stride + group * len..][..len]
    }

    pub(super) fn grid(&self, row: usize, group: usize) -> Grid {
        self.grids[row * self.groups + group]
    }
}

impl Grid {
    /// The finest grid of 128 levels over the row that has 0 on it. A row without extent, or not finite, is all zeros.
    fn over(x: &[f32], smooth: &[f32]) -> Self {
        let zero = F32x4::splat(0.0);
        let (min, max) = scaled(x, smooth).fold((zero, zero), |(min, max), x| (min.min(x), max.max(x)));
        let min = min.to_array().into_iter().fold(0.0, f32::min);
        let max = max.to_array().into_iter().fold(0.0, f32::max);
        let scale = (max - min) / MAX_LEVEL;
        if !scale.is_normal() {
            return Self::default();
        }
        let zero_point = (-min / scale).round_ties_even() as i32;
        Self { scale, zero_point }
    }

    /// Writes `x * smooth` on the grid, and zeros behind it.
    fn quantize(self, x: &[f32], smooth: &[f32], out: &mut [u8]) {
        let reciprocal = F32x4::splat(if self.scale > 0.0 { 1.0 / self.scale } else { 0.0 });
        let zero_point = F32x4::splat(self.zero_point as f32);
        let (lowest, highest) = (F32x4::splat(0.0), F32x4::splat(MAX_LEVEL));
        let (body, padding) = out.split_at_mut(x.len().next_multiple_of(LANES));
        for (x, out) in scaled(x, smooth).zip(body.chunks_exact_mut(LANES)) {
            // In this order of operands, a NaN becomes 0.
            let q = highest.min(lowest.max(x.mul(reciprocal).add(zero_point))).round_to_i32();
            out.iter_mut().zip(q).for_each(|(out, q)| *out = q as u8);
        }
        padding.fill(0);
    }
}

/// `x * smooth`, four values at a time; missing lanes are 0.
fn scaled<'a>(x: &'a [f32], smooth: &'a [f32]) -> impl Iterator<Item = F32x4> + 'a {
    let lanes = x.chunks(LANES).zip(smooth.chunks(LANES));
    lanes.map(|(x, smooth)| F32x4::load_or(x, 0.0).mul(F32x4::load_or(smooth, 0.0)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    fn dequantized(rows: &QuantizedRows, row: usize, group: usize) -> Vec<f32> {
        let Grid { scale, zero_point } = rows.grid(row, group);
        rows.values(row, group).iter().map(|&q| scale * (i32::from(q) - zero_point) as f32).collect()
    }

    #[test]
    fn within_half_a_step_at_every_length() {
        for len in 1..=65 {
            let x = noise(len as u64, 2 * len);
            let smooth: Vec<f32> = noise(9, len).iter().map(|s| 1.5 + s).collect();
            let mut rows = QuantizedRows::default();
            rows.quantize(&x, &smooth, 1);
            for (row, x) in x.chunks_exact(len).enumerate() {
                assert!(rows.values(row, 0).iter().all(|&q| q <= 127));
                let step = rows.grid(row, 0).scale;
                for (i, found) in dequantized(&rows, row, 0)[..len].iter().enumerate() {
                    // At the ends of the range, the rounding of the zero point may cost another half step.
                    let tolerance = if (1..127).contains(&rows.values(row, 0)[i]) { 0.51 } else { 1.01 };
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
        together.quantize(&x, &smooth, 3);
        assert_eq!(together.rows(), 2);
        for (index, x) in x.chunks_exact(16).enumerate() {
            alone.quantize(x, &smooth[..16], 1);
            assert_eq!(together.values(index / 3, index % 3), alone.values(0, 0));
            assert_eq!(dequantized(&together, index / 3, index % 3), dequantized(&alone, 0, 0));
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
        rows.quantize(&x, &[1.0; 5], 1);
        assert!(rows.data.iter().all(|&q| q <= 127));
        assert_eq!(dequantized(&rows, 0, 0)[..5], [0.0; 5]);
    }

    #[test]
    fn nothing_stays_of_a_longer_batch() {
        let mut rows = QuantizedRows::default();
        rows.quantize(&noise(1, 40), &[1.0; 20], 1);
        rows.quantize(&[1.0; 10], &[1.0; 5], 1);
        assert_eq!(rows.rows(), 2);
        assert!(rows.values(1, 0)[8..].iter().all(|&q| q == 0));
    }
}
