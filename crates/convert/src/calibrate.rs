//! How large the inputs of every linear layer get, measured with the `f32` model over a list of texts.
//!
//! The model runs on our own kernels, whose bits do not depend on the machine: so neither do those of a packed file.

use minilm::{Config, Embedder, Error, Truncation};

/// Texts of many kinds and lengths, one a line.
const TEXTS: &str = include_str!("calibration.txt");

/// Largest magnitude of every input channel of the linear layers, by transformer layer.
#[derive(Debug)]
pub(super) struct ActivationRanges {
    layers: Vec<LayerRanges>,
}

/// Largest magnitudes `[in_features]` for the linear layers of one transformer layer, in the order of
/// [`LinearLayer`](minilm::format::LinearLayer).
pub(super) type LayerRanges = [Vec<f32>; 4];

impl ActivationRanges {
    /// Measures the model of an `f32` file.
    pub(super) fn measure(file: Vec<u8>) -> Result<Self, Error> {
        let embedder = Embedder::from_bytes(file)?;
        let mut ranges = Self::new(embedder.config());
        // No line of the file is empty, and the empty text has the activations that are the least like the others'.
        for text in TEXTS.lines().chain([""]) {
            let limit = embedder.config().max_seq_length;
            let Ok(tokens) = embedder.tokenizer().encode(text, limit, Truncation::Right) else {
                continue;
            };
            embedder.observe_linear_inputs(&tokens, |layer, linear, rows| {
                widen(&mut ranges.layers[layer][linear as usize], rows);
            })?;
        }
        Ok(ranges)
    }

    fn new(config: &Config) -> Self {
        let hidden = vec![0.0; config.encoder.hidden_size];
        let inner = vec![0.0; config.encoder.intermediate_size];
        let layer = [hidden.clone(), hidden.clone(), hidden, inner];
        Self { layers: vec![layer; config.encoder.num_hidden_layers] }
    }

    pub(super) fn of(&self, layer: usize) -> &LayerRanges {
        &self.layers[layer]
    }
}

/// Widens `range` by the rows of `input` `[rows, range.len()]`.
fn widen(range: &mut [f32], input: &[f32]) {
    for row in input.chunks_exact(range.len()) {
        range.iter_mut().zip(row).for_each(|(range, x)| *range = range.max(x.abs()));
    }
}
