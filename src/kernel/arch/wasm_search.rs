//! The dot product of search, for both SIMD backends: a query of 16 bits needs no relaxed opcode, and memory is the limit.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::wasm_sums::zeros;

/// Rows that share the loads of the query.
const ROWS_AT_ONCE: usize = 4;

/// Values of one load.
const VALUES: usize = 8;

/// See the scalar backend.
pub(crate) fn dot_i8(query: &[i16], rows: &[i8], out: &mut [i32]) {
    let dim = query.len().max(1);
    let (tiles, rest) = out.as_chunks_mut::<ROWS_AT_ONCE>();
    let (head, tail) = rows.split_at((tiles.len() * ROWS_AT_ONCE * dim).min(rows.len()));
    for (rows, out) in head.chunks_exact(ROWS_AT_ONCE * dim).zip(tiles) {
        tile(query, std::array::from_fn(|row| &rows[row * dim..][..dim]), out);
    }
    for (row, out) in tail.chunks_exact(dim).zip(rest) {
        tile(query, [row], std::array::from_mut(out));
    }
}

#[inline(always)]
fn tile<const ROWS: usize>(query: &[i16], rows: [&[i8]; ROWS], out: &mut [i32; ROWS]) {
    let len = rows.iter().map(|row| row.len()).fold(query.len(), usize::min);
    let blocks = len / VALUES;
    let mut sums = zeros::<1, ROWS>();
    for block in 0..blocks {
        // SAFETY: the query has `blocks` blocks of 16 bytes.
        let y = unsafe { v128_load(query.as_ptr().add(block * VALUES).cast()) };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: each row has `blocks` blocks of 8 bytes.
            let x = unsafe { i16x8_load_extend_i8x8(row.as_ptr().add(block * VALUES)) };
            sum[0] = i32x4_add(sum[0], i32x4_dot_i16x8(x, y));
        }
    }
    for ((row, [sum]), out) in rows.iter().zip(sums).zip(out) {
        let rest = row[blocks * VALUES..].iter().zip(&query[blocks * VALUES..]);
        let pairs = i32x4_add(sum, i32x4_shuffle::<2, 3, 0, 1>(sum, sum));
        let body = i32x4_extract_lane::<0>(pairs).wrapping_add(i32x4_extract_lane::<1>(pairs));
        *out = rest.map(|(&x, &y)| i32::from(x) * i32::from(y)).fold(body, i32::wrapping_add);
    }
}
