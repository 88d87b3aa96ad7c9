//! What `encode` returns, and the number formats that sentence-transformers calls `precision`.

use crate::Error;

/// Vectors of a call, row after row, in the order of the texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// The values `[texts, dim]`.
    pub data: Vec<f32>,
    /// Values in a row, 1 to the width of the model's vectors.
    pub dim: usize,
    /// Tokens that the model read of each text, special ones included `[texts]`.
    pub n_tokens: Vec<usize>,
    /// Whether each text was cut at the limit `[texts]`.
    pub truncated: Vec<bool>,
}

impl Embeddings {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_tokens.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_tokens.is_empty()
    }

    /// The vectors in the order of the texts, each of `dim` values.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        // A width of 0 is none that `encode` gives; it has no rows.
        self.data.chunks_exact(self.dim.max(1))
    }

    /// The same vectors in another number format, as [`quantize_embeddings`] does it. Without `ranges`, `int8` and `uint8` spread
    /// their steps over the ranges of these vectors: then a vector's numbers depend on the others.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use minilm::{Embedder, EncodeOptions, OutputPrecision};
    ///
    /// let embedder = Embedder::from_bytes(std::fs::read("paraphrase-MiniLM-L3-v2-int8.minilm")?)?;
    /// let embeddings = embedder.encode(&["What is a neuron?"], &EncodeOptions::default())?;
    /// let bits = embeddings.quantize(OutputPrecision::Ubinary, None)?;
    /// assert_eq!(bits.dim, 384 / 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`quantize_embeddings`].
    pub fn quantize(&self, precision: OutputPrecision, ranges: Option<&Ranges>) -> Result<QuantizedEmbeddings, Error> {
        quantize_embeddings(&self.data, self.dim, precision, ranges)
    }
}

/// Vectors in a number format of one byte a value, or one bit.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedEmbeddings {
    /// The values `[rows, dim]`.
    pub data: QuantizedValues,
    /// Bytes in a row: the dimensions of the vectors, or an eighth of them (rounded up) for packed bits.
    pub dim: usize,
}

/// Values in the precision that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum QuantizedValues {
    /// -128..=127 over each dimension's range.
    Int8(Vec<i8>),
    /// 0..=255 over each dimension's range.
    Uint8(Vec<u8>),
    /// Eight signs to a byte, offset by -128.
    Binary(Vec<i8>),
    /// Eight signs to a byte.
    Ubinary(Vec<u8>),
}

/// Number format of [`QuantizedEmbeddings`]. The names are those of sentence-transformers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputPrecision {
    /// Signed bytes: each dimension's range in 256 steps.
    Int8,
    /// Unsigned bytes: the same.
    Uint8,
    /// One bit a dimension, 1 where the value is positive, first dimension in the highest bit, as signed bytes.
    Binary,
    /// The same as unsigned bytes.
    Ubinary,
}

/// Smallest and largest value of each dimension: what the 256 steps of `int8` and `uint8` are spread over. A value outside its
/// range gets the nearest step.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    /// Smallest values `[dim]`.
    pub min: Vec<f32>,
    /// Largest values `[dim]`.
    pub max: Vec<f32>,
}

impl Ranges {
    /// The ranges of the rows of `data` `[rows, dim]`; values behind the last whole row do not count. Of no rows, each range is
    /// from infinity to minus infinity. `dim` of 0 has no ranges.
    #[must_use]
    pub fn of(data: &[f32], dim: usize) -> Self {
        let mut ranges = Self { min: vec![f32::INFINITY; dim], max: vec![f32::NEG_INFINITY; dim] };
        for row in data.chunks_exact(dim.max(1)) {
            let bounds = ranges.min.iter_mut().zip(&mut ranges.max);
            for (&x, (min, max)) in row.iter().zip(bounds) {
                *min = min.min(x);
                *max = max.max(x);
            }
        }
        ranges
    }
}

/// `quantize_embeddings` of sentence-transformers: `data` `[rows, dim]` in another number format.
/// [`Embeddings::quantize`] does the same with the result of a call.
///
/// ```
/// use minilm::{OutputPrecision, QuantizedValues, quantize_embeddings};
///
/// let bits = quantize_embeddings(&[0.5, -0.5, 0.25], 3, OutputPrecision::Ubinary, None)?;
/// assert_eq!((bits.data, bits.dim), (QuantizedValues::Ubinary(vec![0b1010_0000]), 1));
/// # Ok::<(), minilm::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] where `data` is not a whole number of rows. [`Error::Option`] for `ranges` of another width than `dim` or with a
/// value that is not finite, and for `int8` and `uint8` of a single row without ranges: one row has no range of its own.
pub fn quantize_embeddings(
    data: &[f32],
    dim: usize,
    precision: OutputPrecision,
    ranges: Option<&Ranges>,
) -> Result<QuantizedEmbeddings, Error> {
    if dim == 0 || !data.len().is_multiple_of(dim) {
        return Err(Error::Rows { name: "data", len: data.len(), dim });
    }
    let packed = dim.div_ceil(8);
    let (data, dim) = match precision {
        OutputPrecision::Uint8 => (QuantizedValues::Uint8(to_bytes(data, dim, ranges)?), dim),
        OutputPrecision::Int8 => (QuantizedValues::Int8(offset(to_bytes(data, dim, ranges)?)), dim),
        OutputPrecision::Ubinary => (QuantizedValues::Ubinary(to_bits(data, dim)), packed),
        OutputPrecision::Binary => (QuantizedValues::Binary(offset(to_bits(data, dim))), packed),
    };
    Ok(QuantizedEmbeddings { data, dim })
}

/// Bytes less 128.
fn offset(bytes: Vec<u8>) -> Vec<i8> {
    bytes.into_iter().map(|byte| (byte ^ 0x80) as i8).collect()
}

fn to_bits(data: &[f32], dim: usize) -> Vec<u8> {
    let pack = |bits: &[f32]| {
        let bits = bits.iter().enumerate();
        bits.fold(0, |byte, (i, &x)| byte | (u8::from(x > 0.0) << (7 - i)))
    };
    data.chunks_exact(dim).flat_map(|row| row.chunks(8)).map(pack).collect()
}

fn to_bytes(data: &[f32], dim: usize, ranges: Option<&Ranges>) -> Result<Vec<u8>, Error> {
    let wrong = |reason: String| Error::Option { option: "ranges", reason };
    let own;
    let ranges = match ranges {
        Some(ranges) if ranges.min.len() == dim && ranges.max.len() == dim => ranges,
        Some(ranges) => {
            let (min, max) = (ranges.min.len(), ranges.max.len());
            return Err(wrong(format!("has {min} smallest and {max} largest values, the vectors have {dim}")));
        }
        None if data.len() == dim => {
            return Err(wrong("int8 and uint8 of a single vector need ranges: it has no range of its own".to_owned()));
        }
        None => {
            own = Ranges::of(data, dim);
            &own
        }
    };
    let grid: Vec<(f32, f32)> = ranges.min.iter().zip(&ranges.max).map(|(&min, &max)| (min, step(min, max))).collect();
    if grid.iter().any(|(min, step)| !min.is_finite() || !step.is_finite()) && !data.is_empty() {
        return Err(wrong("holds a value that is not finite".to_owned()));
    }
    let to_byte = |(&x, &(min, step)): (&f32, &(f32, f32))| ((x - min) / step).floor().clamp(0.0, 255.0) as u8;
    Ok(data.chunks_exact(dim).flat_map(|row| row.iter().zip(&grid)).map(to_byte).collect())
}

/// Width of one of 255 steps; 1 where the range is a point.
fn step(min: f32, max: f32) -> f32 {
    let step = (max - min) / 255.0;
    if step == 0.0 { 1.0 } else { step }
}
