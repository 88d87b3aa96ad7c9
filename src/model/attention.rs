//! Multi-head self-attention (Vaswani et al., 2017), over the tokens of one text: no padding, so no mask.

use super::linear::Linear;
use super::workspace::Workspace;
use crate::Error;
use crate::kernel::{self, arch::F32x4, arch::LANES};
use crate::package::{LinearName, Names, Package};

/// Query, key and value projections as one, attention, and the output projection.
#[derive(Debug)]
pub(crate) struct Attention<'m> {
    qkv: Linear<'m>,
    output: Linear<'m>,
    hidden_size: usize,
    head_size: usize,
}

impl<'m> Attention<'m> {
    pub(crate) fn view(package: &Package<'m>, layer: usize) -> Result<Self, Error> {
        let hidden_size = package.config().encoder.hidden_size;
        Ok(Self {
            qkv: Linear::view(package, &Names::linear(layer, LinearName::Qkv), hidden_size, 3 * hidden_size)?,
            output: Linear::view(
                package,
                &Names::linear(layer, LinearName::AttentionOutput),
                hidden_size,
                hidden_size,
            )?,
            hidden_size,
            head_size: package.config().head_size(),
        })
    }

    /// From `hidden` to `update`. `lengths` are the token counts of the texts, in their order.
    pub(crate) fn forward(&self, lengths: &[usize], work: &mut Workspace) {
        self.qkv.forward(&work.hidden, &mut work.quantized, &mut work.qkv);
        let mut start = 0;
        for &len in lengths {
            let qkv = &work.qkv[start * 3 * self.hidden_size..][..len * 3 * self.hidden_size];
            let context = &mut work.context[start * self.hidden_size..][..len * self.hidden_size];
            for head in 0..self.hidden_size / self.head_size {
                self.attend(qkv, head, context, &mut work.keys, &mut work.scores);
            }
            start += len;
        }
        self.output.forward(&work.context, &mut work.quantized, &mut work.update);
    }

    /// One head over one text: `qkv` `[len, 3 * hidden_size]`, into the head's columns of `context` `[len, hidden_size]`.
    fn attend(&self, qkv: &[f32], head: usize, context: &mut [f32], keys: &mut Vec<f32>, scores: &mut Vec<f32>) {
        let (hidden, size) = (self.hidden_size, self.head_size);
        let len = qkv.len() / (3 * hidden);
        let padded = len.next_multiple_of(LANES);
        let part = |token: usize, which: usize| &qkv[token * 3 * hidden + which * hidden + head * size..][..size];
        keys.clear();
        keys.resize(size * padded, 0.0);
        for token in 0..len {
            let key = part(token, 1).iter().enumerate();
            key.for_each(|(d, &x)| keys[d * padded + token] = x);
        }
        scores.resize(padded, 0.0);
        let scale = 1.0 / (size as f32).sqrt();
        for token in 0..len {
            score(part(token, 0), keys, &mut scores[..padded]);
            kernel::softmax(&mut scores[..len], scale);
            let out = &mut context[token * hidden + head * size..][..size];
            weighted_sum(&scores[..len], |token| part(token, 2), out);
        }
    }
}

/// Dot products of `query` `[d]` with each column of `keys` `[d, scores.len()]`.
fn score(query: &[f32], keys: &[f32], scores: &mut [f32]) {
    let stride = scores.len();
    for (block, scores) in scores.chunks_exact_mut(LANES).enumerate() {
        let column = keys[block * LANES..].chunks(stride);
        let products = query.iter().zip(column).map(|(&q, keys)| F32x4::splat(q).mul(F32x4::load_or(keys, 0.0)));
        products.fold(F32x4::splat(0.0), F32x4::add).store(scores);
    }
}

/// `Σ weights[i] * rows(i)` into `out`.
fn weighted_sum<'a>(weights: &[f32], rows: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    for (lanes, out) in out.chunks_mut(LANES).enumerate() {
        let mut sum = F32x4::splat(0.0);
        for (i, &weight) in weights.iter().enumerate() {
            let row = &rows(i)[lanes * LANES..][..out.len()];
            sum = sum.add(F32x4::splat(weight).mul(F32x4::load_or(row, 0.0)));
        }
        sum.store(out);
    }
}
