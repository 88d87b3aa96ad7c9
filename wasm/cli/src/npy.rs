//! The NumPy format, version 1.0: a header in Python's notation, then the values.

use anyhow::{Context, Result, bail};
use minilm::Ranges;

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Length of every header that we write: room for any shape, and a multiple of 64 as the format asks for. As it does not
/// depend on the number of rows, the header can be written again when that number is known.
pub const HEADER_LEN: usize = 128;

/// Header of an array `[rows, dim]`; `dtype` is `<f4`, `|i1` or `|u1`.
pub fn header(dtype: &str, rows: usize, dim: usize) -> [u8; HEADER_LEN] {
    let text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    let mut header = [b' '; HEADER_LEN];
    let start = MAGIC.len() + 2;
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..start].copy_from_slice(&((HEADER_LEN - start) as u16).to_le_bytes());
    // Two numbers of 64 bits have 40 digits at most, so the text always fits.
    header[start..][..text.len()].copy_from_slice(text.as_bytes());
    header[HEADER_LEN - 1] = b'\n';
    header
}

/// Ranges from a float32 array `[2, dim]`: smallest values, largest values.
pub fn read_ranges(bytes: &[u8]) -> Result<Ranges> {
    const EXPECTED: &str =
        "a float32 array [2, dim] is needed: np.save(file, np.stack([e.min(0), e.max(0)]).astype(\"<f4\"))";
    let (head, data) = split(bytes).context("not a NumPy file of version 1 or 2")?;
    let head: String = head.chars().filter(|c| !c.is_whitespace()).collect();
    if !head.contains("'descr':'<f4'") || !head.contains("'fortran_order':False") {
        bail!("{EXPECTED}; this is {head}");
    }
    let dim = head.split_once("'shape':(2,").and_then(|(_, rest)| rest.split_once(')')?.0.parse::<usize>().ok());
    let Some(dim) = dim.filter(|&dim| dim > 0) else { bail!("{EXPECTED}; this is {head}") };
    if dim.checked_mul(8) != Some(data.len()) {
        bail!("the header promises 2 x {dim} floats, the file has {} bytes behind it", data.len());
    }
    let values: Vec<f32> = data.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect();
    let (min, max) = values.split_at(dim);
    if let Some(i) = (0..dim).find(|&i| !(min[i].is_finite() && max[i].is_finite() && min[i] <= max[i])) {
        bail!("dimension {i} has the range {} to {}: the first row holds the smallest values", min[i], max[i]);
    }
    Ok(Ranges { min: min.to_vec(), max: max.to_vec() })
}

/// Header text and data.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (version, rest) = bytes.strip_prefix(&MAGIC[..6])?.split_first()?;
    let rest = rest.get(1..)?;
    let (len, rest) = match version {
        1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), &rest[2..]),
        2 => (usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?, &rest[4..]),
        _ => return None,
    };
    let (head, data) = rest.split_at_checked(len)?;
    Some((std::str::from_utf8(head).ok()?, data))
}

#[cfg(test)]
mod tests {
    use super::{HEADER_LEN, header, read_ranges};

    #[test]
    fn headers_are_as_numpy_writes_them() {
        let header = header("<f4", 3, 384);
        assert_eq!(&header[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(header[HEADER_LEN - 1], b'\n');
        let text = String::from_utf8_lossy(&header[10..]);
        assert_eq!(text.trim_end(), "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 384), }");
    }

    #[test]
    fn any_shape_fits() {
        assert_eq!(header("<f4", usize::MAX, usize::MAX)[HEADER_LEN - 2..], *b" \n");
    }

    fn file(dtype: &str, rows: usize, dim: usize, values: &[f32]) -> Vec<u8> {
        let mut file = header(dtype, rows, dim).to_vec();
        file.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        file
    }

    #[test]
    fn ranges_are_read() -> anyhow::Result<()> {
        let ranges = read_ranges(&file("<f4", 2, 2, &[-1.0, -2.0, 1.0, 2.0]))?;
        assert_eq!((ranges.min, ranges.max), (vec![-1.0, -2.0], vec![1.0, 2.0]));
        Ok(())
    }

    #[test]
    fn anything_else_is_refused() {
        let good = file("<f4", 2, 1, &[0.0, 1.0]);
        for len in 0..good.len() {
            assert!(read_ranges(&good[..len]).is_err(), "{len}");
        }
        for bad in [
            file("<f8", 2, 1, &[0.0, 1.0]),
            file("<f4", 1, 2, &[0.0, 1.0]),
            file("<f4", 2, 0, &[]),
            file("<f4", 2, usize::MAX, &[0.0, 1.0]),
            file("<f4", 2, 1, &[1.0, 0.0]),
            file("<f4", 2, 1, &[f32::NAN, 0.0]),
            b"not numpy".to_vec(),
        ] {
            assert!(read_ranges(&bad).is_err(), "{:?}", String::from_utf8_lossy(&bad));
        }
    }
}
