//! The feed-forward block: two linear layers with GELU between.

use super::linear::Linear;
use super::workspace::Workspace;
use crate::Error;
use crate::kernel::gelu;
use crate::package::{LinearName, Names, Package};

/// `W₂ gelu(W₁ x + b₁) + b₂`.
#[derive(Debug)]
pub(crate) struct FeedForward<'m> {
    intermediate: Linear<'m>,
    output: Linear<'m>,
}

impl<'m> FeedForward<'m> {
    pub(crate) fn view(package: &Package<'m>, layer: usize) -> Result<Self, Error> {
        let encoder = &package.config().encoder;
        let (hidden, inner) = (encoder.hidden_size, encoder.intermediate_size);
        Ok(Self {
            intermediate: Linear::view(package, &Names::linear(layer, LinearName::Intermediate), hidden, inner)?,
            output: Linear::view(package, &Names::linear(layer, LinearName::Output), inner, hidden)?,
        })
    }

    /// From `hidden` to `update`.
    pub(crate) fn forward(&self, work: &mut Workspace) {
        self.intermediate.forward(&work.hidden, &mut work.quantized, &mut work.intermediate);
        gelu(&mut work.intermediate);
        self.output.forward(&work.intermediate, &mut work.quantized, &mut work.update);
    }
}
