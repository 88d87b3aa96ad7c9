//! Layer normalization with its weights.

use crate::Error;
use crate::kernel;
use crate::package::Package;

/// A view of one layer normalization.
#[derive(Debug)]
pub(crate) struct LayerNorm<'m> {
    weight: &'m [f32],
    bias: &'m [f32],
    eps: f32,
}

impl<'m> LayerNorm<'m> {
    pub(crate) fn view(package: &Package<'m>, name: &str) -> Result<Self, Error> {
        let encoder = &package.config().encoder;
        let shape = [encoder.hidden_size];
        Ok(Self {
            weight: package.tensor(&format!("{name}.weight"), &shape)?,
            bias: package.tensor(&format!("{name}.bias"), &shape)?,
            eps: encoder.layer_norm_eps,
        })
    }

    /// Normalizes each row of `x` `[rows, hidden_size]` in place.
    pub(crate) fn forward(&self, x: &mut [f32]) {
        kernel::layer_norm(x, self.weight, self.bias, self.eps);
    }

    /// Adds the first rows of `addend` to `x` `[rows, hidden_size]` and normalizes each row of the sum, in place.
    pub(crate) fn add_forward(&self, x: &mut [f32], addend: &[f32]) {
        kernel::add_norm(x, addend, self.weight, self.bias, self.eps);
    }
}
