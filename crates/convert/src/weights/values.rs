//! The values of a tensor: in the memory of the file that they came in, or computed from it.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::Numbers;

/// Values in row-major order.
pub(crate) enum Values {
    /// Values that are in no file as they are needed.
    Computed(Vec<f32>),
    /// Little-endian numbers.
    InFile { bytes: Bytes, numbers: Numbers },
    /// A matrix `[rows, columns]` of such numbers, whose transpose `[columns, rows]` is meant.
    Transposed { bytes: Bytes, numbers: Numbers, rows: usize, columns: usize },
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
            Self::InFile { bytes, numbers } | Self::Transposed { bytes, numbers, .. } => {
                numbers.all(bytes).all(f32::is_finite)
            }
        }
    }

    /// Some of the values. Floats that lie aligned in a file are not copied.
    pub(super) fn slice(&self, range: Range<usize>) -> Cow<'_, [f32]> {
        match self {
            Self::Computed(values) => Cow::Borrowed(&values[range]),
            Self::InFile { bytes, numbers } => {
                let bytes = &bytes[range.start * numbers.size()..range.end * numbers.size()];
                let in_place = cfg!(target_endian = "little") && *numbers == Numbers::F32;
                match bytemuck::try_cast_slice(bytes) {
                    Ok(values) if in_place => Cow::Borrowed(values),
                    _ => Cow::Owned(numbers.all(bytes).collect()),
                }
            }
            &Self::Transposed { ref bytes, numbers, rows, columns } => {
                let value = |at: usize| {
                    let (column, row) = (at / rows, at % rows);
                    numbers.read(&bytes[(row * columns + column) * numbers.size()..][..numbers.size()])
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

    use super::super::Numbers;
    use super::Values;

    #[test]
    fn numbers_of_all_kinds_are_read() {
        for (numbers, written) in [
            (Numbers::F32, vec![0, 0, 0x80, 0x3f, 0, 0, 0x00, 0xc0]),
            (Numbers::F16, vec![0, 0x3c, 0, 0xc0]),
            (Numbers::BF16, vec![0x80, 0x3f, 0, 0xc0]),
        ] {
            let values = Values::InFile { bytes: Bytes::from(written), numbers };
            assert_eq!((&values.slice(0..2)[..], &values.slice(1..2)[..]), (&[1.0, -2.0][..], &[-2.0][..]));
            assert!(values.are_finite());
        }
        let nan = Values::InFile { bytes: Bytes::from(vec![0, 0x7e]), numbers: Numbers::F16 };
        assert!(!nan.are_finite());
    }

    #[test]
    fn aligned_floats_stay_where_they_are() {
        let file: Vec<u8> = bytemuck::cast_slice(&[1.0_f32, 2.0, 3.0]).to_vec();
        let bytes = Bytes::from(file);
        // A vector of bytes may start anywhere.
        let start = bytes.as_ptr().align_offset(4);
        let aligned = Values::InFile { bytes: bytes.slice(start..start + 8), numbers: Numbers::F32 };
        assert!(matches!(aligned.slice(0..2), Cow::Borrowed(_)));
        let odd = Values::InFile { bytes: bytes.slice((start + 1) % 4..(start + 1) % 4 + 8), numbers: Numbers::F32 };
        assert!(matches!(odd.slice(0..2), Cow::Owned(_)));
    }

    #[test]
    fn matrices_are_transposed() {
        let written = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        let values = Values::Transposed { bytes: written.into(), numbers: Numbers::F32, rows: 2, columns: 3 };
        assert_eq!(&values.slice(0..6)[..], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
