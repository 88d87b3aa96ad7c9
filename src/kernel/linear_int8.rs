//! Linear layers `y = x Wᵀ + b` with 8-bit weights over 7-bit activations, in exact integer arithmetic.

use super::activation::Activation;
use super::arch::{DotKernel, F32x4, I32x4, PANEL, PanelBuffer, Weight};
use super::layer_norm::LayerNorm;
use super::panel::{self, Outputs, Panel, PanelRow, TILE, Tile, for_tiles};
use super::quantize::{Grid, QuantizedRows, padded_len};
use crate::aligned::AlignedBytes;

/// Scratch of a linear layer.
#[derive(Debug, Default)]
pub(crate) struct Int8Scratch {
    /// The quantized input.
    quantized: QuantizedRows,
    /// A panel of weights in the backend's format.
    panel: PanelBuffer,
}

/// 8-bit weights, wherever they lie.
#[derive(Debug)]
pub(crate) enum Weights<'m> {
    InFile(&'m [i8]),
    /// Made from weights of fewer bits.
    Unpacked(AlignedBytes),
}

impl Weights<'_> {
    fn values(&self) -> &[i8] {
        match self {
            Self::InFile(values) => values,
            Self::Unpacked(bytes) => bytemuck::cast_slice(bytes),
        }
    }
}

/// A linear layer with 8-bit weights, one scale per output channel. A few input channels whose values dwarf the others' stay
/// out of the grid and are multiplied as floats (Dettmers et al., "LLM.int8()", 2022).
#[derive(Debug)]
pub(crate) struct Int8Linear<'m> {
    /// `[panels, padded_len(in_features) / 4, PANEL, 4]`; 0 for outlier inputs. Packing sees to it that no sum of four
    /// leaves 16 bits (`LANE_SUM` in `arch`).
    pub(crate) weight: Weights<'m>,
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
    pub(crate) fn forward(&self, x: &[f32], scratch: &mut Int8Scratch, out: &mut [f32], activation: Activation) {
        scratch.quantized.quantize(x, self.smooth, self.outliers, self.groups);
        self.multiply(scratch, out, activation);
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
    pub(crate) fn multiply(&self, scratch: &mut Int8Scratch, out: &mut [f32], activation: Activation) {
        let Int8Scratch { quantized, panel } = scratch;
        let dot = DotKernel::probe();
        let mut buffer = TileBuffer { dots: [[I32x4::splat(0); 2]; TILE], rows: [[0.0; PANEL]; TILE] };
        for index in 0..self.out_features.div_ceil(PANEL) {
            let mut job = Job {
                panel: self.panel(index, panel),
                dot,
                x: quantized,
                outputs: Outputs { out: &mut *out, width: self.out_features, start: index * PANEL },
                activation,
                buffer: &mut buffer,
            };
            for_tiles(quantized.rows(), &mut job);
        }
    }

    fn panel<'a>(&'a self, index: usize, buffer: &'a mut PanelBuffer) -> WeightPanel<'a> {
        let len = padded_len(self.smooth.len()) * PANEL;
        let (sums, outliers) = (self.sum.as_chunks().0, self.outlier_weight.as_chunks().0);
        let weight = buffer.unpack(&self.weight.values()[index * len..][..len]);
        WeightPanel {
            weight,
            group_len: weight.len() / self.groups,
            sums: &sums[index * self.groups..][..self.groups],
            outliers: &outliers[index * self.outliers.len()..][..self.outliers.len()],
            scale: &self.scale.as_chunks().0[index],
            bias: &self.bias.as_chunks().0[index],
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
    scale: &'m [f32; PANEL],
    bias: &'m [f32; PANEL],
}

/// The outputs of a panel.
struct Job<'a> {
    panel: WeightPanel<'a>,
    dot: DotKernel,
    x: &'a QuantizedRows,
    outputs: Outputs<'a>,
    activation: Activation,
    buffer: &'a mut TileBuffer,
}

/// What a tile is computed in. One for all, as each tile would have to clear and copy its own: compilers make calls of that.
struct TileBuffer {
    /// Dot products of the tile with one group of the panel's weights.
    dots: [Panel<I32x4>; TILE],
    /// What becomes the outputs.
    rows: [PanelRow; TILE],
}

impl Tile for Job<'_> {
    #[inline(always)]
    fn tile<const ROWS: usize>(&mut self, row: usize) {
        let TileBuffer { dots, rows } = &mut *self.buffer;
        let (Some(dots), Some(rows)) = (dots.first_chunk_mut::<ROWS>(), rows.first_chunk_mut::<ROWS>()) else { return };
        let panel = &self.panel;
        for (group, sums) in panel.sums.iter().enumerate() {
            let weight = &panel.weight[group * panel.group_len..][..panel.group_len];
            self.dot.dot_u8(std::array::from_fn(|i| self.x.values(row + i, group)), weight, dots);
            scale_by_grids(dots, self.x.grids(row, group), sums, rows, group > 0);
        }
        finish(rows, self.x.outliers_from(row), panel);
        self.activation.apply(rows);
        self.outputs.put(row, rows);
    }
}

// These are functions of their own, as no more values are alive in them than there are vector registers: what is spilled is
// spilled in SSE encoding (see `arch::wasm_sums`).

/// Products in units of the weights' steps, from the `dots` of one group of inputs with the weights, whose sums are `sums`. They are added to
/// `rows` if `add`, else they replace them. `grids` has a grid for each row first, and then what follows.
#[inline(never)]
fn scale_by_grids<'a>(
    dots: &[Panel<I32x4>],
    grids: impl Iterator<Item = &'a Grid>,
    &[a, b, c, d, e, f, g, h]: &[i32; PANEL],
    rows: &mut [PanelRow],
    add: bool,
) {
    let sums = [I32x4::new([a, b, c, d]).to_f32(), I32x4::new([e, f, g, h]).to_f32()];
    for ((dots, grid), row) in dots.iter().zip(grids).zip(rows) {
        let (scale, zero_point) = (F32x4::splat(grid.scale), F32x4::splat(grid.zero_point));
        // Exact, as long as both stay below 2^24.
        let term = |half: usize| scale.mul(dots[half].to_f32().sub(zero_point.mul(sums[half])));
        let products = if add {
            let [low, high] = panel::load(row);
            [low.add(term(0)), high.add(term(1))]
        } else {
            [term(0), term(1)]
        };
        panel::store(products, row);
    }
}

/// Products of a tile to its outputs before the activation. `outliers` has the values of each row that are multiplied as floats.
#[inline(never)]
fn finish<'a>(rows: &mut [PanelRow], outliers: impl Iterator<Item = &'a [f32]>, panel: &WeightPanel<'_>) {
    let [a, b] = panel::load(panel.scale);
    for (row, values) in rows.iter_mut().zip(outliers) {
        let mut sums = panel::load_anew(panel.bias);
        for (&x, weights) in values.iter().zip(panel.outliers) {
            let (x, [low, high]) = (F32x4::splat(x), panel::load(weights));
            sums = [sums[0].add(x.mul(low)), sums[1].add(x.mul(high))];
        }
        let [low, high] = panel::load(row);
        panel::store([sums[0].add(low.mul(a)), sums[1].add(high.mul(b))], row);
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
            weight: Weights::InFile(&pack_panels(&weight, inputs, padded_len(inputs), 4)),
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
        linear.forward(&x, &mut scratch, &mut found, Activation::Identity);
        let quantized = &scratch.quantized;
        for (row, found) in found.chunks_exact(outputs).enumerate() {
            for (channel, weight) in weight.chunks_exact(inputs).enumerate() {
                let mut product = 0.0;
                for (group, weight) in weight.chunks(group_len).enumerate() {
                    let grid = quantized.grids(row, group).next().expect("there is such a row");
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
            weight: Weights::InFile(&[0; 2 * PANEL * 16]),
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
        linear.forward(&[100.0, 1.0, -50.0], &mut Int8Scratch::default(), &mut found, Activation::Identity);
        for (found, weight) in found.iter().zip(weight.chunks_exact(2)) {
            assert_eq!(*found, 100.0 * weight[0] + -50.0 * weight[1]);
        }
    }
}
