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
mod encoder;
mod error;
mod files;
mod int4;
mod json;
mod modules;
mod quantize;
mod sentence_modules;
mod tokenizer;
mod weights;
mod writer;

pub use error::Error;
pub use files::ModelFiles;
pub use weights::Weights;

use calibrate::ActivationRanges;
use dense::Dense;
use int4::Int4Rows;
use minilm::format::{INT4_GROUP, LinearLayer, int4_len, names};
use minilm::{Config, Precision, Tokenizer};
use tokenizer::Tables;
use weights::STATIC_EMBEDDINGS;
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
        let folder = sentence_modules::static_embeddings(files)?;
        let mut weights = match &folder {
            Some(folder) => Weights::of_static_embeddings(files, folder)?,
            None => {
                // Another architecture is refused before its weights are read.
                encoder::read_encoder(files)?;
                Weights::of(files)?
            }
        };
        let mut config = modules::read_config(name, files, &mut weights)?;
        let lowercase_first = config.tokenizer.lowercase_first;
        let tables = match &folder {
            Some(folder) => Tables::of_static_embeddings(files, folder, config.encoder.vocab_size)?,
            None => Tables::read(files, config.encoder.vocab_size)?,
        };
        config.max_seq_length = config.max_seq_length.min(tables.max_tokens().unwrap_or(usize::MAX));
        config.tokenizer = tables.config(lowercase_first);
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

    /// The bytes of the packed file. All but `f32` runs the `f32` file over the calibration texts first.
    ///
    /// # Errors
    /// [`minilm::Error::MissingTensor`] and [`minilm::Error::TensorShape`] where the weights do not fit the configuration.
    pub fn pack(&self, precision: Precision) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::default();
        self.push_embeddings(&mut writer, precision)?;
        let ranges = match precision {
            Precision::Int8 | Precision::Int8E4 if !self.config.is_static() => {
                Some(ActivationRanges::measure(self.pack(Precision::F32)?)?)
            }
            _ => None,
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
        self.push_modules(&mut writer);
        self.tables.push(&mut writer);
        Ok(writer.finish(&Config { precision, ..self.config.clone() })?)
    }

    fn push_embeddings(&self, writer: &mut Writer, precision: Precision) -> Result<(), Error> {
        let encoder = &self.config.encoder;
        let position_precision = if precision == Precision::Int8E4 { Precision::Int8 } else { precision };
        let (positions, types) = (encoder.max_position_embeddings, encoder.type_vocab_size);
        let of_bert = [
            (names::WORD, "embeddings.word_embeddings.weight", encoder.vocab_size, precision),
            (names::POSITION, "embeddings.position_embeddings.weight", positions, position_precision),
            (names::TOKEN_TYPE, "embeddings.token_type_embeddings.weight", types, Precision::F32),
        ];
        let alone = [(names::WORD, STATIC_EMBEDDINGS, encoder.vocab_size, precision)];
        let tables = if self.config.is_static() { &alone[..] } else { &of_bert };
        for &(name, source, rows, precision) in tables {
            if rows == 0 {
                continue; // there are no token types
            }
            let shape = [rows, encoder.hidden_size];
            let values = self.weights.get(source, &shape)?;
            match precision {
                Precision::F32 => writer.push(name, &shape, values),
                Precision::Int8 => {
                    let (quantized, scale) = quantize::embedding_rows(values, encoder.hidden_size);
                    writer.push(name, &shape, &quantized);
                    writer.push(&format!("{name}.scale"), &[rows], &scale);
                }
                Precision::Int8E4 => {
                    let Int4Rows { values, multipliers, scales } = Int4Rows::of(values, encoder.hidden_size);
                    let groups = encoder.hidden_size.div_ceil(INT4_GROUP);
                    writer.push(name, &[rows, int4_len(encoder.hidden_size)], &values);
                    writer.push(&format!("{name}.multiplier"), &[rows, int4_len(groups)], &multipliers);
                    writer.push(&format!("{name}.scale"), &[rows], &scales);
                }
            }
        }
        if self.config.is_static() {
            return Ok(());
        }
        self.push_norm(writer, names::EMBEDDINGS_NORM, "embeddings.LayerNorm")
    }

    /// The tensors of the modules behind the pooling, which have their names already.
    fn push_modules(&self, writer: &mut Writer) {
        let tensors = self.weights.iter().filter(|(name, ..)| name.starts_with(names::MODULES));
        tensors.for_each(|(name, shape, values)| writer.push(name, shape, values));
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
