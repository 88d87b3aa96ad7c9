//! The tiny model of the tests, and the first bytes of an input as its settings.
#![allow(dead_code, reason = "each target uses its own part")]

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
