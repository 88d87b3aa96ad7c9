//! Neither x86-64 nor vectors in WebAssembly: the specification itself runs.

use super::scalar::{I32x4, dot_u8};
use super::{LANES, PANEL, Step};

/// There is one way only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DotKernel;

impl DotKernel {
    pub(crate) fn probe() -> Self {
        Self
    }

    /// See the scalar backend's `dot_u8`.
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        dot_u8(rows, panel, out);
    }
}
