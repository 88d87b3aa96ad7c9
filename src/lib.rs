//! Sentence embeddings with MiniLM and other BERT-shaped sentence-transformers models: bytes in, floats out.
//!
//! A model is one packed file, read in place. [`Embedder::encode`] turns texts into vectors:
//!
//! ```no_run
//! use minilm::{EncodeOptions, Embedder, similarity};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("paraphrase-MiniLM-L3-v2-int8.minilm")?;
//! let embedder = Embedder::from_bytes(file)?;
//! let texts = ["How do neural networks work?", "What is a neuron?"];
//! let embeddings = embedder.encode(&texts, &EncodeOptions::default())?;
//! let scores = similarity(&embeddings.data, &embeddings.data, embeddings.dim, embedder.config().similarity)?;
//! println!("{:.3}", scores[1]);
//! # Ok(())
//! # }
//! ```
//!
//! The steps of a call: text → [`Tokenizer`] → token embeddings → transformer layers → pooling → normalization →
//! [`Embeddings`]. There is no file system, clock, thread or network in it.
//!
//! # Accuracy
//! - `f32` files give the vectors of sentence-transformers, within 2e-5 in each value.
//! - `int8` files are close to them: over the project's test texts the mean cosine with the vectors of `f32` is at least 0.9993
//!   and the smallest 0.997. `int6-e4` files are smaller, by 6-bit layers and 4-bit word embeddings: 0.995 and 0.96. Below, they are
//!   `int8` files.
//! - A text has one vector, to the bit, alone and in any batch. With an `int8` file it has the same bits on every machine and in
//!   every WebAssembly engine, because integer sums are exact and float operations have one order. With an `f32` file the last bits
//!   may differ between engines: where an engine has a fused multiply-add, products are rounded once instead of twice.
//!
//! # Features
//! The default build has none, and is what a program needs to encode and to search. Reading the directories of
//! sentence-transformers and writing packed files is the crate `minilm-convert`.
//!
//! - `bench`: the module `bench`, single stages of a call for the project's benchmarks. It is not covered by semantic versioning.

#[cfg(target_endian = "big")]
compile_error!("packed files are little-endian and are read in place");

mod aligned;
mod baked;
#[cfg(feature = "bench")]
pub mod bench;
mod config;
mod embedder;
mod error;
pub mod format;
mod hit;
pub mod index;
mod info;
mod kernel;
mod model;
mod modules;
mod output;
mod pooling;
mod run;
mod similarity;
mod tokenizer;
mod unit_length;

pub use aligned::{Aligned, AlignedBytes};
pub use baked::{BAKED_MAGIC, baked_model};
pub use config::{AddedToken, Config, Decoder, EncoderConfig, Pooling, Precision, SimilarityFunction, TokenizerConfig};
pub use embedder::{Embedder, EncodeOptions};
pub use error::{Error, ErrorKind};
pub use format::{ALIGNMENT, FORMAT_VERSION, ModelFile, TensorInfo};
pub use hit::{Hit, TopK};
pub use info::ModelInfo;
pub use kernel::arch::BACKEND;
pub use modules::{DenseActivation, DenseConfig, LayerNormConfig, SentenceModule};
pub use output::{Embeddings, OutputPrecision, QuantizedEmbeddings, QuantizedValues, Ranges, quantize_embeddings};
pub use run::{EncodeRun, TokenRun, TokenVectors};
pub use similarity::{semantic_search, similarity, similarity_pairwise};
pub use tokenizer::{Tokenizer, Tokens, TooLong, Truncation};
pub use unit_length::normalize;
