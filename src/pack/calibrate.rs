//! How large the inputs of every linear layer get, measured with the `f32` model over a list of texts.
//!
//! The model runs on our own kernels, whose bits do not depend on the machine: so neither do those of a packed file.

use crate::model::{Model, Observe, Workspace};
use crate::package::{LinearName, Package};
use crate::tokenizer::Tokenizer;
use crate::{Config, Error, Truncation};

/// Texts of many kinds and lengths, one a line.
const TEXTS: &str = include_str!("calibration.txt");

/// Largest magnitude of every input channel of the linear layers, by transformer layer.
#[derive(Debug)]
pub(super) struct Ranges {
    layers: Vec<LayerRanges>,
}

/// Largest magnitudes `[in_features]` for the linear layers of one transformer layer, in the order of [`LinearName`].
pub(super) type LayerRanges = [Vec<f32>; 4];

impl Ranges {
    /// Measures the model of an `f32` file.
    pub(super) fn measure(file: &[u8]) -> Result<Self, Error> {
        let package = Package::trust(file)?;
        let (model, tokenizer) = (Model::view(&package)?, Tokenizer::view(&package)?);
        let mut ranges = Self::new(package.config());
        let mut work = Workspace::default();
        // No line of the file is empty, and the empty text has the activations that are the least like the others'.
        for text in TEXTS.lines().chain([""]) {
            let Ok(encoding) = tokenizer.encode(text, package.config().max_seq_length, Truncation::Right) else {
                continue;
            };
            work.resize(package.config(), encoding.len());
            let lengths = model.embed(&[&encoding], &mut work)?;
            for (layer, range) in model.layers().iter().zip(&mut ranges.layers) {
                let mut recorder = Recorder(range);
                layer.queries(&mut work, &mut recorder);
                layer.forward(None, &lengths, &mut work, &mut recorder);
            }
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

/// Keeps the ranges of all that it sees.
struct Recorder<'r>(&'r mut LayerRanges);

impl Observe for Recorder<'_> {
    fn input(&mut self, linear: LinearName, rows: &[f32]) {
        widen(&mut self.0[linear as usize], rows);
    }
}

/// Widens `range` by the rows of `input` `[rows, range.len()]`.
fn widen(range: &mut [f32], input: &[f32]) {
    for row in input.chunks_exact(range.len()) {
        range.iter_mut().zip(row).for_each(|(range, x)| *range = range.max(x.abs()));
    }
}
