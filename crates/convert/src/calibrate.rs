//! What the inputs of every linear layer are: how large they get, and all of them where that is asked for. Measured with the `f32` model over a
//! list of texts.
//!
//! The texts go through the model together, layer by layer, so that only one layer is there as floats at any time: each is packed as a model
//! of its own, with the rows of the embeddings that the texts use. The model runs on our own kernels, whose bits do not depend on the
//! machine: so neither do those of a packed file.

use std::collections::BTreeSet;

use minilm::format::LinearLayer;
use minilm::{Config, Embedder, EncoderConfig, Tokenizer, TokenizerConfig, Tokens, Truncation};

use crate::error::Error;

/// Texts of many kinds and lengths, one a line.
const TEXTS: &str = include_str!("calibration.txt");

/// The inputs of the linear layers of one transformer layer, in the order of [`LinearLayer`].
pub(super) struct LayerInputs {
    /// Their largest magnitudes `[in_features]`.
    pub(super) ranges: [Vec<f32>; LinearLayer::ALL.len()],
    /// The inputs themselves `[tokens, in_features]`, for 6-bit weights.
    pub(super) samples: Option<[Vec<f32>; LinearLayer::ALL.len()]>,
}

/// The texts on their way through the layers.
pub(super) struct Calibration {
    pub(super) texts: Texts,
    /// Token vectors of each text, once the first layer is there.
    hidden: Vec<Vec<f32>>,
    with_samples: bool,
}

/// The texts as tokens, whose ids count the rows of `ids`.
pub(super) struct Texts {
    tokens: Vec<Tokens>,
    /// Ids of the model that the texts have, ascending.
    pub(super) ids: Vec<usize>,
}

impl Texts {
    pub(super) fn new(tokenizer: &Tokenizer<'_>, config: &Config) -> Self {
        // No line of the file is empty, and the empty text has the activations that are the least like the others'.
        let encode = |text| tokenizer.encode(text, config.max_seq_length, Truncation::Right).ok();
        let mut tokens: Vec<Tokens> = TEXTS.lines().chain([""]).filter_map(encode).collect();
        // An added token may be a word of these texts and have no row.
        tokens.retain(|tokens| tokens.ids.iter().all(|&id| (id as usize) < config.encoder.vocab_size));
        let ids = tokens.iter().flat_map(|tokens| &tokens.ids).copied();
        // The one that the model treats in its own way has to be among them.
        let ids: BTreeSet<u32> = ids.chain(config.encoder.padding_id).collect();
        let ids: Vec<u32> = ids.into_iter().collect();
        for id in tokens.iter_mut().flat_map(|tokens| &mut tokens.ids) {
            *id = ids.binary_search(id).map_or(0, |row| row as u32);
        }
        Self { tokens, ids: ids.into_iter().map(|id| id as usize).collect() }
    }

    /// The configuration of a model with one layer, for these texts.
    pub(super) fn config(&self, config: &Config) -> Config {
        let padding_id = config.encoder.padding_id;
        let row = |id: u32| self.ids.binary_search(&(id as usize)).map_or(0, |row| row as u32);
        let encoder = EncoderConfig {
            num_hidden_layers: 1,
            vocab_size: self.ids.len(),
            padding_id: padding_id.map(row),
            ..config.encoder.clone()
        };
        let tokenizer = &config.tokenizer;
        let tokenizer = TokenizerConfig {
            unk_id: 0,
            cls_id: Some(0),
            sep_id: Some(0),
            added_tokens: Vec::new(),
            ..tokenizer.clone()
        };
        Config { encoder, tokenizer, modules: Vec::new(), ..config.clone() }
    }
}

impl Calibration {
    pub(super) fn new(texts: Texts, with_samples: bool) -> Self {
        Self { texts, hidden: Vec::new(), with_samples }
    }

    /// The inputs of the next layer; `file` is its `f32` file, with the configuration of [`Texts::config`].
    pub(super) fn next(&mut self, file: Vec<u8>) -> Result<LayerInputs, Error> {
        let model = Embedder::from_bytes(file)?;
        if self.hidden.is_empty() {
            let tokens = self.texts.tokens.iter();
            self.hidden = tokens.map(|tokens| model.token_vectors(tokens)).collect::<Result<_, _>>()?;
        }
        let encoder = &model.config().encoder;
        let mut ranges = LinearLayer::ALL.map(|linear| match linear {
            LinearLayer::Output => vec![0.0; encoder.intermediate_size],
            _ => vec![0.0; encoder.hidden_size],
        });
        let mut samples = self.with_samples.then(|| LinearLayer::ALL.map(|_| Vec::new()));
        for hidden in &mut self.hidden {
            model.observe_first_layer(hidden, |linear, rows| {
                widen(&mut ranges[linear as usize], rows);
                if let Some(samples) = &mut samples {
                    samples[linear as usize].extend_from_slice(rows);
                }
            })?;
        }
        Ok(LayerInputs { ranges, samples })
    }
}

/// Widens `range` by the rows of `input` `[rows, range.len()]`.
fn widen(range: &mut [f32], input: &[f32]) {
    for row in input.chunks_exact(range.len()) {
        range.iter_mut().zip(row).for_each(|(range, x)| *range = range.max(x.abs()));
    }
}
