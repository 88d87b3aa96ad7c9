//! Scaled dot-product attention of one head over one text (Vaswani et al., 2017): `softmax(Q Kᵀ / sqrt(d)) V`, with a bias on the
//! scores where the model has one (Shaw et al., 2018, as a number a distance).
//!
//! Written once over the number format of its products: `f32`, or 16-bit integers whose sums are exact. Four queries share a
//! pass over the keys, and the keys lie in panels of eight, as the weights of a linear layer do.

use super::arch::{F32x4, PANEL};
use super::lanes::update;
use super::operand::Operand;
use super::panel::{self, Panel, TILE, Tile, for_tiles};
use super::softmax::powers;

/// Which part of a row of queries, keys and values belongs to a head, and what it adds to scores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'m> {
    /// Width of the queries, of the keys and of the values of a token, all heads together.
    pub(crate) hidden_size: usize,
    /// Width of this head.
    pub(crate) size: usize,
    /// Its first column.
    pub(crate) start: usize,
    /// Added to the scaled scores, by the distance from the query to the key: the middle of an odd number of values for 0, those before
    /// it for keys before the query. Keys that are farther take the outermost.
    pub(crate) bias: Option<&'m [f32]>,
}

/// Scratch buffers of attention. `size` is the width of a head and `len` the tokens of a text, both padded to whole panels.
#[derive(Debug, Default)]
pub(crate) struct Attention<T> {
    /// `[tokens, size]`.
    queries: Vec<T>,
    /// Panels of eight tokens `[len / PANEL, size / GROUP, PANEL, GROUP]`.
    keys: Vec<T>,
    /// Panels of eight columns `[size / PANEL, len / GROUP, PANEL, GROUP]`.
    values: Vec<T>,
    /// The bias for each distance in the text, from the last query to the first key on `[2 * tokens - 1]`; none without biases.
    bias: Vec<f32>,
    /// Scores of a tile of queries, and what softmax makes of them `[TILE, len]`.
    scores: Vec<f32>,
    /// The same in the format of the products.
    weights: Vec<T>,
    /// One token's part.
    row: Vec<T>,
}

impl<T: Operand> Attention<T> {
    /// From `qkv` `[tokens, 3 * hidden_size]` into the head's columns of `context` `[tokens, hidden_size]`.
    #[inline(never)]
    pub(crate) fn attend(&mut self, qkv: &[f32], head: Head<'_>, context: &mut [f32]) {
        let tokens = context.len() / head.hidden_size;
        let (size, len) = (head.size.next_multiple_of(PANEL), tokens.next_multiple_of(PANEL));
        let part =
            |token: usize, which: usize| &qkv[(3 * token + which) * head.hidden_size + head.start..][..head.size];
        let step = |which: usize, terms: usize| T::step((0..tokens).map(|token| part(token, which)), terms);
        let steps = [step(0, head.size), step(1, head.size), step(2, 1)];

        for buffer in [&mut self.queries, &mut self.keys, &mut self.values] {
            buffer.clear();
            buffer.resize(len * size, T::default());
        }
        self.row.resize(size, T::default());
        for token in 0..tokens {
            T::convert(part(token, 0), &steps[0], &mut self.queries[token * size..][..size]);
            T::convert(part(token, 1), &steps[1], &mut self.row);
            self.put_key(token, size);
            T::convert(part(token, 2), &steps[2], &mut self.row);
            self.put_value(token, len);
        }

        self.bias.clear();
        if let Some(bias) = head.bias {
            let nearest = |distance: usize| (distance + bias.len() / 2).saturating_sub(tokens).min(bias.len() - 1);
            self.bias.extend((1..2 * tokens).map(|distance| bias[nearest(distance)]));
        }
        self.scores.resize(TILE * len, 0.0);
        self.weights.clear();
        self.weights.resize(TILE * len, T::default());
        let scale = steps[0] * steps[1] / (head.size as f32).sqrt();
        let products = [[F32x4::splat(0.0); 2]; TILE];
        let value_step = steps[2] / T::ONE;
        for_tiles(tokens, &mut Job { buffers: self, head, tokens, scale, value_step, context, products });
    }

    #[inline(never)]
    fn put_key(&mut self, token: usize, size: usize) {
        let panel = &mut self.keys[token / PANEL * PANEL * size..][..PANEL * size];
        let slots = panel.chunks_exact_mut(T::GROUP).skip(token % PANEL).step_by(PANEL);
        slots.zip(self.row.chunks_exact(T::GROUP)).for_each(|(slot, group)| slot.copy_from_slice(group));
    }

    #[inline(never)]
    fn put_value(&mut self, token: usize, len: usize) {
        let slot = token / T::GROUP * PANEL * T::GROUP + token % T::GROUP;
        for (panel, values) in self.values.chunks_exact_mut(PANEL * len).zip(self.row.chunks_exact(PANEL)) {
            let column = panel[slot..].iter_mut().step_by(T::GROUP);
            column.zip(values).for_each(|(slot, &value)| *slot = value);
        }
    }
}

struct Job<'a, T> {
    buffers: &'a mut Attention<T>,
    head: Head<'a>,
    tokens: usize,
    /// What a unit of a score is worth, before softmax.
    scale: f32,
    /// What a unit of a weighted sum of values is worth.
    value_step: f32,
    context: &'a mut [f32],
    /// Dot products of a tile with a panel.
    products: [Panel; TILE],
}

impl<T: Operand> Tile for Job<'_, T> {
    /// Queries `row..row + ROWS`.
    #[inline(never)]
    fn tile<const ROWS: usize>(&mut self, row: usize) {
        let Attention { queries, keys, values, bias, scores, weights, .. } = &mut *self.buffers;
        let Some(products) = self.products.first_chunk_mut::<ROWS>() else { return };
        let size = self.head.size.next_multiple_of(PANEL);
        let len = self.tokens.next_multiple_of(PANEL);
        let queries = std::array::from_fn::<_, ROWS, _>(|i| &queries[(row + i) * size..][..size]);
        for (index, keys) in keys.chunks_exact(PANEL * size).enumerate() {
            T::dot(queries, keys, products);
            for (&products, scores) in products.iter().zip(scores.chunks_exact_mut(len)) {
                panel::store(products, &mut scores[index * PANEL..]);
            }
        }
        let rows = scores.chunks_exact_mut(len).zip(weights.chunks_exact_mut(len)).take(ROWS);
        for (query, (scores, weights)) in (row..).zip(rows) {
            let scores = &mut scores[..self.tokens];
            let mut scale = &self.scale;
            if !bias.is_empty() {
                add_bias(scores, scale, &bias[self.tokens - 1 - query..]);
                scale = &1.0;
            }
            let sum = powers(scores, scale);
            T::convert(scores, &(sum / T::ONE), weights);
        }
        let weights = std::array::from_fn::<_, ROWS, _>(|i| &weights[i * len..][..len]);
        for (index, values) in values.chunks_exact(PANEL * len).enumerate() {
            T::dot(weights, values, products);
            let context = self.context.chunks_exact_mut(self.head.hidden_size).skip(row);
            let outputs = context.map(|row| &mut row[self.head.start..][..self.head.size][index * PANEL..]);
            scale_values(products, &self.value_step, outputs);
        }
    }
}

/// `scores = scale * scores + bias`.
#[inline(never)]
fn add_bias(scores: &mut [f32], scale: &f32, bias: &[f32]) {
    let scale = F32x4::splat(*scale);
    update(scores, [&bias[..scores.len()]], |score, [bias]| score.mul(scale).add(bias));
}

/// Weighted sums of values, in units of `step`, to `outputs`.
#[inline(never)]
fn scale_values<'a>(products: &mut [Panel], step: &f32, outputs: impl Iterator<Item = &'a mut [f32]>) {
    multiply(products, step);
    // In a loop of its own, as the last panel may be written by a call: what is alive across it would be spilled.
    for (&products, out) in products.iter().zip(outputs) {
        panel::store(products, out);
    }
}

#[inline(never)]
fn multiply(products: &mut [Panel], factor: &f32) {
    let factor = F32x4::splat(*factor);
    for product in products.as_flattened_mut() {
        *product = product.mul(factor);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::noise;
    use super::*;

    /// The formula in `f64`.
    fn reference(qkv: &[f32], head: Head<'_>, tokens: usize) -> Vec<f64> {
        let part = |token: usize, which: usize| {
            let part = &qkv[(3 * token + which) * head.hidden_size + head.start..][..head.size];
            part.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()
        };
        let attend = |query: usize| {
            let dot = |key: usize| part(query, 0).iter().zip(part(key, 1)).map(|(q, k)| q * k).sum::<f64>();
            let bias = |key: usize| {
                let middle = head.bias.map_or(0, |bias| bias.len() / 2) as isize;
                let distance = (key as isize - query as isize).clamp(-middle, middle);
                head.bias.map_or(0.0, |bias| f64::from(bias[(middle + distance) as usize]))
            };
            let score = |key: usize| dot(key) / (head.size as f64).sqrt() + bias(key);
            let powers: Vec<f64> = (0..tokens).map(|key| score(key).exp()).collect();
            let sum: f64 = powers.iter().sum();
            let value = |d: usize| (0..tokens).map(|key| powers[key] / sum * part(key, 2)[d]).sum::<f64>();
            (0..head.size).map(value).collect::<Vec<_>>()
        };
        (0..tokens).flat_map(attend).collect()
    }

    fn check<T: Operand>(tolerance: f64, bias: Option<&[f32]>) {
        for (size, heads) in [(1, 1), (5, 3), (8, 2), (32, 2), (64, 1), (17, 2)] {
            let hidden_size = size * heads;
            // One scratch for all: nothing of a longer text may stay in it.
            let mut attention = Attention::<T>::default();
            for tokens in (1..=9).rev().chain([31, 64, 65, 2]) {
                let qkv: Vec<f32> = noise(tokens as u64, 3 * tokens * hidden_size).iter().map(|x| 3.0 * x).collect();
                let mut context = vec![f32::NAN; tokens * hidden_size];
                for head in (0..heads).map(|head| Head { hidden_size, size, start: head * size, bias }) {
                    attention.attend(&qkv, head, &mut context);
                    let rows = context.chunks_exact(hidden_size).map(|row| &row[head.start..][..size]);
                    for (found, expected) in rows.flatten().zip(reference(&qkv, head, tokens)) {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error <= tolerance, "{tokens} tokens, {size} wide: off by {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn floats_are_close_to_the_definition() {
        check::<f32>(1e-5, None);
    }

    #[test]
    fn integers_are_close_to_the_definition() {
        check::<i16>(3e-3, None);
    }

    #[test]
    fn biases_are_those_of_the_distance() {
        for distances in [1, 3, 7, 63, 183] {
            let bias: Vec<f32> = noise(5, distances).iter().map(|x| 4.0 * x).collect();
            check::<f32>(2e-5, Some(&bias));
            check::<i16>(3e-3, Some(&bias));
        }
    }

    /// And nothing of the biases of another model stays in the scratch.
    #[test]
    fn a_bias_of_zero_changes_rounding_alone() {
        let qkv = noise(1, 3 * 9 * 8);
        let attend = |bias| {
            let (mut with, mut context) = (Attention::<i16>::default(), [0.0; 9 * 8]);
            // A scratch that had biases before.
            with.attend(&qkv, Head { hidden_size: 8, size: 8, start: 0, bias: Some(&[1.0; 3]) }, &mut context);
            with.attend(&qkv, Head { hidden_size: 8, size: 8, start: 0, bias }, &mut context);
            context
        };
        let error = |(a, b): (&f32, &f32)| (a - b).abs();
        assert!(attend(None).iter().zip(&attend(Some(&[0.0]))).map(error).fold(0.0, f32::max) <= 1e-5);
        assert_ne!(attend(None), attend(Some(&[0.0, 0.0, 1.0])));
    }

    #[test]
    fn numbers_that_are_none_are_harmless() {
        let numbers = [0.0, 1e-44, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        for bias in [None].into_iter().chain(numbers.each_ref().map(Some)) {
            let head = Head { hidden_size: 4, size: 4, start: 0, bias: bias.map(std::slice::from_ref) };
            for x in numbers {
                Attention::<i16>::default().attend(&[x; 36], head, &mut [0.0; 12]);
                Attention::<f32>::default().attend(&[x; 36], head, &mut [0.0; 12]);
            }
        }
    }
}
