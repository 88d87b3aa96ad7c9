//! One vector in whichever number format.

use minilm::QuantizedValues;
use serde::Serialize;

use super::Vectors;

/// A vector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Row<'a> {
    Float(&'a [f32]),
    Signed(&'a [i8]),
    Unsigned(&'a [u8]),
}

/// Numbers of a preview before the gap.
const SHOWN: usize = 3;

impl Row<'_> {
    /// The vectors of a batch.
    pub fn all(vectors: &Vectors) -> impl Iterator<Item = Row<'_>> {
        let dim = vectors.dim();
        (0..vectors.len()).map(move |index| {
            let range = index * dim..(index + 1) * dim;
            match vectors.quantized.as_ref().map(|quantized| &quantized.data) {
                None => Row::Float(&vectors.embeddings.data[range]),
                Some(QuantizedValues::Int8(data) | QuantizedValues::Binary(data)) => Row::Signed(&data[range]),
                Some(QuantizedValues::Uint8(data) | QuantizedValues::Ubinary(data)) => Row::Unsigned(&data[range]),
            }
        })
    }

    /// The values as they lie in memory and in NumPy files.
    pub fn write_bytes(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Float(row) => bytes.extend(row.iter().flat_map(|x| x.to_le_bytes())),
            Self::Signed(row) => bytes.extend(row.iter().map(|&x| x as u8)),
            Self::Unsigned(row) => bytes.extend_from_slice(row),
        }
    }

    /// The first values and the last, for people.
    pub fn preview(self) -> String {
        let (numbers, len) = match self {
            Self::Float(row) => (ends(row).map(|x| format!("{x:7.4}")).collect::<Vec<_>>(), row.len()),
            Self::Signed(row) => (ends(row).map(|x| format!("{x:4}")).collect(), row.len()),
            Self::Unsigned(row) => (ends(row).map(|x| format!("{x:3}")).collect(), row.len()),
        };
        match &numbers[..] {
            [first @ .., last] if len > SHOWN + 1 => format!("{} … {last}", first.join(" ")),
            all => all.join(" "),
        }
    }
}

/// The first values and the last, each once.
fn ends<T>(row: &[T]) -> impl Iterator<Item = &T> {
    let (first, rest) = row.split_at(row.len().min(SHOWN));
    first.iter().chain(rest.last())
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn previews_show_both_ends() {
        for (row, expected) in [
            (Row::Float(&[0.5, -0.25, 1.0, 0.0, 0.125]), " 0.5000 -0.2500  1.0000 …  0.1250"),
            (Row::Signed(&[-128, 5, 127, 0, 1]), "-128    5  127 …    1"),
            (Row::Unsigned(&[1, 2, 3, 4]), "  1   2   3   4"),
            (Row::Unsigned(&[1, 2, 3]), "  1   2   3"),
            (Row::Unsigned(&[1]), "  1"),
        ] {
            assert_eq!(row.preview(), expected);
        }
    }

    #[test]
    fn bytes_are_little_endian() {
        let mut bytes = Vec::new();
        Row::Float(&[1.0]).write_bytes(&mut bytes);
        Row::Signed(&[-1]).write_bytes(&mut bytes);
        Row::Unsigned(&[7]).write_bytes(&mut bytes);
        assert_eq!(bytes, [0, 0, 0x80, 0x3f, 0xff, 7]);
    }
}
