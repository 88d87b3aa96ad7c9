//! 4-bit integers, -8 to 7, two to a byte: the even one in the lower bits.

/// Values of a row that share a multiplier.
pub const INT4_GROUP: usize = 32;

/// Bytes of `count` values.
#[must_use]
pub fn int4_len(count: usize) -> usize {
    count.div_ceil(2)
}

/// The bytes of `values`, each of which is in -8..=7; of others, the lower four bits are kept. The upper half of an odd last byte
/// is 0.
#[must_use]
pub fn pack_int4(values: &[i8]) -> Vec<u8> {
    let nibble = |value: i8| value as u8 & 0x0f;
    values.chunks(2).map(|pair| nibble(pair[0]) | nibble(pair.get(1).copied().unwrap_or(0)) << 4).collect()
}

/// The values in `bytes`, an even number of them. The product of two such values is in -56..=64.
#[inline]
pub fn unpack_int4(bytes: &[u8]) -> impl Iterator<Item = i8> + '_ {
    // Shifting a signed byte to the right fills it up with its sign.
    bytes.iter().flat_map(|&byte| [(byte << 4) as i8 >> 4, byte as i8 >> 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let values: Vec<i8> = (-8..8).flat_map(|a| (-8..8).flat_map(move |b| [a, b])).collect();
        let bytes = pack_int4(&values);
        assert_eq!(bytes.len(), int4_len(values.len()));
        assert!(unpack_int4(&bytes).eq(values));
    }

    #[test]
    fn the_first_value_is_in_the_lower_bits() {
        assert_eq!(pack_int4(&[1, -1, -8]), [0xf1, 0x08]);
        assert!(unpack_int4(&[0xf1, 0x08]).eq([1, -1, -8, 0]));
        assert_eq!((int4_len(0), int4_len(1), int4_len(2), int4_len(3)), (0, 1, 1, 2));
    }
}
