//! The values of a tensor: in the memory of the file that they came in, or computed from it.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use half::{bf16, f16};

/// Values in row-major order.
pub(super) enum Values {
    /// Values that are in no file as they are needed.
    Computed(Vec<f32>),
    /// Little-endian numbers.
    InFile { bytes: Bytes, number: Number },
    /// A matrix `[rows, columns]` of such numbers, whose transpose `[columns, rows]` is meant.
    Transposed { bytes: Bytes, number: Number, rows: usize, columns: usize },
}

/// How numbers are written in files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    F16,
    BF16,
}

impl Number {
    /// Bytes of a number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
            (Self::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f32(),
            _ => f32::NAN,
        }
    }

    fn all(self, bytes: &[u8]) -> impl Iterator<Item = f32> {
        bytes.chunks_exact(self.size()).map(move |bytes| self.read(bytes))
    }
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Self {
        Self::Computed(values)
    }
}

impl Values {
    pub(super) fn are_finite(&self) -> bool {
        match self {
            Self::Computed(values) => values.iter().all(|x| x.is_finite()),
            Self::InFile { bytes, number } | Self::Transposed { bytes, number, .. } => {
                number.all(bytes).all(f32::is_finite)
            }
        }
    }

    /// Some of the values. Floats that lie aligned in a file are not copied.
    pub(super) fn slice(&self, range: Range<usize>) -> Cow<'_, [f32]> {
        match self {
            Self::Computed(values) => Cow::Borrowed(&values[range]),
            Self::InFile { bytes, number } => {
                let bytes = &bytes[range.start * number.size()..range.end * number.size()];
                let in_place = cfg!(target_endian = "little") && *number == Number::F32;
                match bytemuck::try_cast_slice(bytes) {
                    Ok(values) if in_place => Cow::Borrowed(values),
                    _ => Cow::Owned(number.all(bytes).collect()),
                }
            }
            &Self::Transposed { ref bytes, number, rows, columns } => {
                let value = |at: usize| {
                    let (column, row) = (at / rows, at % rows);
                    number.read(&bytes[(row * columns + column) * number.size()..][..number.size()])
                };
                Cow::Owned(range.map(value).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use bytes::Bytes;

    use super::{Number, Values};

    #[test]
    fn numbers_of_all_kinds_are_read() {
        for (number, written) in [
            (Number::F32, vec![0, 0, 0x80, 0x3f, 0, 0, 0x00, 0xc0]),
            (Number::F16, vec![0, 0x3c, 0, 0xc0]),
            (Number::BF16, vec![0x80, 0x3f, 0, 0xc0]),
        ] {
            let values = Values::InFile { bytes: Bytes::from(written), number };
            assert_eq!((&values.slice(0..2)[..], &values.slice(1..2)[..]), (&[1.0, -2.0][..], &[-2.0][..]));
            assert!(values.are_finite());
        }
        let nan = Values::InFile { bytes: Bytes::from(vec![0, 0x7e]), number: Number::F16 };
        assert!(!nan.are_finite());
    }

    #[test]
    fn aligned_floats_stay_where_they_are() {
        let file: Vec<u8> = bytemuck::cast_slice(&[1.0_f32, 2.0, 3.0]).to_vec();
        let bytes = Bytes::from(file);
        // A vector of bytes may start anywhere.
        let start = bytes.as_ptr().align_offset(4);
        let aligned = Values::InFile { bytes: bytes.slice(start..start + 8), number: Number::F32 };
        assert!(matches!(aligned.slice(0..2), Cow::Borrowed(_)));
        let odd = Values::InFile { bytes: bytes.slice((start + 1) % 4..(start + 1) % 4 + 8), number: Number::F32 };
        assert!(matches!(odd.slice(0..2), Cow::Owned(_)));
    }

    #[test]
    fn matrices_are_transposed() {
        let written = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        let values = Values::Transposed { bytes: written.into(), number: Number::F32, rows: 2, columns: 3 };
        assert_eq!(&values.slice(0..6)[..], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
