//! Linear layers `y = x Wᵀ + b` over weights in panels of [`PANEL`] output channels. What belongs to an output channel lies
//! in panels too, the last one filled up with zeros.

use super::arch::{F32x4, LANES, PANEL, dot_tile};
use super::quantize::{QuantizedRows, padded_len};

/// Activation rows that share one pass over a panel.
const TILE: usize = 4;

/// One value for each output channel of a panel.
type Panel = [F32x4; PANEL / LANES];

/// A linear layer with 8-bit weights, one scale per output channel, over 7-bit activations. A few input channels whose
/// values dwarf the others' stay out of the grid and are multiplied as floats (Dettmers et al., "LLM.int8()", 2022).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Int8Linear<'m> {
    /// `[panels, padded_len(in_features) / 4, PANEL, 4]`; 0 for outlier inputs.
    pub(crate) weight: &'m [i8],
    /// Step of each output channel's weights `[panels, PANEL]`.
    pub(crate) scale: &'m [f32],
    /// Sum of each output channel's quantized weights over each group of inputs, what a unit of zero point adds
    /// `[panels, groups, PANEL]`.
    pub(crate) sum: &'m [i32],
    /// `[panels, PANEL]`.
    pub(crate) bias: &'m [f32],
    /// Multiplies the inputs before they are quantized, 0 for outliers; the weights are divided by it `[in_features]`.
    pub(crate) smooth: &'m [f32],
    /// Input channels that are multiplied as floats, each below `in_features` `[outliers]`.
    pub(crate) outliers: &'m [u32],
    /// Their weights `[panels, outliers, PANEL]`.
    pub(crate) outlier_weight: &'m [f32],
    pub(crate) out_features: usize,
    /// Groups of inputs that are quantized apart; 1, or a divisor of `in_features / 16`.
    pub(crate) groups: usize,
}

impl Int8Linear<'_> {
    /// `x` `[rows, in_features]` to `out` `[rows, out_features]`. `quantized` is scratch.
    pub(crate) fn forward(&self, x: &[f32], quantized: &mut QuantizedRows, out: &mut [f32]) {
        quantized.quantize(x, self.smooth, self.groups);
        for index in 0..self.out_features.div_ceil(PANEL) {
            for_tiles(quantized.rows(), |row, rows| match rows {
                TILE => self.tile::<TILE>(x, quantized, row, index, out),
                _ => self.tile::<1>(x, quantized, row, index, out),
            });
        }
    }

    /// Outputs of panel `index` for rows `row..row + ROWS`.
    #[inline(always)]
    fn tile<const ROWS: usize>(&self, x: &[f32], quantized: &QuantizedRows, row: usize, index: usize, out: &mut [f32]) {
        let in_len = padded_len(self.smooth.len());
        let group_len = in_len / self.groups * PANEL;
        let weight = &self.weight[index * in_len * PANEL..][..in_len * PANEL];
        let mut products = [zeros(); ROWS];
        for (group, weight) in weight.chunks_exact(group_len).enumerate() {
            let dots = dot_tile(std::array::from_fn::<_, ROWS, _>(|i| quantized.values(row + i, group)), weight);
            let sum = &self.sum[(index * self.groups + group) * PANEL..][..PANEL];
            for (i, (dots, products)) in dots.into_iter().zip(&mut products).enumerate() {
                let grid = quantized.grid(row + i, group);
                let offset = |lane: usize| grid.zero_point.wrapping_mul(sum[lane]);
                let centered: [f32; PANEL] = std::array::from_fn(|lane| dots[lane].wrapping_sub(offset(lane)) as f32);
                add_product(products, grid.scale, &centered);
            }
        }
        let scale = load_panel(self.scale, index);
        for (i, products) in products.into_iter().enumerate() {
            let mut outputs = load_panel(self.bias, index);
            self.add_outliers(&x[(row + i) * self.smooth.len()..], index, &mut outputs);
            for ((output, product), scale) in outputs.iter_mut().zip(products).zip(scale) {
                *output = output.add(product.mul(scale));
            }
            self.store(outputs, row + i, index, out);
        }
    }

    /// Adds what the outlier inputs of row `x` contribute to the outputs of panel `index`.
    #[inline(always)]
    fn add_outliers(&self, x: &[f32], index: usize, outputs: &mut Panel) {
        let weights = self.outlier_weight[index * self.outliers.len() * PANEL..].chunks_exact(PANEL);
        for (&channel, weights) in self.outliers.iter().zip(weights) {
            add_product(outputs, x[channel as usize], weights);
        }
    }

    #[inline(always)]
    fn store(&self, outputs: Panel, row: usize, index: usize, out: &mut [f32]) {
        store_panel(outputs, index, &mut out[row * self.out_features..][..self.out_features]);
    }
}

/// A linear layer with `f32` weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32Linear<'m> {
    /// `[panels, in_features, PANEL]`.
    pub(crate) weight: &'m [f32],
    /// `[panels, PANEL]`.
    pub(crate) bias: &'m [f32],
    pub(crate) in_features: usize,
    pub(crate) out_features: usize,
}

impl F32Linear<'_> {
    /// `x` `[rows, in_features]` to `out` `[rows, out_features]`.
    pub(crate) fn forward(&self, x: &[f32], out: &mut [f32]) {
        let rows = x.len() / self.in_features;
        for (index, weight) in self.weight.chunks_exact(self.in_features * PANEL).enumerate() {
            for_tiles(rows, |row, rows| match rows {
                TILE => self.tile::<TILE>(x, row, weight, index, out),
                _ => self.tile::<1>(x, row, weight, index, out),
            });
        }
    }

    #[inline(always)]
    fn tile<const ROWS: usize>(&self, x: &[f32], row: usize, weight: &[f32], index: usize, out: &mut [f32]) {
        let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &x[(row + i) * self.in_features..][..self.in_features]);
        let mut products = [zeros(); ROWS];
        for (k, weights) in weight.chunks_exact(PANEL).enumerate() {
            for (row, products) in rows.iter().zip(&mut products) {
                add_product(products, row[k], weights);
            }
        }
        let bias = load_panel(self.bias, index);
        for (i, mut outputs) in products.into_iter().enumerate() {
            outputs.iter_mut().zip(bias).for_each(|(output, bias)| *output = output.add(bias));
            store_panel(outputs, index, &mut out[(row + i) * self.out_features..][..self.out_features]);
        }
    }
}

#[inline(always)]
fn zeros() -> Panel {
    [F32x4::splat(0.0); PANEL / LANES]
}

/// The values of panel `index`.
#[inline(always)]
fn load_panel(values: &[f32], index: usize) -> Panel {
    let values = &values[index * PANEL..][..PANEL];
    std::array::from_fn(|i| F32x4::load_or(&values[i * LANES..], 0.0))
}

/// Writes panel `index` into `row`; the last panel may have fewer than [`PANEL`] channels.
#[inline(always)]
fn store_panel(outputs: Panel, index: usize, row: &mut [f32]) {
    let row = &mut row[index * PANEL..];
    let channels = row.len().min(PANEL);
    row[..channels].chunks_mut(LANES).zip(outputs).for_each(|(out, output)| output.store(out));
}

/// `sums += x * weights` for the [`PANEL`] weights of one input.
#[inline(always)]
fn add_product(sums: &mut Panel, x: f32, weights: &[f32]) {
    let x = F32x4::splat(x);
    for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(LANES)) {
        *sum = sum.add(x.mul(F32x4::load_or(weights, 0.0)));
    }
}

/// Calls `tile(first_row, rows)` for tiles of [`TILE`] rows, then for single ones.
#[inline(always)]
fn for_tiles(rows: usize, mut tile: impl FnMut(usize, usize)) {
    let whole = rows - rows % TILE;
    (0..whole).step_by(TILE).for_each(|row| tile(row, TILE));
    (whole..rows).for_each(|row| tile(row, 1));
}

/// Rearranges `weight` `[out_features, in_features]` into panels `[panels, in_len / group, PANEL, group]`, padded with zeros
/// to `in_len` inputs and to whole panels.
#[cfg(any(feature = "pack", test))]
pub(crate) fn pack_panels<T: Copy + Default>(weight: &[T], in_features: usize, in_len: usize, group: usize) -> Vec<T> {
    let out_features = weight.len() / in_features.max(1);
    let mut packed = vec![T::default(); out_features.div_ceil(PANEL) * PANEL * in_len];
    for (channel, row) in weight.chunks_exact(in_features.max(1)).enumerate() {
        let (panel, lane) = (channel / PANEL, channel % PANEL);
        for (input, &value) in row.iter().enumerate() {
            let (block, offset) = (input / group, input % group);
            packed[panel * PANEL * in_len + (block * PANEL + lane) * group + offset] = value;
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    #[test]
    fn f32_close_to_the_definition_at_every_shape() {
        for (rows, inputs, outputs) in shapes() {
            let (x, weight, bias) = (noise(1, rows * inputs), noise(2, inputs * outputs), noise(3, outputs));
            let linear = F32Linear {
                weight: &pack_panels(&weight, inputs, inputs, 1),
                bias: &pack_panels(&bias, 1, 1, 1),
                in_features: inputs,
                out_features: outputs,
            };
            let mut found = vec![f32::NAN; rows * outputs];
            linear.forward(&x, &mut found);
            for (x, found) in x.chunks_exact(inputs).zip(found.chunks_exact(outputs)) {
                for ((weight, bias), found) in weight.chunks_exact(inputs).zip(&bias).zip(found) {
                    let sum: f64 = x.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
                    let error = (f64::from(*found) - sum - f64::from(*bias)).abs();
                    assert!(error <= 1e-5, "{rows} x {inputs} x {outputs}: off by {error}");
                }
            }
        }
    }

    #[test]
    fn int8_exact_at_every_shape() {
        for (rows, inputs, outputs) in shapes() {
            check_int8(rows, inputs, outputs, 1);
        }
        check_int8(5, 96, 11, 2);
        check_int8(5, 96, 11, 6);
    }

    /// Compares with the integer definition, bit by bit.
    fn check_int8(rows: usize, inputs: usize, outputs: usize, groups: usize) {
        let x = noise(4, rows * inputs);
        let weight: Vec<i8> = noise(5, inputs * outputs).iter().map(|w| (w * 127.9) as i8).collect();
        let group_len = padded_len(inputs) / groups;
        let sums: Vec<Vec<i32>> = weight
            .chunks_exact(inputs)
            .map(|row| row.chunks(group_len).map(|group| group.iter().map(|&w| i32::from(w)).sum()).collect())
            .collect();
        let (scale, bias) = (noise(6, outputs), noise(7, outputs));
        let linear = Int8Linear {
            weight: &pack_panels(&weight, inputs, padded_len(inputs), 4),
            scale: &pack_panels(&scale, 1, 1, 1),
            sum: &pack_panels(&sums.concat(), groups, groups, 1),
            bias: &pack_panels(&bias, 1, 1, 1),
            smooth: &vec![1.0; inputs],
            outliers: &[],
            outlier_weight: &[],
            out_features: outputs,
            groups,
        };
        let mut quantized = QuantizedRows::default();
        let mut found = vec![f32::NAN; rows * outputs];
        linear.forward(&x, &mut quantized, &mut found);
        for (row, found) in found.chunks_exact(outputs).enumerate() {
            for (channel, weight) in weight.chunks_exact(inputs).enumerate() {
                let mut product = 0.0;
                for (group, weight) in weight.chunks(group_len).enumerate() {
                    let grid = quantized.grid(row, group);
                    let pairs = quantized.values(row, group).iter().zip(weight);
                    let dot: i32 = pairs.map(|(&q, &w)| (i32::from(q) - grid.zero_point) * i32::from(w)).sum();
                    product += grid.scale * dot as f32;
                }
                let expected = bias[channel] + product * scale[channel];
                assert_eq!(found[channel].to_bits(), expected.to_bits(), "{rows} x {inputs} x {outputs}");
            }
        }
    }

    #[test]
    fn outliers_are_multiplied_as_floats() {
        let weight = noise(8, 2 * 11);
        let linear = Int8Linear {
            weight: &[0; 2 * PANEL * 16],
            scale: &[1.0; 2 * PANEL],
            sum: &[0; 2 * PANEL],
            bias: &[0.0; 2 * PANEL],
            smooth: &[0.0, 1.0, 0.0],
            outliers: &[0, 2],
            outlier_weight: &pack_panels(&weight, 2, 2, 1),
            out_features: 11,
            groups: 1,
        };
        let mut found = [f32::NAN; 11];
        linear.forward(&[100.0, 1.0, -50.0], &mut QuantizedRows::default(), &mut found);
        for (found, weight) in found.iter().zip(weight.chunks_exact(2)) {
            assert_eq!(*found, 100.0 * weight[0] + -50.0 * weight[1]);
        }
    }

    /// Rows, inputs and outputs around every tile, panel and padding edge.
    fn shapes() -> impl Iterator<Item = (usize, usize, usize)> {
        let sizes = || (1..=9).chain([16, 17, 31, 65]);
        sizes().flat_map(move |inputs| sizes().map(move |outputs| (1 + (inputs + outputs) % 9, inputs, outputs)))
    }
}
