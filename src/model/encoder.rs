//! The transformer: layers of attention and feed-forward, each added to its input and normalized (post-norm, as in BERT).

use super::attention::Attention;
use super::feed_forward::FeedForward;
#[cfg(feature = "bench")]
use super::linear::Linear;
use super::norm::LayerNorm;
use super::workspace::Workspace;
use crate::Error;
use crate::package::{LinearName, Names, Package};

/// One transformer layer.
#[derive(Debug)]
pub(crate) struct Layer<'m> {
    attention: Attention<'m>,
    attention_norm: LayerNorm<'m>,
    feed_forward: FeedForward<'m>,
    output_norm: LayerNorm<'m>,
    hidden_size: usize,
}

/// Sees what goes into the linear layers, as calibration has to.
pub(crate) trait Observe {
    /// Some rows of the input of a linear layer `[rows, in_features]`.
    fn input(&mut self, linear: LinearName, rows: &[f32]);
}

/// Looks away.
pub(crate) struct Unobserved;

impl Observe for Unobserved {
    #[inline(always)]
    fn input(&mut self, _: LinearName, _: &[f32]) {}
}

impl<'m> Layer<'m> {
    pub(crate) fn view(package: &Package<'m>, layer: usize) -> Result<Self, Error> {
        Ok(Self {
            attention: Attention::view(package, layer)?,
            attention_norm: LayerNorm::view(package, &Names::layer(layer, "attention_norm"))?,
            feed_forward: FeedForward::view(package, layer)?,
            output_norm: LayerNorm::view(package, &Names::layer(layer, "output_norm"))?,
            hidden_size: package.config().encoder.hidden_size,
        })
    }

    /// `hidden` to `hidden`. `lengths` are the token counts of the texts that lie end to end in it.
    pub(crate) fn forward(&self, lengths: &[usize], work: &mut Workspace, observe: &mut impl Observe) {
        self.attention.forward(lengths, work, observe);
        let block = work.block.tokens * self.hidden_size;
        for (hidden, context) in work.hidden.chunks_mut(block).zip(work.context.chunks(block)) {
            self.attention.project(context, &mut work.block, observe);
            self.attention_norm.add_forward(hidden, &work.block.update);
            self.feed_forward.forward(hidden, hidden.len() / self.hidden_size, &mut work.block, observe);
            self.output_norm.add_forward(hidden, &work.block.update);
        }
    }

    #[cfg(feature = "bench")]
    pub(super) fn linears(&self) -> [&Linear<'m>; 4] {
        let (attention, feed_forward) = (&self.attention, &self.feed_forward);
        [&attention.qkv, &attention.output, &feed_forward.intermediate, &feed_forward.output]
    }
}
