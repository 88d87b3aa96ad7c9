//! What benchmarks measure beside whole calls of [`Embedder::encode`].

mod scan;

use crate::Embedder;
use crate::model::Workspace;
pub use scan::ScanPass;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub use crate::kernel::arch::peak;

/// The linear layers of a model over a number of rows, the quantization of these included; attention, GELU and normalization
/// are left out.
#[derive(Debug)]
pub struct LinearPass {
    rows: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    work: Workspace,
}

impl LinearPass {
    /// A pass over `rows` rows.
    #[must_use]
    pub fn new(embedder: &Embedder, rows: usize) -> Self {
        let encoder = &embedder.config().encoder;
        let widest = encoder.intermediate_size.max(3 * encoder.hidden_size);
        Self { rows, x: input(rows * widest), y: vec![0.0; rows * widest], work: Workspace::default() }
    }

    /// Rows of the pass.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Goes through all layers once. Returns the multiply-accumulates.
    pub fn run(&mut self, embedder: &Embedder) -> f64 {
        let mut products = 0;
        for linear in embedder.encoder().linears() {
            let (inputs, outputs) = linear.shape();
            let (x, y) = (&self.x[..self.rows * inputs], &mut self.y[..self.rows * outputs]);
            linear.forward(x, &mut self.work.block.int8, y);
            products += self.rows * inputs * outputs;
        }
        products as f64
    }
}

/// Values that are neither all alike nor random.
fn input(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i % 97) as f32 / 97.0 - 0.5).collect()
}
