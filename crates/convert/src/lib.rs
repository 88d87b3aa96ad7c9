//! From the directory of a sentence-transformers model to a packed file for [`minilm`].
//!
//! The files come in memory, as [`ModelFiles`]: this crate does not touch a file system. [`Source::read`] checks the whole
//! directory and refuses what it cannot reproduce exactly; [`Source::pack`] gives the bytes of the packed file.
//!
//! ```no_run
//! use minilm::Precision;
//! use minilm_convert::{ModelFiles, Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut files = ModelFiles::default();
//! for file in ["config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json", "model.safetensors"] {
//!     files.insert(file, std::fs::read(format!("paraphrase-MiniLM-L3-v2/{file}"))?);
//! }
//! let packed = Source::read("paraphrase-MiniLM-L3-v2", &files)?.pack(Precision::Int8)?;
//! std::fs::write("paraphrase-MiniLM-L3-v2-int8.minilm", packed)?;
//! # Ok(())
//! # }
//! ```

mod calibrate;
mod dense;
mod error;
mod files;
mod json;
mod modules;
mod quantize;
mod tokenizer;
mod weights;
mod writer;

pub use error::Error;
pub use files::ModelFiles;
pub use weights::Weights;

use calibrate::ActivationRanges;
use dense::Dense;
use minilm::format::{LinearLayer, names};
use minilm::{Config, Precision, Tokenizer};
use tokenizer::Tables;
use writer::Writer;

/// Version of the conversion. It is raised with every change that gives another packed file for the same model, so that what was kept
/// of an older conversion is not used.
pub const CONVERTER_VERSION: u32 = 2;

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
        // Another architecture is refused before its weights are read.
        let mut config = modules::read_config(name, files)?;
        let lowercase_first = config.tokenizer.lowercase_first;
        let tables = Tables::read(files, config.encoder.vocab_size)?;
        config.tokenizer = tables.config(lowercase_first);
        let weights = Weights::of(files)?;
        config.weights_sha256 = weights.sha256();
        config.check()?;
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
    /// [`minilm::Error::MissingTensor`] and [`minilm::Error::TensorShape`] where the weights do not fit the configuration.
    pub fn pack(&self, precision: Precision) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::default();
        self.push_embeddings(&mut writer, precision)?;
        let ranges = match precision {
            Precision::Int8 => Some(ActivationRanges::measure(self.pack(Precision::F32)?)?),
            Precision::F32 => None,
        };
        for layer in 0..self.config.encoder.num_hidden_layers {
            let linears = Dense::read_layer(&self.weights, &self.config.encoder, layer)?;
            match &ranges {
                Some(ranges) => quantize::push_layer(&mut writer, layer, linears, ranges.of(layer)),
                None => linears.iter().zip(LinearLayer::ALL).for_each(|(dense, linear)| {
                    dense.push(&mut writer, &names::linear(layer, linear));
                }),
            }
            for (name, source) in [("attention_norm", "attention.output"), ("output_norm", "output")] {
                let source = format!("encoder.layer.{layer}.{source}.LayerNorm");
                self.push_norm(&mut writer, &names::layer(layer, name), &source)?;
            }
        }
        self.tables.push(&mut writer);
        Ok(writer.finish(&Config { precision, ..self.config.clone() })?)
    }

    fn push_embeddings(&self, writer: &mut Writer, precision: Precision) -> Result<(), Error> {
        let encoder = &self.config.encoder;
        for (name, source, rows, precision) in [
            (names::WORD, "word", encoder.vocab_size, precision),
            (names::POSITION, "position", encoder.max_position_embeddings, precision),
            (names::TOKEN_TYPE, "token_type", encoder.type_vocab_size, Precision::F32),
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
        self.push_norm(writer, names::EMBEDDINGS_NORM, "embeddings.LayerNorm")
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
