//! From a sentence-transformers directory to a packed file.

mod calibrate;
mod dense;
mod files;
mod json;
mod modules;
mod quantize;
mod tokenizer;
mod weights;

pub use files::ModelFiles;
pub use weights::Weights;

use crate::package::{LinearName, Names, Writer};
use crate::{Config, Error, Precision, Tokenizer};
use calibrate::Ranges;
use dense::Dense;
use tokenizer::Tables;

/// A model as it was read: its checked configuration, its tokenizer tables and its weights.
#[derive(Debug)]
pub struct Source {
    config: Config,
    tables: Tables,
    weights: Weights,
}

impl Source {
    /// Reads the files of a sentence-transformers directory. `name` is the name that every output will carry.
    ///
    /// # Errors
    /// What cannot be read or cannot be honoured, by file and field.
    pub fn read(name: &str, files: &ModelFiles) -> Result<Self, Error> {
        let mut config = modules::read_config(name, files)?;
        let lowercase_first = config.tokenizer.lowercase_first;
        let tables = Tables::read(files.require(&files.transformer("tokenizer.json"))?, config.encoder.vocab_size)?;
        config.tokenizer = tables.config(lowercase_first);
        config.check()?;
        let weights = Weights::read(files.require(&files.transformer("model.safetensors"))?)?;
        Ok(Self { config, tables, weights })
    }

    /// The model's configuration, as for an `f32` file.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The tokenizer of the packed file.
    #[must_use]
    pub fn tokenizer(&self) -> Tokenizer<'_> {
        self.tables.tokenizer(self.config.tokenizer.clone())
    }

    /// The bytes of the packed file. `int8` runs the `f32` file over the calibration texts first.
    ///
    /// # Errors
    /// [`Error::MissingTensor`] and [`Error::TensorShape`] where the weights do not fit the configuration.
    pub fn pack(&self, precision: Precision) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::default();
        self.push_embeddings(&mut writer, precision)?;
        let ranges = match precision {
            Precision::Int8 => Some(Ranges::measure(&self.pack(Precision::F32)?)?),
            Precision::F32 => None,
        };
        for layer in 0..self.config.encoder.num_hidden_layers {
            let linears = Dense::read_layer(&self.weights, &self.config.encoder, layer)?;
            match &ranges {
                Some(ranges) => quantize::push_layer(&mut writer, layer, linears, ranges.of(layer)),
                None => linears.iter().zip(LinearName::ALL).for_each(|(dense, linear)| {
                    dense.push(&mut writer, &Names::linear(layer, linear));
                }),
            }
            for (name, source) in [("attention_norm", "attention.output"), ("output_norm", "output")] {
                let source = format!("encoder.layer.{layer}.{source}.LayerNorm");
                self.push_norm(&mut writer, &Names::layer(layer, name), &source)?;
            }
        }
        self.tables.push(&mut writer);
        writer.finish(&Config { precision, ..self.config.clone() })
    }

    fn push_embeddings(&self, writer: &mut Writer, precision: Precision) -> Result<(), Error> {
        let encoder = &self.config.encoder;
        for (name, source, rows, precision) in [
            (Names::WORD, "word", encoder.vocab_size, precision),
            (Names::POSITION, "position", encoder.max_position_embeddings, precision),
            (Names::TOKEN_TYPE, "token_type", encoder.type_vocab_size, Precision::F32),
        ] {
            let shape = [rows, encoder.hidden_size];
            let values = self.weights.get(&format!("embeddings.{source}_embeddings.weight"), &shape)?;
            match precision {
                Precision::F32 => writer.push(name, &shape, values),
                Precision::Int8 => {
                    let (quantized, scale) = quantize::embedding_rows(values, encoder.hidden_size);
                    writer.push(name, &shape, &quantized);
                    writer.push(&format!("{name}.scale"), &[rows], &scale);
                }
            }
        }
        self.push_norm(writer, Names::EMBEDDINGS_NORM, "embeddings.LayerNorm")
    }

    fn push_norm(&self, writer: &mut Writer, name: &str, source: &str) -> Result<(), Error> {
        let shape = [self.config.encoder.hidden_size];
        for part in ["weight", "bias"] {
            let values = self.weights.get(&format!("{source}.{part}"), &shape)?;
            writer.push(&format!("{name}.{part}"), &shape, values);
        }
        Ok(())
    }
}
