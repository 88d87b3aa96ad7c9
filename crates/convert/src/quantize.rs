//! Weights as 8-bit integers, so that 7-bit activations lose little: the few inputs with huge values are kept as floats, what
//! remains is balanced between activations and weights, and the feed-forward block's inner channels are sorted so that
//! channels of like size share a grid. The figures behind the choices are in `docs/decisions/0002-int8-quantization.md`.

use minilm::format::{
    Bf16, LANE_SUM, LinearLayer, PANEL, int6_weight_shape, int8_weight_shape, names, pack_int6, pack_panels, padded_len,
};

use crate::calibrate::LayerInputs;
use crate::dense::{Dense, permute_columns};
use crate::int6::compensated_rows;
use crate::writer::Writer;

/// Largest magnitude of a quantized weight.
const MAX_LEVEL: f32 = 127.0;

/// How one kind of linear layer is quantized.
struct Recipe {
    /// Inputs that are kept as floats.
    outliers: usize,
    /// How much of an input channel's range is moved into the weights, 0 to 1 (Xiao et al., "SmoothQuant", 2022).
    smoothing: Option<f64>,
    /// Groups of inputs with a grid of their own, where the layer's width allows it.
    groups: usize,
}

impl Recipe {
    fn of(linear: LinearLayer) -> Self {
        match linear {
            LinearLayer::Qkv | LinearLayer::Intermediate => Self { outliers: 4, smoothing: Some(0.6), groups: 1 },
            LinearLayer::AttentionOutput => Self { outliers: 0, smoothing: None, groups: 1 },
            LinearLayer::Output => Self { outliers: 4, smoothing: None, groups: 4 },
        }
    }
}

/// Quantizes and writes the linear layers of one transformer layer: to 6 bits where there are samples of the inputs, else to 8.
pub(super) fn push_layer(writer: &mut Writer, layer: usize, mut linears: [Dense; 4], mut inputs: LayerInputs) {
    let output = LinearLayer::Output as usize;
    let order = sort_inner_channels(&mut linears, &mut inputs.ranges[output]);
    if let Some(samples) = &mut inputs.samples {
        permute_columns(&mut samples[output], &order);
    }
    let mut samples = inputs.samples.into_iter().flatten();
    for ((linear, dense), range) in LinearLayer::ALL.into_iter().zip(linears).zip(inputs.ranges) {
        push_linear(writer, &names::linear(layer, linear), dense, &range, samples.next(), &Recipe::of(linear));
    }
}

/// Sorts the channels between the two layers of the feed-forward block by size, outliers first: they leave the grid. Returns their order.
fn sort_inner_channels(linears: &mut [Dense; 4], range: &mut [f32]) -> Vec<usize> {
    let outliers = largest(range, Recipe::of(LinearLayer::Output).outliers);
    let key = |channel: &usize| if outliers.contains(channel) { 0.0 } else { range[*channel] };
    let mut order: Vec<usize> = (0..range.len()).collect();
    order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    linears[LinearLayer::Intermediate as usize].permute_outputs(&order);
    linears[LinearLayer::Output as usize].permute_inputs(&order);
    permute_columns(range, &order);
    order
}

fn push_linear(
    writer: &mut Writer,
    name: &str,
    mut dense: Dense,
    range: &[f32],
    samples: Option<Vec<f32>>,
    recipe: &Recipe,
) {
    let (inputs, outputs) = (dense.in_features, dense.out_features());
    let panels = outputs.div_ceil(PANEL);
    let outliers = largest(range, recipe.outliers.min(inputs));
    let columns = |row: &[f32]| outliers.iter().map(|&channel| row[channel]).collect::<Vec<_>>();
    let outlier_weight: Vec<f32> = dense.weight.chunks_exact(inputs).flat_map(columns).collect();

    let mut scales = smoothing_scales(&dense, range, recipe.smoothing);
    outliers.iter().for_each(|&channel| scales[channel] = 0.0);
    for row in dense.weight.chunks_exact_mut(inputs) {
        row.iter_mut().zip(&scales).for_each(|(w, scale)| *w *= scale);
    }
    let smooth: Vec<f32> = scales.iter().map(|&scale| if scale > 0.0 { 1.0 / scale } else { 0.0 }).collect();

    let groups = if inputs.is_multiple_of(recipe.groups * padded_len(1)) { recipe.groups } else { 1 };
    let is_6_bit = samples.is_some();
    let (quantized, scale) = match samples {
        Some(mut samples) => {
            for sample in samples.chunks_exact_mut(inputs) {
                sample.iter_mut().zip(&smooth).for_each(|(x, smooth)| *x *= smooth);
            }
            compensated_rows(&dense.weight, inputs, &samples)
        }
        None => rows(&dense.weight, inputs),
    };
    let sum_of = |group: &[i8]| group.iter().map(|&w| i32::from(w)).sum();
    let sums: Vec<i32> = quantized.chunks_exact(inputs / groups).map(sum_of).collect();

    let push = |writer: &mut Writer, part: &str, shape: &[usize], values: &[f32]| {
        writer.push(&format!("{name}.{part}"), shape, values);
    };
    let weight = pack_panels(&quantized, inputs, padded_len(inputs), 4);
    if is_6_bit {
        writer.push(&format!("{name}.weight"), &int6_weight_shape(inputs, outputs), &pack_int6(&weight));
    } else {
        writer.push(&format!("{name}.weight"), &int8_weight_shape(inputs, outputs), &weight);
    }
    push(writer, "scale", &[panels, PANEL], &pack_panels(&scale, 1, 1, 1));
    writer.push(&format!("{name}.sum"), &[panels, groups, PANEL], &pack_panels(&sums, groups, groups, 1));
    dense.push_bias(writer, name);
    push(writer, "smooth", &[inputs], &smooth);
    let indices: Vec<u32> = outliers.iter().map(|&channel| channel as u32).collect();
    writer.push(&format!("{name}.outliers"), &[indices.len()], &indices);
    let outlier_weight = pack_panels(&outlier_weight, outliers.len(), outliers.len(), 1);
    push(writer, "outlier_weight", &[panels, outliers.len(), PANEL], &outlier_weight);
}

/// What the weights of each input are multiplied by, and its activations divided by:
/// `max|x|^alpha / max|w|^(1 - alpha)`.
fn smoothing_scales(dense: &Dense, range: &[f32], alpha: Option<f64>) -> Vec<f32> {
    let Some(alpha) = alpha else {
        return vec![1.0; dense.in_features];
    };
    let mut largest = vec![1e-6_f32; dense.in_features];
    for row in dense.weight.chunks_exact(dense.in_features) {
        largest.iter_mut().zip(row).for_each(|(largest, w)| *largest = largest.max(w.abs()));
    }
    // In f64, where the differences between the power functions of platforms vanish in the rounding.
    let power = |x: f32, exponent: f64| f64::from(x).powf(exponent);
    let pairs = range.iter().zip(largest);
    pairs.map(|(x, w)| (power(x.max(1e-4), alpha) / power(w, 1.0 - alpha)) as f32).collect()
}

/// Indices of the `count` largest values, ascending.
fn largest(values: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Rows of `len` values as 8-bit integers, with one scale a row.
fn rows(values: &[f32], len: usize) -> (Vec<i8>, Vec<f32>) {
    let rows: Vec<(Vec<i8>, f32)> = values.chunks_exact(len).map(weight_row).collect();
    let scales = rows.iter().map(|row| row.1).collect();
    (rows.into_iter().flat_map(|row| row.0).collect(), scales)
}

/// One row on the finest grid on which no lane of the dot product overflows.
fn weight_row(row: &[f32]) -> (Vec<i8>, f32) {
    let mut scale = full_scale(row);
    loop {
        let quantized: Vec<i8> = on_grid(row, scale).collect();
        let excess = largest_lane_sum(&quantized) as f32 / LANE_SUM as f32;
        if excess <= 1.0 {
            return (quantized, scale);
        }
        // Rounding may leave the sum where it was, so a little more than its excess.
        scale *= excess * 1.001;
    }
}

/// Largest sum of the magnitudes that share a lane.
fn largest_lane_sum(row: &[i8]) -> i32 {
    let magnitude = |block: &[i8], i: usize| block.get(i).map_or(0, |&w| i32::from(w).abs());
    let sums = |block: &[i8]| [0, 2].map(|lane| [0, 1, 4, 5].map(|i| magnitude(block, lane + i)).iter().sum());
    row.chunks(8).flat_map(sums).max().unwrap_or(0)
}

/// The same with scales of half the size: rounded up, so that no value falls off the grid.
pub(super) fn embedding_rows(values: &[f32], len: usize) -> (Vec<i8>, Vec<Bf16>) {
    let round_up = |scale: f32| Bf16((scale.to_bits().div_ceil(1 << 16)) as u16);
    let scales: Vec<Bf16> = values.chunks_exact(len).map(|row| round_up(full_scale(row))).collect();
    let rows = values.chunks_exact(len).zip(&scales);
    (rows.flat_map(|(row, &scale)| on_grid(row, scale.into())).collect(), scales)
}

/// The scale at which the largest value of `row` is [`MAX_LEVEL`] steps.
fn full_scale(row: &[f32]) -> f32 {
    row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs())) / MAX_LEVEL
}

fn on_grid(row: &[f32], scale: f32) -> impl Iterator<Item = i8> {
    let reciprocal = if scale.is_normal() { 1.0 / scale } else { 0.0 };
    row.iter().map(move |x| (x * reciprocal).round_ties_even() as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_use_the_whole_range() {
        let (quantized, scales) = rows(&[1.27, -0.01, 0.5, 0.0, 0.0, 0.0], 3);
        assert_eq!(quantized, [127, -1, 50, 0, 0, 0]);
        assert_eq!(scales, [0.01, 0.0]);
    }

    #[test]
    fn lanes_do_not_overflow() {
        let mut row = vec![1.0, 1.0, 0.1, 0.1, 1.0, 1.0, 0.1, 0.1, 0.0];
        let (quantized, scales) = rows(&row, 9);
        assert_eq!(quantized, [64, 64, 6, 6, 64, 64, 6, 6, 0]);
        assert!((scales[0] - 1.0 / 64.0).abs() < 1e-3);
        row.rotate_right(2);
        assert!(largest_lane_sum(&rows(&row, 9).0) <= LANE_SUM);
    }

    #[test]
    fn embedding_scales_are_rounded_up() {
        let (quantized, scales) = embedding_rows(&[1.0, -1.0, 0.5, 127.0, 0.0, 64.0], 3);
        // 1/127 is no bf16: the next larger one costs the row a level.
        assert_eq!(quantized, [126, -126, 63, 127, 0, 64]);
        assert_eq!(f32::from(scales[1]), 1.0);
        assert!((1.0 / 127.0..1.0 / 126.0).contains(&f32::from(scales[0])));
    }

    #[test]
    fn largest_are_found_in_order() {
        assert_eq!(largest(&[1.0, 9.0, -3.0, 9.5, 4.0], 3), [1, 3, 4]);
    }
}
