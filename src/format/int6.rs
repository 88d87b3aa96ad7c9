//! 6-bit integers, -32 to 31, four to three bytes, the first one in the lowest bits.

/// Bytes of `count` values, a multiple of four.
pub(super) fn int6_len(count: usize) -> usize {
    count / 4 * 3
}

/// The bytes of `values`, each of which is in -32..=31; of others, the lower six bits are kept. Values behind the last whole four are
/// not written.
#[must_use]
pub fn pack_int6(values: &[i8]) -> Vec<u8> {
    let (fours, _) = values.as_chunks::<4>();
    let bits = |four: &[i8; 4]| four.iter().rev().fold(0, |bits, &value| bits << 6 | u32::from(value as u8 & 0x3f));
    fours.iter().flat_map(|four| bits(four).to_le_bytes()[..3].to_vec()).collect()
}

/// Writes the values in `bytes` to `out`, as many as both have room for. Any bytes are valid.
pub fn unpack_int6(bytes: &[u8], out: &mut [i8]) {
    for (three, four) in bytes.as_chunks::<3>().0.iter().zip(out.as_chunks_mut::<4>().0) {
        let bits = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        // Two bits to the left, the sign of a value is that of its byte.
        *four = [bits << 2, bits >> 4, bits >> 10, bits >> 16].map(|bits| bits as i8 >> 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_from_every_place() {
        let values: Vec<i8> =
            (-32..32).flat_map(|a| [a, -1, 31, -32, 0, a, -a / 2, 5, 7, -9, a, 31, -32, 1, 0, a]).collect();
        let bytes = pack_int6(&values);
        assert_eq!(bytes.len(), int6_len(values.len()));
        let mut found = vec![0; values.len()];
        unpack_int6(&bytes, &mut found);
        assert_eq!(found, values);
    }

    #[test]
    fn the_first_value_is_in_the_lowest_bits() {
        assert_eq!(pack_int6(&[1, 2, 3, -1]), [0x81, 0x30, 0xfc]);
        assert_eq!((int6_len(0), int6_len(4), int6_len(16)), (0, 3, 12));
    }

    #[test]
    fn any_bytes_are_values_in_range() {
        let bytes: Vec<u8> = (0..=255_u8).flat_map(|a| [a, a.wrapping_mul(7), 255 - a]).collect();
        let mut found = vec![0; bytes.len() / 3 * 4];
        unpack_int6(&bytes, &mut found);
        assert!(found.iter().all(|value| (-32..32).contains(value)));
        assert_eq!(pack_int6(&found), bytes);
    }
}
