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
mod identity;
mod int4;
mod int6;
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

use calibrate::{Calibration, LayerInputs, Texts};
use dense::Dense;
use int4::Int4Rows;
use minilm::format::{INT4_GROUP, LinearLayer, int4_len, names};
use minilm::{Config, Precision, Tokenizer};
use serde_json::Value;
use tokenizer::Tables;
use weights::STATIC_EMBEDDINGS;
use writer::Writer;

/// Version of the conversion. It is raised with every change that gives another packed file for the same model, so that what was kept
/// of an older conversion is not used.
pub const CONVERTER_VERSION: u32 = 4;

/// The word embeddings of the source.
const WORD: &str = "embeddings.word_embeddings.weight";

/// Rows of an embedding table that are quantized at once: the memory of their floats.
const ROWS: usize = 1024;

/// A model as it was read: its checked configuration, its tokenizer tables and its weights.
#[derive(Debug)]
pub struct Source {
    config: Config,
    identity: Value,
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
        let (encoder, mut weights) = match &folder {
            Some(folder) => {
                let weights = Weights::of_static_embeddings(files, folder)?;
                (modules::static_shape(&weights), weights)
            }
            // Another architecture is refused before its weights are read.
            None => {
                let encoder = encoder::read_encoder(files)?;
                let mut weights = Weights::of(files)?;
                if encoder.relative_attention_distance > 0 {
                    weights.fold_mpnet(&encoder)?;
                }
                (encoder, weights)
            }
        };
        let mut config = modules::read_config(name, files, encoder, &mut weights)?;
        let lowercase_first = config.tokenizer.lowercase_first;
        let mut tables = match &folder {
            Some(folder) => Tables::of_static_embeddings(files, folder, config.encoder.vocab_size)?,
            None => Tables::read(files, config.encoder.vocab_size)?,
        };
        config.max_seq_length = config.max_seq_length.min(tables.max_tokens().unwrap_or(usize::MAX));
        config.tokenizer = tables.config(lowercase_first);
        let identity = identity::describe(&config, &tables.take_vocabulary());
        config.model_sha256 = identity::sha256(&identity);
        config.check()?;
        Ok(Self { config, identity, tables, weights })
    }

    /// The model's configuration, as for an `f32` file.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the identity of the model, `model_sha256` of its configuration, is the SHA-256 of: everything that decides its vectors.
    /// `docs/formats.md` describes it. As text it is the same for the same model, whichever files it comes from.
    #[must_use]
    pub fn identity(&self) -> &Value {
        &self.identity
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

    /// The bytes of the packed file. For all but `f32` the calibration texts go through the `f32` model first.
    ///
    /// Beside the files of the model and the packed file itself this takes the memory of one layer as floats, and of the word embeddings in
    /// the precision of the packed file; for `int6-e4`, the inputs of one layer for the calibration texts too, some 3,000 tokens.
    ///
    /// # Errors
    /// [`minilm::Error::MissingTensor`] and [`minilm::Error::TensorShape`] where the weights do not fit the configuration,
    /// [`minilm::Error::OutOfMemory`].
    pub fn pack(&self, precision: Precision) -> Result<Vec<u8>, Error> {
        self.pack_with(precision, |_, _| ())
    }

    /// [`Source::pack`], which tells `progress` after each step: how many steps are done, and how many there are.
    ///
    /// # Errors
    /// Those of [`Source::pack`].
    pub fn pack_with(&self, precision: Precision, mut progress: impl FnMut(usize, usize)) -> Result<Vec<u8>, Error> {
        let layers = self.config.encoder.num_hidden_layers;
        let calibrated = if precision == Precision::F32 { 0 } else { layers };
        let (mut done, steps) = (0, calibrated + 1 + layers);
        let mut step = || {
            done += 1;
            progress(done, steps);
        };
        let with_samples = precision == Precision::Int6E4;
        let texts = (calibrated > 0).then(|| Texts::new(&self.tokenizer(), &self.config));
        let mut calibration = texts.map(|texts| Calibration::new(texts, with_samples));
        let mut measured = Vec::new();
        // Without samples there is little to keep, and the calibration is over before the packed file takes memory. Samples are large, so
        // those of a layer are taken when it is packed.
        if !with_samples && let Some(mut calibration) = calibration.take() {
            for layer in 0..layers {
                measured.push(self.layer_inputs(&mut calibration, layer)?);
                step();
            }
        }
        let mut writer = Writer::with_capacity(self.packed_len(precision))?;
        self.push_embeddings(&mut writer, precision)?;
        step();
        let mut measured = measured.into_iter();
        for layer in 0..layers {
            let mut inputs = measured.next();
            if let Some(calibration) = &mut calibration {
                inputs = Some(self.layer_inputs(calibration, layer)?);
                step();
            }
            self.push_layer(&mut writer, layer, layer, inputs)?;
            step();
        }
        self.push_modules(&mut writer);
        self.tables.push(&mut writer);
        Ok(writer.finish(&Config { precision, ..self.config.clone() })?)
    }

    /// The inputs of layer `layer`, which comes next in the calibration.
    fn layer_inputs(&self, calibration: &mut Calibration, layer: usize) -> Result<LayerInputs, Error> {
        calibration.next(self.layer_model(&calibration.texts, layer)?)
    }

    /// The `f32` file of a model with layer `layer` alone, and the rows of the embeddings that `texts` use.
    fn layer_model(&self, texts: &Texts, layer: usize) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::default();
        self.push_rows(&mut writer, names::WORD, WORD, &texts.ids)?;
        self.push_positions(&mut writer, Precision::F32)?;
        self.push_layer(&mut writer, layer, 0, None)?;
        Tables::push_none(&mut writer);
        Ok(writer.finish(&texts.config(&self.config))?)
    }

    /// About the length of the packed file, for its buffer.
    fn packed_len(&self, precision: Precision) -> usize {
        let parameters = self.weights.parameters();
        let weights = match precision {
            Precision::F32 => parameters * size_of::<f32>(),
            // Scales, sums and the inputs that are kept as floats are a small part of it.
            Precision::Int8 | Precision::Int6E4 => parameters + parameters / 16,
        };
        weights + self.tables.len()
    }

    /// Writes layer `layer` of the source as layer `target`: quantized where its inputs are given.
    fn push_layer(
        &self,
        writer: &mut Writer,
        layer: usize,
        target: usize,
        inputs: Option<LayerInputs>,
    ) -> Result<(), Error> {
        let linears = Dense::read_layer(&self.weights, &self.config.encoder, layer)?;
        match inputs {
            Some(inputs) => quantize::push_layer(writer, target, linears, inputs),
            None => linears.iter().zip(LinearLayer::ALL).for_each(|(dense, linear)| {
                dense.push(writer, &names::linear(target, linear));
            }),
        }
        for (name, source) in [("attention_norm", "attention.output"), ("output_norm", "output")] {
            let source = format!("encoder.layer.{layer}.{source}.LayerNorm");
            self.push_norm(writer, &names::layer(target, name), &source)?;
        }
        Ok(())
    }

    fn push_embeddings(&self, writer: &mut Writer, precision: Precision) -> Result<(), Error> {
        let rows = self.config.encoder.vocab_size;
        if self.config.is_static() {
            return self.push_table(writer, names::WORD, STATIC_EMBEDDINGS, rows, precision);
        }
        self.push_table(writer, names::WORD, WORD, rows, precision)?;
        self.push_positions(writer, precision)
    }

    /// The embeddings but for those of the words, and what all layers share.
    fn push_positions(&self, writer: &mut Writer, precision: Precision) -> Result<(), Error> {
        let encoder = &self.config.encoder;
        let positions = encoder.max_position_embeddings + usize::from(encoder.padding_id.is_some());
        let (types, distance) = (encoder.type_vocab_size, encoder.relative_attention_distance);
        let source = "embeddings.position_embeddings.weight";
        self.push_table(writer, names::POSITION, source, positions, precision.of_positions())?;
        if types > 0 {
            let token_type = "embeddings.token_type_embeddings.weight";
            self.push_table(writer, names::TOKEN_TYPE, token_type, types, Precision::F32)?;
        }
        if distance > 0 {
            let shape = [encoder.num_attention_heads, 2 * distance + 1];
            writer.push(names::ATTENTION_BIAS, &shape, &self.weights.get(names::ATTENTION_BIAS, &shape)?);
        }
        self.push_norm(writer, names::EMBEDDINGS_NORM, "embeddings.LayerNorm")
    }

    fn push_table(
        &self,
        writer: &mut Writer,
        name: &str,
        source: &str,
        rows: usize,
        precision: Precision,
    ) -> Result<(), Error> {
        let columns = self.config.encoder.hidden_size;
        let shape = [rows, columns];
        let chunks = || {
            let starts = (0..rows).step_by(ROWS);
            starts.map(|start| self.weights.rows(source, &shape, start..rows.min(start + ROWS)))
        };
        match precision {
            Precision::F32 => writer.push(name, &shape, &self.weights.get(source, &shape)?),
            Precision::Int8 => {
                let (mut quantized, mut scales) = (Vec::with_capacity(rows * columns), Vec::with_capacity(rows));
                for values in chunks() {
                    let (rows, scale) = quantize::embedding_rows(&values?, columns);
                    quantized.extend(rows);
                    scales.extend(scale);
                }
                writer.push(name, &shape, &quantized);
                writer.push(&format!("{name}.scale"), &[rows], &scales);
            }
            Precision::Int6E4 => {
                let (mut values, mut multipliers, mut scales) = (Vec::new(), Vec::new(), Vec::with_capacity(rows));
                for chunk in chunks() {
                    let rows = Int4Rows::of(&chunk?, columns);
                    values.extend(rows.values);
                    multipliers.extend(rows.multipliers);
                    scales.extend(rows.scales);
                }
                writer.push(name, &[rows, int4_len(columns)], &values);
                let groups = columns.div_ceil(INT4_GROUP);
                writer.push(&format!("{name}.multiplier"), &[rows, int4_len(groups)], &multipliers);
                writer.push(&format!("{name}.scale"), &[rows], &scales);
            }
        }
        Ok(())
    }

    /// Writes some rows of the word embeddings as floats.
    fn push_rows(&self, writer: &mut Writer, name: &str, source: &str, rows: &[usize]) -> Result<(), Error> {
        let encoder = &self.config.encoder;
        let shape = [encoder.vocab_size, encoder.hidden_size];
        let mut values = Vec::with_capacity(rows.len() * encoder.hidden_size);
        for &row in rows {
            values.extend_from_slice(&self.weights.rows(source, &shape, row..row + 1)?);
        }
        writer.push(name, &[rows.len(), encoder.hidden_size], &values);
        Ok(())
    }

    /// The tensors of the modules behind the pooling, which have their names already.
    fn push_modules(&self, writer: &mut Writer) {
        let tensors = self.weights.iter().filter(|(name, ..)| name.starts_with(names::MODULES));
        tensors.for_each(|(name, shape, values)| writer.push(name, shape, &values));
    }

    fn push_norm(&self, writer: &mut Writer, name: &str, source: &str) -> Result<(), Error> {
        let shape = [self.config.encoder.hidden_size];
        for part in ["weight", "bias"] {
            let values = self.weights.get(&format!("{source}.{part}"), &shape)?;
            writer.push(&format!("{name}.{part}"), &shape, &values);
        }
        Ok(())
    }
}
