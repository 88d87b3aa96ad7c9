//! A transformer layer: attention and feed-forward, each added to its input and normalized (post-norm, as in BERT).

use super::feed_forward::FeedForward;
use super::layer_norm::layer_norm;
#[cfg(feature = "bench")]
use super::linear::Linear;
use super::observe::Observe;
use super::self_attention::SelfAttention;
use super::workspace::Workspace;
use crate::Error;
use crate::format::{ModelFile, names};
use crate::kernel::LayerNorm;

/// One transformer layer.
#[derive(Debug)]
pub(crate) struct Layer<'m> {
    attention: SelfAttention<'m>,
    attention_norm: LayerNorm<'m>,
    feed_forward: FeedForward<'m>,
    output_norm: LayerNorm<'m>,
    hidden_size: usize,
}

impl<'m> Layer<'m> {
    pub(crate) fn view(file: &ModelFile<'m>, layer: usize) -> Result<Self, Error> {
        Ok(Self {
            attention: SelfAttention::view(file, layer)?,
            attention_norm: layer_norm(file, &names::layer(layer, "attention_norm"))?,
            feed_forward: FeedForward::view(file, layer)?,
            output_norm: layer_norm(file, &names::layer(layer, "output_norm"))?,
            hidden_size: file.config().encoder.hidden_size,
        })
    }

    /// What [`Layer::forward`] starts from: `hidden` to `qkv`.
    pub(crate) fn queries(&self, work: &mut Workspace, observe: &mut impl Observe) {
        self.attention.queries(work, observe);
    }

    /// `hidden` and `qkv` to `hidden`, and to the `qkv` of the layer `next`, where there is one: each block goes on to it while
    /// its rows are at hand. `lengths` are the token counts of the texts that lie end to end in both.
    pub(crate) fn forward(
        &self,
        next: Option<&Self>,
        lengths: &[usize],
        work: &mut Workspace,
        observe: &mut impl Observe,
    ) {
        self.attention.forward(lengths, work);
        let block = work.block.tokens * self.hidden_size;
        let blocks = work.hidden.chunks_mut(block).zip(work.context.chunks(block));
        for ((hidden, context), qkv) in blocks.zip(work.qkv.chunks_mut(3 * block)) {
            self.attention.project(context, &mut work.block, observe);
            self.feed_forward.forward(&self.attention_norm, hidden, &mut work.block, observe);
            match next {
                Some(next) => next.attention.queries_after(&self.output_norm, hidden, &mut work.block, qkv),
                None => self.output_norm.add_forward(hidden, &work.block.update),
            }
        }
    }

    #[cfg(feature = "bench")]
    pub(super) fn linears(&self) -> [&Linear<'m>; 4] {
        let (attention, feed_forward) = (&self.attention, &self.feed_forward);
        [&attention.qkv, &attention.output, &feed_forward.intermediate, &feed_forward.output]
    }
}
