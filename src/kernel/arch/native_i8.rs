//! The dot product of search on x86-64: AVX2 where it is, else what the compiler makes of the specification.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::scalar;

/// Values of one load.
const VALUES: usize = 16;

/// See the scalar backend.
pub(crate) fn dot_i8(query: &[i16], rows: &[i8], out: &mut [i32]) {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { dot_avx2(query, rows, out) }
    } else {
        scalar::dot_i8(query, rows, out);
    }
}

/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn dot_avx2(query: &[i16], rows: &[i8], out: &mut [i32]) {
    for (row, out) in rows.chunks(query.len().max(1)).zip(out) {
        let blocks = row.len().min(query.len()) / VALUES;
        let mut sums = _mm256_setzero_si256();
        for block in 0..blocks {
            // SAFETY: `blocks` blocks of 16 values fit into both; unaligned loads have no alignment requirement.
            let (x, y) = unsafe {
                (
                    _mm_loadu_si128(row.as_ptr().add(block * VALUES).cast()),
                    _mm256_loadu_si256(query.as_ptr().add(block * VALUES).cast()),
                )
            };
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_cvtepi8_epi16(x), y));
        }
        let mut lanes = [0_i32; 8];
        // SAFETY: `lanes` is 32 writable bytes, and the store has no alignment requirement.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) };
        let rest = row[blocks * VALUES..].iter().zip(&query[blocks * VALUES..]);
        let rest = rest.map(|(&x, &y)| i32::from(x) * i32::from(y));
        *out = lanes.into_iter().chain(rest).fold(0, i32::wrapping_add);
    }
}
