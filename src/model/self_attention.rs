//! Multi-head self-attention (Vaswani et al., 2017), over the tokens of one text: no padding, so no mask.

use super::linear::Linear;
use super::observe::Observe;
use super::workspace::{BlockWorkspace, Workspace};
use crate::Error;
use crate::format::{LinearLayer, ModelFile, names};
use crate::kernel::{self, Head, LayerNorm, Operand};

/// Query, key and value projections as one, attention, and the output projection.
#[derive(Debug)]
pub(crate) struct SelfAttention<'m> {
    pub(super) qkv: Linear<'m>,
    pub(super) output: Linear<'m>,
    /// What is added to the scores `[heads, 2 * relative_attention_distance + 1]`, the same in all layers.
    bias: Option<&'m [f32]>,
    hidden_size: usize,
    head_size: usize,
}

impl<'m> SelfAttention<'m> {
    pub(crate) fn view(file: &ModelFile<'m>, layer: usize) -> Result<Self, Error> {
        let encoder = &file.config().encoder;
        let hidden_size = encoder.hidden_size;
        let bias = |distance| file.tensor(names::ATTENTION_BIAS, &[encoder.num_attention_heads, 2 * distance + 1]);
        Ok(Self {
            qkv: Linear::view(file, &names::linear(layer, LinearLayer::Qkv), hidden_size, 3 * hidden_size)?,
            output: Linear::view(file, &names::linear(layer, LinearLayer::AttentionOutput), hidden_size, hidden_size)?,
            bias: match encoder.relative_attention_distance {
                0 => None,
                distance => Some(bias(distance)?),
            },
            hidden_size,
            head_size: file.config().head_size(),
        })
    }

    /// Queries, keys and values: from `hidden` to `qkv`.
    pub(crate) fn queries(&self, work: &mut Workspace, observe: &mut impl Observe) {
        let block = work.block.tokens * self.hidden_size;
        for (hidden, qkv) in work.hidden.chunks(block).zip(work.qkv.chunks_mut(3 * block)) {
            observe.input(LinearLayer::Qkv, hidden);
            self.qkv.forward(hidden, &mut work.block.int8, qkv);
        }
    }

    /// The same for one block, after the first rows of `work.update` are added to `hidden` and it is normalized by `norm`.
    pub(crate) fn queries_after(
        &self,
        norm: &LayerNorm<'_>,
        hidden: &mut [f32],
        work: &mut BlockWorkspace,
        qkv: &mut [f32],
    ) {
        self.qkv.add_norm(hidden, &work.update, norm, &mut work.int8);
        self.qkv.forward_normed(hidden, &mut work.int8, qkv);
    }

    /// From `qkv` to `context`. `lengths` are the token counts of the texts, in their order.
    pub(crate) fn forward(&self, lengths: &[usize], work: &mut Workspace) {
        match self.qkv {
            Linear::Int8(_) => self.attend(lengths, &work.qkv, &mut work.context, &mut work.int_attention),
            Linear::F32(_) => self.attend(lengths, &work.qkv, &mut work.context, &mut work.f32_attention),
        }
    }

    /// The output projection: from `context` `[rows, hidden_size]` to the first rows of `work.update`.
    pub(crate) fn project(&self, context: &[f32], work: &mut BlockWorkspace, observe: &mut impl Observe) {
        observe.input(LinearLayer::AttentionOutput, context);
        self.output.forward(context, &mut work.int8, &mut work.update[..context.len()]);
    }

    /// All heads over all texts: `qkv` `[tokens, 3 * hidden_size]` to `context` `[tokens, hidden_size]`.
    fn attend<T: Operand>(
        &self,
        lengths: &[usize],
        qkv: &[f32],
        context: &mut [f32],
        kernel: &mut kernel::Attention<T>,
    ) {
        let hidden_size = self.hidden_size;
        let bias_of = |head: usize| {
            let width = self.bias?.len() * self.head_size / hidden_size;
            self.bias?.get(head * width..)?.get(..width)
        };
        let (mut qkv, mut context) = (qkv, context);
        for &len in lengths {
            let (of_text, rest) = qkv.split_at(len * 3 * hidden_size);
            let (to_text, rest_context) = context.split_at_mut(len * hidden_size);
            for (index, start) in (0..hidden_size).step_by(self.head_size).enumerate() {
                let head = Head { hidden_size, size: self.head_size, start, bias: bias_of(index) };
                kernel.attend(of_text, head, to_text);
            }
            (qkv, context) = (rest, rest_context);
        }
    }
}
