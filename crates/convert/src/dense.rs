//! The linear layers of a transformer layer, as they are packed.

use minilm::format::{PANEL, f32_weight_shape, pack_panels};
use minilm::{EncoderConfig, Error};

use crate::weights::Weights;
use crate::writer::Writer;

/// `y = x Wᵀ + b`.
#[derive(Debug)]
pub(super) struct Dense {
    /// `[out_features, in_features]`.
    pub(super) weight: Vec<f32>,
    /// `[out_features]`.
    pub(super) bias: Vec<f32>,
    pub(super) in_features: usize,
}

/// Column `i` of `rows` `[rows, order.len()]` becomes what column `order[i]` was.
pub(super) fn permute_columns(rows: &mut [f32], order: &[usize]) {
    let mut before = Vec::with_capacity(order.len());
    for row in rows.chunks_exact_mut(order.len()) {
        before.clear();
        before.extend_from_slice(row);
        row.iter_mut().zip(order).for_each(|(value, &column)| *value = before[column]);
    }
}

impl Dense {
    /// The linear layers of transformer layer `layer`, in the order of [`LinearLayer`](minilm::format::LinearLayer).
    pub(super) fn read_layer(weights: &Weights, config: &EncoderConfig, layer: usize) -> Result<[Self; 4], Error> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let read = |parts: &[&str], in_features: usize, out_features: usize| {
            let mut dense = Self { weight: Vec::new(), bias: Vec::new(), in_features };
            for part in parts {
                let name = |end: &str| format!("encoder.layer.{layer}.{part}.{end}");
                dense.weight.extend_from_slice(&weights.get(&name("weight"), &[out_features, in_features])?);
                dense.bias.extend_from_slice(&weights.get(&name("bias"), &[out_features])?);
            }
            Ok::<_, Error>(dense)
        };
        let qkv = ["attention.self.query", "attention.self.key", "attention.self.value"];
        Ok([
            read(&qkv, hidden, hidden)?,
            read(&["attention.output.dense"], hidden, hidden)?,
            read(&["intermediate.dense"], hidden, inner)?,
            read(&["output.dense"], inner, hidden)?,
        ])
    }

    pub(super) fn out_features(&self) -> usize {
        self.bias.len()
    }

    /// Output `i` becomes what output `order[i]` was.
    pub(super) fn permute_outputs(&mut self, order: &[usize]) {
        let row = |&i: &usize| &self.weight[i * self.in_features..][..self.in_features];
        self.weight = order.iter().flat_map(row).copied().collect();
        self.bias = order.iter().map(|&i| self.bias[i]).collect();
    }

    /// Input `i` becomes what input `order[i]` was.
    pub(super) fn permute_inputs(&mut self, order: &[usize]) {
        permute_columns(&mut self.weight, order);
    }

    /// Writes the layer with `f32` weights.
    pub(super) fn push(&self, writer: &mut Writer, name: &str) {
        let weight = pack_panels(&self.weight, self.in_features, self.in_features, 1);
        let shape = f32_weight_shape(self.in_features, self.out_features());
        writer.push(&format!("{name}.weight"), &shape, &weight);
        self.push_bias(writer, name);
    }

    pub(super) fn push_bias(&self, writer: &mut Writer, name: &str) {
        let shape = [self.out_features().div_ceil(PANEL), PANEL];
        writer.push(&format!("{name}.bias"), &shape, &pack_panels(&self.bias, 1, 1, 1));
    }
}
