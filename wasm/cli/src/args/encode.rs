//! Options of `encode`, named as in sentence-transformers, and their translation into those of the core.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use minilm::{EncodeOptions, OutputPrecision, Ranges};

use crate::{files, npy};

/// What a text is before it becomes tokens, and how many of them may stay.
#[derive(Args)]
#[command(next_help_heading = "Encoding")]
pub struct TokenArgs {
    /// Put this before every text
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Put one of the model's own prompts before every text
    #[arg(long, value_name = "NAME", conflicts_with = "prompt")]
    pub prompt_name: Option<String>,
    /// A text with too many tokens is cut at its end, at its start (left), or refused (false)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "true|left|false")]
    pub truncation: Truncation,
    /// Most tokens of a text, [CLS] and [SEP] included [default: the model's]
    #[arg(long, value_name = "N")]
    pub max_seq_length: Option<usize>,
}

/// How tokens become one vector.
#[derive(Args)]
#[command(next_help_heading = "Encoding")]
pub struct VectorArgs {
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// How the vectors of the tokens become one [default: the model's]
    #[arg(long, value_enum)]
    pub pooling: Option<Pooling>,
    /// Keep only the first N dimensions
    #[arg(long, value_name = "N")]
    pub truncate_dim: Option<usize>,
    /// Scale each vector to length 1 (most MiniLM models do so by themselves)
    #[arg(long)]
    pub normalize_embeddings: bool,
}

/// Number format of vectors that are written.
#[derive(Args)]
#[command(next_help_heading = "Encoding")]
pub struct PrecisionArgs {
    /// Number format of the vectors; binary and ubinary pack eight dimensions into a byte
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
    /// For int8 and uint8: float32 array [2, dim] of the smallest and largest values [default: those of the
    /// texts, if they fit into one batch]
    #[arg(long, value_name = "FILE.npy")]
    pub ranges: Option<PathBuf>,
}

impl TokenArgs {
    pub fn options(&self) -> EncodeOptions {
        EncodeOptions {
            prompt: self.prompt.clone(),
            prompt_name: self.prompt_name.clone(),
            truncation: self.truncation.into(),
            max_seq_length: self.max_seq_length,
            ..EncodeOptions::default()
        }
    }
}

impl VectorArgs {
    pub fn options(&self) -> EncodeOptions {
        EncodeOptions {
            pooling: self.pooling.map(Into::into),
            truncate_dim: self.truncate_dim,
            normalize_embeddings: self.normalize_embeddings,
            ..self.tokens.options()
        }
    }
}

impl PrecisionArgs {
    /// Whether the vectors must all be known before the first can be written.
    pub fn needs_all_texts(&self) -> bool {
        matches!(self.precision, Precision::Int8 | Precision::Uint8) && self.ranges.is_none()
    }

    pub fn read_ranges(&self) -> Result<Option<Ranges>> {
        let Some(path) = &self.ranges else { return Ok(None) };
        let read = || npy::read_ranges(&files::read(path)?);
        read().with_context(|| format!("ranges {}", path.display())).map(Some)
    }
}

/// An enum of command line values that stand for those of the core, under the names of sentence-transformers.
macro_rules! values {
    ($name:ident for $core:ty { $($variant:ident = $value:literal => $target:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
        pub enum $name {
            #[default]
            $(#[value(name = $value)] $variant),+
        }

        impl From<$name> for $core {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::$target),+
                }
            }
        }
    };
}

values!(Truncation for minilm::Truncation { True = "true" => Right, Left = "left" => Left, False = "false" => Off });
values!(Pooling for minilm::Pooling {
    Mean = "mean" => Mean, Cls = "cls" => Cls, Max = "max" => Max, MeanSqrtLen = "mean_sqrt_len" => MeanSqrtLen,
});
/// Number formats of vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    #[default]
    Float32,
    Int8,
    Uint8,
    Binary,
    Ubinary,
}

impl Precision {
    /// The format that vectors are quantized to.
    pub fn quantized(self) -> Option<OutputPrecision> {
        match self {
            Self::Float32 => None,
            Self::Int8 => Some(OutputPrecision::Int8),
            Self::Uint8 => Some(OutputPrecision::Uint8),
            Self::Binary => Some(OutputPrecision::Binary),
            Self::Ubinary => Some(OutputPrecision::Ubinary),
        }
    }

    /// Type of the values in NumPy's notation.
    pub fn dtype(self) -> &'static str {
        match self {
            Self::Float32 => "<f4",
            Self::Int8 | Self::Binary => "|i1",
            Self::Uint8 | Self::Ubinary => "|u1",
        }
    }

    /// Name on the command line and in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }
}
