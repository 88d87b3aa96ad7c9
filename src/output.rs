//! What `encode` returns, and the number formats that sentence-transformers calls `precision`.

use crate::Error;

/// Vectors of a call, row after row, in the order of the texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// The values `[texts, dim]`.
    pub data: Values,
    /// Values in a row: the dimensions of the vector, or an eighth of it (rounded up) for packed bits.
    pub dim: usize,
    /// Tokens that the model read of each text, special ones included.
    pub n_tokens: Vec<usize>,
    /// Whether each text was cut at the limit.
    pub truncated: Vec<bool>,
}

impl Embeddings {
    /// The values where they are floats.
    #[must_use]
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            Values::Float32(data) => Some(data),
            _ => None,
        }
    }

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
}

/// Values in the precision that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Floats.
    Float32(Vec<f32>),
    /// -128..=127 over each dimension's range.
    Int8(Vec<i8>),
    /// 0..=255 over each dimension's range.
    Uint8(Vec<u8>),
    /// Eight signs to a byte, offset by -128.
    Binary(Vec<i8>),
    /// Eight signs to a byte.
    Ubinary(Vec<u8>),
}

/// Number format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputPrecision {
    /// 32-bit floats.
    #[default]
    Float32,
    /// Signed bytes: each dimension's range in 256 steps.
    Int8,
    /// Unsigned bytes: the same.
    Uint8,
    /// One bit a dimension, 1 where the value is positive, first dimension in the highest bit, as signed bytes.
    Binary,
    /// The same as unsigned bytes.
    Ubinary,
}

/// Smallest and largest value of each dimension: what the 256 steps of `int8` and `uint8` are spread over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    /// Smallest values `[dim]`.
    pub min: Vec<f32>,
    /// Largest values `[dim]`.
    pub max: Vec<f32>,
}

impl Ranges {
    /// The ranges of the rows of `data` `[rows, dim]`.
    #[must_use]
    pub fn of(data: &[f32], dim: usize) -> Self {
        let mut ranges = Self { min: vec![f32::INFINITY; dim], max: vec![f32::NEG_INFINITY; dim] };
        for row in data.chunks_exact(dim) {
            let bounds = ranges.min.iter_mut().zip(&mut ranges.max);
            for (&x, (min, max)) in row.iter().zip(bounds) {
                *min = min.min(x);
                *max = max.max(x);
            }
        }
        ranges
    }
}

/// `quantize_embeddings` of sentence-transformers: `data` `[rows, dim]` in another number format, and its new row length.
/// [`Embedder::encode`](crate::Embedder::encode) does the same with its `precision`.
///
/// ```
/// use minilm::{OutputPrecision, Values, quantize_embeddings};
///
/// let (bits, bytes) = quantize_embeddings(vec![0.5, -0.5, 0.25], 3, OutputPrecision::Ubinary, None)?;
/// assert_eq!((bits, bytes), (Values::Ubinary(vec![0b1010_0000]), 1));
/// # Ok::<(), minilm::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] where `data` is not a whole number of rows; [`Error::Option`] where `int8` and `uint8` have no ranges to go by.
pub fn quantize_embeddings(
    data: Vec<f32>,
    dim: usize,
    precision: OutputPrecision,
    ranges: Option<&Ranges>,
) -> Result<(Values, usize), Error> {
    if dim == 0 || !data.len().is_multiple_of(dim) {
        return Err(Error::Rows { name: "data", len: data.len(), dim });
    }
    let packed = dim.div_ceil(8);
    Ok(match precision {
        OutputPrecision::Float32 => (Values::Float32(data), dim),
        OutputPrecision::Uint8 => (Values::Uint8(to_bytes(&data, dim, ranges)?), dim),
        OutputPrecision::Int8 => (Values::Int8(offset(to_bytes(&data, dim, ranges)?)), dim),
        OutputPrecision::Ubinary => (Values::Ubinary(to_bits(&data, dim)), packed),
        OutputPrecision::Binary => (Values::Binary(offset(to_bits(&data, dim))), packed),
    })
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
