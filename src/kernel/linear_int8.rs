//! Linear layers `y = x Wᵀ + b` with 8-bit weights over 7-bit activations, in exact integer arithmetic.

use super::arch::{Engine, F32x4, I32x4, PANEL, PanelBuffer, Weight};
use super::layer_norm::LayerNorm;
use super::panel::{self, Panel, TILE, Tile, for_tiles};
use super::quantize::{QuantizedRows, padded_len};

/// Scratch of a linear layer.
#[derive(Debug, Default)]
pub(crate) struct Int8Scratch {
    /// The quantized input.
    quantized: QuantizedRows,
    /// A panel of weights in the backend's format.
    panel: PanelBuffer,
}

/// A linear layer with 8-bit weights, one scale per output channel. A few input channels whose values dwarf the others' stay
/// out of the grid and are multiplied as floats (Dettmers et al., "LLM.int8()", 2022).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Int8Linear<'m> {
    /// `[panels, padded_len(in_features) / 4, PANEL, 4]`; 0 for outlier inputs. Packing sees to it that no sum of four
    /// leaves 16 bits (`LANE_SUM` in `arch`).
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
    /// `x` `[rows, in_features]` to `out` `[rows, out_features]`, each output passed through `activate`.
    pub(crate) fn forward(
        &self,
        x: &[f32],
        scratch: &mut Int8Scratch,
        out: &mut [f32],
        activate: impl Fn(F32x4) -> F32x4,
    ) {
        scratch.quantized.quantize(x, self.smooth, self.outliers, self.groups);
        self.multiply(scratch, out, activate);
    }

    /// Adds the first rows of `addend` to `x`, normalizes the sum by `norm`, in place, and makes it the input of
    /// [`Int8Linear::multiply`].
    pub(crate) fn add_norm(&self, x: &mut [f32], addend: &[f32], norm: &LayerNorm<'_>, scratch: &mut Int8Scratch) {
        if self.groups == 1 {
            scratch.quantized.add_norm_quantize(x, addend, norm, self.smooth, self.outliers);
        } else {
            norm.add_forward(x, addend);
            scratch.quantized.quantize(x, self.smooth, self.outliers, self.groups);
        }
    }

    /// [`Int8Linear::forward`] of the rows that lie quantized in `scratch`.
    pub(crate) fn multiply(&self, scratch: &mut Int8Scratch, out: &mut [f32], activate: impl Fn(F32x4) -> F32x4) {
        let Int8Scratch { quantized, panel } = scratch;
        let engine = Engine::probe();
        let mut sums = TileSums { dots: [[I32x4::splat(0); 2]; TILE], products: [[F32x4::splat(0.0); 2]; TILE] };
        for index in 0..self.out_features.div_ceil(PANEL) {
            let mut job = Job {
                panel: self.panel(index, panel),
                engine,
                x: quantized,
                start: index * PANEL,
                width: self.out_features,
                out,
                activate: &activate,
                sums: &mut sums,
            };
            for_tiles(quantized.rows(), &mut job);
        }
    }

    fn panel<'a>(&'a self, index: usize, buffer: &'a mut PanelBuffer) -> WeightPanel<'a> {
        let len = padded_len(self.smooth.len()) * PANEL;
        let (sums, outliers) = (self.sum.as_chunks().0, self.outlier_weight.as_chunks().0);
        let weight = buffer.unpack(&self.weight[index * len..][..len]);
        WeightPanel {
            weight,
            group_len: weight.len() / self.groups,
            sums: &sums[index * self.groups..][..self.groups],
            outliers: &outliers[index * self.outliers.len()..][..self.outliers.len()],
            scale: panel::load(&self.scale.as_chunks().0[index]),
            bias: panel::load(&self.bias.as_chunks().0[index]),
        }
    }
}

/// What belongs to one panel of output channels.
#[derive(Clone, Copy)]
struct WeightPanel<'m> {
    weight: &'m [Weight],
    group_len: usize,
    sums: &'m [[i32; PANEL]],
    outliers: &'m [[f32; PANEL]],
    scale: Panel,
    bias: Panel,
}

/// The outputs of a panel, which are channels `start..` of rows of `width`.
struct Job<'a, F> {
    panel: WeightPanel<'a>,
    engine: Engine,
    x: &'a QuantizedRows,
    start: usize,
    width: usize,
    out: &'a mut [f32],
    activate: &'a F,
    sums: &'a mut TileSums,
}

/// What a tile is added up in. One for all, as each tile would have to clear and copy its own: compilers make calls of that.
struct TileSums {
    /// Dot products of the tile with one group of the panel's weights.
    dots: [Panel<I32x4>; TILE],
    /// Products of the tile with the panel, in units of the weights' steps.
    products: [Panel; TILE],
}

impl<F: Fn(F32x4) -> F32x4> Tile for Job<'_, F> {
    #[inline(always)]
    fn tile<const ROWS: usize>(&mut self, row: usize) {
        self.multiply::<ROWS>(row);
        let panel = &self.panel;
        let mut sums = [panel.bias; ROWS];
        let values: [&[f32]; ROWS] = std::array::from_fn(|i| &self.x.outliers(row + i)[..panel.outliers.len()]);
        for (index, weights) in panel.outliers.iter().enumerate() {
            let [a, b] = panel::load(weights);
            for (sums, values) in sums.iter_mut().zip(values) {
                let x = F32x4::splat(values[index]);
                *sums = [sums[0].add(x.mul(a)), sums[1].add(x.mul(b))];
            }
        }
        let [a, b] = panel.scale;
        let rows = self.out[row * self.width..].chunks_exact_mut(self.width);
        for ((&[low, high], &[p, q]), out) in sums.iter().zip(&self.sums.products).zip(rows) {
            let outputs = [(self.activate)(low.add(p.mul(a))), (self.activate)(high.add(q.mul(b)))];
            panel::store(outputs, &mut out[self.start..]);
        }
    }
}

impl<F> Job<'_, F> {
    /// Sets the first `ROWS` products to those of rows `row..row + ROWS`.
    #[inline(always)]
    fn multiply<const ROWS: usize>(&mut self, row: usize) {
        let TileSums { dots, products } = &mut *self.sums;
        let Some(dots) = dots.first_chunk_mut::<ROWS>() else { return };
        let len = self.panel.group_len;
        for (group, &[a, b, c, d, e, f, g, h]) in self.panel.sums.iter().enumerate() {
            let weight = &self.panel.weight[group * len..][..len];
            let sums = [I32x4::new([a, b, c, d]).to_f32(), I32x4::new([e, f, g, h]).to_f32()];
            let rows = std::array::from_fn::<_, ROWS, _>(|i| self.x.values(row + i, group));
            self.engine.dot_u8(rows, weight, dots);
            for (i, (dots, products)) in dots.iter().zip(&mut *products).enumerate() {
                let grid = self.x.grid(row + i, group);
                let (scale, zero_point) = (F32x4::splat(grid.scale), F32x4::splat(grid.zero_point));
                for half in 0..2 {
                    // Exact, as long as both stay below 2^24.
                    let term = scale.mul(dots[half].to_f32().sub(zero_point.mul(sums[half])));
                    products[half] = if group == 0 { term } else { products[half].add(term) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::linear_f32::tests::shapes;
    use super::super::panel::pack_panels;
    use super::super::testing::noise;
    use super::*;

    #[test]
    fn exact_at_every_shape() {
        for (rows, inputs, outputs) in shapes() {
            check(rows, inputs, outputs, 1);
        }
        check(5, 96, 11, 2);
        check(6, 96, 11, 6);
    }

    /// Compares with the integer definition, bit by bit.
    fn check(rows: usize, inputs: usize, outputs: usize, groups: usize) {
        let x = noise(4, rows * inputs);
        let weight: Vec<i8> = noise(5, inputs * outputs).iter().map(|w| (w * 64.9) as i8).collect();
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
        let mut scratch = Int8Scratch::default();
        let mut found = vec![f32::NAN; rows * outputs];
        linear.forward(&x, &mut scratch, &mut found, |y| y);
        let quantized = &scratch.quantized;
        for (row, found) in found.chunks_exact(outputs).enumerate() {
            for (channel, weight) in weight.chunks_exact(inputs).enumerate() {
                let mut product = 0.0;
                for (group, weight) in weight.chunks(group_len).enumerate() {
                    let grid = quantized.grid(row, group);
                    let values = quantized.values(row, group).iter().flat_map(|step| &step[..4]);
                    let terms =
                        values.zip(weight).map(|(&q, &w)| (i32::from(q) - grid.zero_point as i32) * i32::from(w));
                    let dot: i32 = terms.sum();
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
        linear.forward(&[100.0, 1.0, -50.0], &mut Int8Scratch::default(), &mut found, |y| y.mul(F32x4::splat(2.0)));
        for (found, weight) in found.iter().zip(weight.chunks_exact(2)) {
            assert_eq!(*found, 2.0 * (100.0 * weight[0] + -50.0 * weight[1]));
        }
    }
}
