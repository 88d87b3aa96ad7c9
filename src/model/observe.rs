//! Seeing what goes into the linear layers of a transformer layer, as calibration has to.

use crate::format::LinearLayer;

/// Sees the inputs of linear layers.
pub(crate) trait Observe {
    /// Some rows of the input of a linear layer `[rows, in_features]`.
    fn input(&mut self, linear: LinearLayer, rows: &[f32]);
}

/// Looks away.
pub(crate) struct Unobserved;

impl Observe for Unobserved {
    #[inline(always)]
    fn input(&mut self, _: LinearLayer, _: &[f32]) {}
}

/// Passes on what it sees.
pub(crate) struct Observer<F>(pub(crate) F);

impl<F: FnMut(LinearLayer, &[f32])> Observe for Observer<F> {
    fn input(&mut self, linear: LinearLayer, rows: &[f32]) {
        (self.0)(linear, rows);
    }
}
