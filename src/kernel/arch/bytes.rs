//! How the operands of an 8-bit dot product lie: weights as they are packed, activations so that they meet them.

use super::{BLOCK, LANES};

/// Four quantized values, four times over: a vector that meets the weights of four output channels. Repeating them once, when
/// they are written, is cheaper than with every panel of weights, and a plain load is what all engines are good at.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(16))]
pub(crate) struct Step([u8; BLOCK]);

impl std::ops::Deref for Step {
    type Target = [u8; BLOCK];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A weight.
pub(crate) type Weight = i8;

/// Eight values in steps.
#[inline(always)]
pub(crate) fn spread(values: [u8; 2 * LANES]) -> [Step; 2] {
    std::array::from_fn(|step| Step(std::array::from_fn(|i| values[step * LANES + i % LANES])))
}

/// Room for a panel of weights where the backend does not take them as they are packed: none.
#[derive(Debug, Default)]
pub(crate) struct PanelBuffer;

impl PanelBuffer {
    /// The panel `[steps, PANEL, 4]` in the backend's format.
    #[inline(always)]
    pub(crate) fn unpack<'w>(&'w mut self, panel: &'w [i8]) -> &'w [Weight] {
        panel
    }
}
