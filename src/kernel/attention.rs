//! Scaled dot-product attention of one head over one text (Vaswani et al., 2017): `softmax(Q Kᵀ / sqrt(d)) V`.
//!
//! Written once over the number format of its products: `f32`, or 16-bit integers whose sums are exact. Four queries share a
//! pass over the keys, and the keys lie in panels of eight, as the weights of a linear layer do.

use super::arch::{F32x4, PANEL};
use super::operand::Operand;
use super::panel::{self, Panel, TILE, Tile, for_tiles};
use super::softmax::powers;

/// Which part of a row of queries, keys and values belongs to a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Width of the queries, of the keys and of the values of a token, all heads together.
    pub(crate) hidden_size: usize,
    /// Width of this head.
    pub(crate) size: usize,
    /// Its first column.
    pub(crate) start: usize,
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
    pub(crate) fn attend(&mut self, qkv: &[f32], head: Head, context: &mut [f32]) {
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
    head: Head,
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
        let Attention { queries, keys, values, scores, weights, .. } = &mut *self.buffers;
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
        for (scores, weights) in scores.chunks_exact_mut(len).zip(weights.chunks_exact_mut(len)).take(ROWS) {
            let scores = &mut scores[..self.tokens];
            let sum = powers(scores, &self.scale);
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
    fn reference(qkv: &[f32], head: Head, tokens: usize) -> Vec<f64> {
        let part = |token: usize, which: usize| {
            let part = &qkv[(3 * token + which) * head.hidden_size + head.start..][..head.size];
            part.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()
        };
        let attend = |query: usize| {
            let score = |key: usize| part(query, 0).iter().zip(part(key, 1)).map(|(q, k)| q * k).sum::<f64>();
            let powers: Vec<f64> = (0..tokens).map(|key| (score(key) / (head.size as f64).sqrt()).exp()).collect();
            let sum: f64 = powers.iter().sum();
            let value = |d: usize| (0..tokens).map(|key| powers[key] / sum * part(key, 2)[d]).sum::<f64>();
            (0..head.size).map(value).collect::<Vec<_>>()
        };
        (0..tokens).flat_map(attend).collect()
    }

    fn check<T: Operand>(tolerance: f64) {
        for (size, heads) in [(1, 1), (5, 3), (8, 2), (32, 2), (64, 1), (17, 2)] {
            let hidden_size = size * heads;
            // One scratch for all: nothing of a longer text may stay in it.
            let mut attention = Attention::<T>::default();
            for tokens in (1..=9).rev().chain([31, 64, 65, 2]) {
                let qkv: Vec<f32> = noise(tokens as u64, 3 * tokens * hidden_size).iter().map(|x| 3.0 * x).collect();
                let mut context = vec![f32::NAN; tokens * hidden_size];
                for head in (0..heads).map(|head| Head { hidden_size, size, start: head * size }) {
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
        check::<f32>(1e-5);
    }

    #[test]
    fn integers_are_close_to_the_definition() {
        check::<i16>(3e-3);
    }

    #[test]
    fn numbers_that_are_none_are_harmless() {
        let head = Head { hidden_size: 4, size: 4, start: 0 };
        for x in [0.0, 1e-44, f32::MAX, f32::INFINITY, f32::NAN] {
            Attention::<i16>::default().attend(&[x; 36], head, &mut [0.0; 12]);
            Attention::<f32>::default().attend(&[x; 36], head, &mut [0.0; 12]);
        }
    }
}
