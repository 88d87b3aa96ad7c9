//! The linear layers behind candle's `CustomOp1`, to see what it costs to go through its tensors.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};

use crate::kernel::Int8Scratch;
use crate::model::Linear;
use crate::{Embedder, Error};

/// The same work as [`LinearPass`](super::LinearPass), each layer an operation on tensors.
#[derive(Debug)]
pub struct HookedPass<'m> {
    layers: Vec<(Tensor, Hook<'m>)>,
}

#[derive(Debug)]
struct Hook<'m> {
    linear: &'m Linear<'m>,
    scratch: Mutex<Int8Scratch>,
}

impl<'m> HookedPass<'m> {
    /// A pass over `rows` rows.
    ///
    /// # Errors
    /// [`Error::Candle`] where candle does not take a tensor.
    pub fn new(embedder: &'m Embedder<'m>, rows: usize) -> Result<Self, Error> {
        let layer = |linear: &'m Linear<'m>| {
            let (inputs, _) = linear.shape();
            let x = Tensor::from_vec(super::input(rows * inputs), (rows, inputs), &Device::Cpu)?;
            Ok((x, Hook { linear, scratch: Mutex::default() }))
        };
        Ok(Self { layers: embedder.model().linears().map(layer).collect::<Result<_, Error>>()? })
    }

    /// Goes through all layers once.
    ///
    /// # Errors
    /// [`Error::Candle`], never for tensors of its own.
    pub fn run(&self) -> Result<(), Error> {
        for (x, hook) in &self.layers {
            std::hint::black_box(x.apply_op1_no_bwd(hook)?);
        }
        Ok(())
    }
}

impl CustomOp1 for Hook<'_> {
    fn name(&self) -> &'static str {
        "minilm-linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (start, end) = layout.contiguous_offsets().ok_or_else(|| candle_core::Error::msg("not contiguous"))?;
        let x = &storage.as_slice::<f32>()?[start..end];
        let (inputs, outputs) = self.linear.shape();
        let rows = x.len() / inputs;
        let mut y = vec![0.0; rows * outputs];
        let mut scratch = self.scratch.lock().map_err(|_| candle_core::Error::msg("a thread has died"))?;
        self.linear.forward(x, &mut scratch, &mut y);
        Ok((CpuStorage::F32(y), Shape::from((rows, outputs))))
    }
}
