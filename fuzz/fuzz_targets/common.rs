//! What targets share: the tiny model of the tests, and how the bytes of an input are read.
#![allow(dead_code, reason = "each target uses its own part")]
#![allow(missing_docs, reason = "no library")]

#[path = "../../crates/convert/tests/oracle/mod.rs"]
pub mod oracle;
#[path = "../../tests/common/packed_file.rs"]
pub mod packed_file;
#[path = "../../tests/common/random.rs"]
pub mod random;
#[path = "../../tests/common/tiny.rs"]
pub mod tiny;

/// The first byte, 0 where there is none, and the rest.
pub fn split(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(&first, rest)| (first, rest))
}

/// A valid file with changes, of six bytes each: where (four, little-endian), how, and with what.
pub fn changed(file: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for &[a, b, c, d, how, value] in changes.as_chunks().0 {
        if file.is_empty() {
            break;
        }
        let at = u32::from_le_bytes([a, b, c, d]) as usize % file.len();
        match how % 5 {
            0 => file[at] = value,
            1 => file[at] ^= 1 << (value % 8),
            2 => file[at..].iter_mut().take(4).for_each(|byte| *byte = value),
            3 => drop(file.splice(at..at, [value])),
            _ => drop(file.drain(at..(at + usize::from(value)).min(file.len()))),
        }
    }
    file
}
