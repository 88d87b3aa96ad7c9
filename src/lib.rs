//! Sentence embeddings with MiniLM and other BERT-shaped sentence-transformers models: bytes in, floats out.
//!
//! A model is one packed file, read in place. [`Embedder::encode`] turns texts into vectors:
//!
//! ```no_run
//! use minilm::{EncodeOptions, Embedder, similarity};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("all-MiniLM-L6-v2-int8.minilm")?;
//! let embedder = Embedder::from_bytes(file)?;
//! let texts = ["How do neural networks work?", "What is a neuron?"];
//! let embeddings = embedder.encode(&texts, &EncodeOptions::default())?;
//! let scores = similarity(&embeddings.data, &embeddings.data, embeddings.dim, embedder.config().similarity)?;
//! println!("{:.3}", scores[1]);
//! # Ok(())
//! # }
//! ```
//!
//! The walk of a request: text → [`Tokenizer`] → embeddings → encoder layers → pooling → normalization → [`Embeddings`].
//! Integer arithmetic is exact and float operations have one order, so that a text has one vector: alone or in any batch,
//! on any machine and in any WebAssembly engine.
//!
//! # Features
//! - `pack`: reads a sentence-transformers directory and writes packed files (`pack`).
//! - `bench`: what benchmarks measure beside whole calls (`bench`).
//! - `reference`: with it, the readable `f32` encoder on candle that everything is measured against (`reference`).

#[cfg(target_endian = "big")]
compile_error!("packed files are little-endian and are read in place");

mod aligned;
#[cfg(feature = "bench")]
pub mod bench;
mod config;
mod embedder;
mod error;
pub mod index;
mod kernel;
mod model;
mod normalize;
mod output;
#[cfg(feature = "pack")]
pub mod pack;
mod package;
mod pooling;
#[cfg(feature = "reference")]
pub mod reference;
mod similarity;
mod tokenizer;

pub use aligned::{Aligned, AlignedBytes};
pub use config::{AddedToken, Config, EncoderConfig, Pooling, Precision, SimilarityFunction, TokenizerConfig};
pub use embedder::{Embedder, EncodeOptions};
pub use error::{Error, ErrorKind};
pub use kernel::arch::BACKEND;
pub use normalize::normalize;
pub use output::{
    Embeddings, OutputPrecision, QuantizedEmbeddings, QuantizedValues, Ranges, quantize_embeddings,
};
pub use package::{ALIGNMENT, FORMAT_VERSION, Package, TensorInfo};
pub use similarity::{Hit, TopK, semantic_search, similarity, similarity_pairwise};
pub use tokenizer::{Encoding, Tokenizer, TooLong, Truncation};
