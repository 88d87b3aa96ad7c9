//! Linear layers `y = x Wᵀ + b` in `f32`.

use super::activation::Activation;
use super::arch::{F32x4, PANEL};
use super::panel::{self, Outputs, Panel, PanelRow, TILE, Tile, for_tiles};

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
    /// `x` `[rows, in_features]` to `out` `[rows, out_features]`, each output passed through `activate`.
    pub(crate) fn forward(&self, x: &[f32], out: &mut [f32], activation: Activation) {
        let F32Linear { in_features, out_features: width, .. } = *self;
        let panels = self.weight.chunks_exact(in_features * PANEL).zip(self.bias.as_chunks().0);
        for (index, (weight, bias)) in panels.enumerate() {
            let outputs = Outputs { out: &mut *out, width, start: index * PANEL };
            let products = [[F32x4::splat(0.0); 2]; TILE];
            let mut job = Job { weight, bias, x, in_features, outputs, activation, products };
            for_tiles(x.len() / in_features, &mut job);
        }
    }
}

/// The outputs of a panel.
struct Job<'a> {
    weight: &'a [f32],
    bias: &'a [f32; PANEL],
    x: &'a [f32],
    in_features: usize,
    outputs: Outputs<'a>,
    activation: Activation,
    /// Products of a tile with the panel.
    products: [Panel; TILE],
}

impl Tile for Job<'_> {
    #[inline(always)]
    fn tile<const ROWS: usize>(&mut self, row: usize) {
        let Some(products) = self.products.first_chunk_mut::<ROWS>() else { return };
        let x = |i: usize| &self.x[(row + i) * self.in_features..][..self.in_features];
        dot_f32(std::array::from_fn(x), self.weight, products);
        let mut rows = [[0.0; PANEL]; TILE];
        add_bias(products, self.bias, &mut rows);
        self.activation.apply(&mut rows[..ROWS]);
        self.outputs.put(row, &rows[..ROWS]);
    }
}

#[inline(never)]
fn add_bias(products: &[Panel], bias: &[f32; PANEL], rows: &mut [PanelRow]) {
    let [a, b] = panel::load(bias);
    for (&[p, q], row) in products.iter().zip(rows) {
        panel::store([p.add(a), q.add(b)], row);
    }
}

/// Dot products of `ROWS` rows with the columns of one panel `[row.len(), PANEL]`, summed in order, into `out`.
#[inline(never)]
pub(super) fn dot_f32<const ROWS: usize>(rows: [&[f32]; ROWS], panel: &[f32], out: &mut [Panel; ROWS]) {
    let panel = panel.as_chunks::<PANEL>().0;
    let len = rows.iter().map(|row| row.len()).fold(panel.len(), usize::min);
    let (rows, panel) = (rows.map(|row| &row[..len]), &panel[..len]);
    let mut sums = F32x4::zeros::<ROWS>();
    for k in 0..len {
        let weights = panel::load(&panel[k]);
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = F32x4::splat(row[k]);
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = x.mul_add(weight, *sum));
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sums)| *out = sums);
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::panel::pack_panels;
    use super::super::testing::noise;
    use super::*;

    #[test]
    fn close_to_the_definition_at_every_shape() {
        for (rows, inputs, outputs) in shapes() {
            let (x, weight, bias) = (noise(1, rows * inputs), noise(2, inputs * outputs), noise(3, outputs));
            let linear = F32Linear {
                weight: &pack_panels(&weight, inputs, inputs, 1),
                bias: &pack_panels(&bias, 1, 1, 1),
                in_features: inputs,
                out_features: outputs,
            };
            let mut found = vec![f32::NAN; rows * outputs];
            linear.forward(&x, &mut found, Activation::Identity);
            for (x, found) in x.chunks_exact(inputs).zip(found.chunks_exact(outputs)) {
                for ((weight, bias), found) in weight.chunks_exact(inputs).zip(&bias).zip(found) {
                    let sum: f64 = x.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
                    let error = (f64::from(*found) - sum - f64::from(*bias)).abs();
                    assert!(error <= 1e-5, "{rows} x {inputs} x {outputs}: off by {error}");
                }
            }
        }
    }

    /// Rows, inputs and outputs around every tile, panel and padding edge.
    pub(in super::super) fn shapes() -> impl Iterator<Item = (usize, usize, usize)> {
        let sizes = || (1..=9).chain([16, 17, 31, 65]);
        sizes().flat_map(move |inputs| sizes().map(move |outputs| (1 + (inputs + outputs) % 9, inputs, outputs)))
    }
}
