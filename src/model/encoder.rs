//! The transformer: layers of attention and feed-forward, each added to its input and normalized (post-norm, as in BERT).

use super::attention::Attention;
use super::feed_forward::FeedForward;
use super::norm::LayerNorm;
use super::workspace::Workspace;
use crate::Error;
use crate::kernel::add_assign;
use crate::package::{Names, Package};

/// One transformer layer.
#[derive(Debug)]
pub(crate) struct Layer<'m> {
    attention: Attention<'m>,
    attention_norm: LayerNorm<'m>,
    feed_forward: FeedForward<'m>,
    output_norm: LayerNorm<'m>,
}

impl<'m> Layer<'m> {
    pub(crate) fn view(package: &Package<'m>, layer: usize) -> Result<Self, Error> {
        Ok(Self {
            attention: Attention::view(package, layer)?,
            attention_norm: LayerNorm::view(package, &Names::layer(layer, "attention_norm"))?,
            feed_forward: FeedForward::view(package, layer)?,
            output_norm: LayerNorm::view(package, &Names::layer(layer, "output_norm"))?,
        })
    }

    /// `hidden` to `hidden`. `lengths` are the token counts of the texts that lie end to end in it.
    pub(crate) fn forward(&self, lengths: &[usize], work: &mut Workspace) {
        self.attend(lengths, work);
        self.feed(work);
    }

    /// The first half: attention. Its context stays in `work.context`.
    pub(crate) fn attend(&self, lengths: &[usize], work: &mut Workspace) {
        self.attention.forward(lengths, work);
        add_assign(&mut work.hidden, &work.update);
        self.attention_norm.forward(&mut work.hidden);
    }

    /// The second half: the feed-forward block. Its inner activations stay in `work.intermediate`.
    pub(crate) fn feed(&self, work: &mut Workspace) {
        self.feed_forward.forward(work);
        add_assign(&mut work.hidden, &work.update);
        self.output_norm.forward(&mut work.hidden);
    }
}
