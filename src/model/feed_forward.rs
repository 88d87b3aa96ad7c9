//! The feed-forward block: two linear layers with GELU between.

use super::linear::Linear;
use super::observe::Observe;
use super::workspace::BlockWorkspace;
use crate::Error;
use crate::format::{LinearLayer, ModelFile, names};
use crate::kernel::LayerNorm;

/// `W₂ gelu(W₁ x + b₁) + b₂`.
#[derive(Debug)]
pub(crate) struct FeedForward<'m> {
    pub(super) intermediate: Linear<'m>,
    pub(super) output: Linear<'m>,
    intermediate_size: usize,
}

impl<'m> FeedForward<'m> {
    pub(crate) fn view(file: &ModelFile<'m>, layer: usize) -> Result<Self, Error> {
        let encoder = &file.config().encoder;
        let (hidden, inner) = (encoder.hidden_size, encoder.intermediate_size);
        Ok(Self {
            intermediate: Linear::view(file, &names::linear(layer, LinearLayer::Intermediate), hidden, inner)?,
            output: Linear::view(file, &names::linear(layer, LinearLayer::Output), inner, hidden)?,
            intermediate_size: inner,
        })
    }

    /// Adds the first rows of `work.update` to `hidden` `[rows, hidden_size]`, normalizes it by `norm`, and goes from there to the
    /// first rows of `work.update`.
    pub(crate) fn forward(
        &self,
        norm: &LayerNorm<'_>,
        hidden: &mut [f32],
        work: &mut BlockWorkspace,
        observe: &mut impl Observe,
    ) {
        let rows = hidden.len() / norm.weight.len();
        let inner = &mut work.intermediate[..rows * self.intermediate_size];
        self.intermediate.add_norm(hidden, &work.update, norm, &mut work.int8);
        observe.input(LinearLayer::Intermediate, hidden);
        self.intermediate.forward_normed_gelu(hidden, &mut work.int8, inner);
        observe.input(LinearLayer::Output, inner);
        self.output.forward(inner, &mut work.int8, &mut work.update[..hidden.len()]);
    }
}
