//! x86-64 without WebAssembly: the dot products in what the processor has. Floats stay with the scalar backend's lanes, which
//! the compiler turns into SSE by itself.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::scalar::{F32x4, I32x4};
use super::{LANES, PANEL, Step};

/// The best instructions of this processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    /// What every x86-64 processor has.
    Sse2,
    Avx2,
    /// The 8-bit dot product of AVX-512 in its 256-bit form.
    Vnni,
}

type Sums<const ROWS: usize> = [[I32x4; PANEL / LANES]; ROWS];

impl Engine {
    #[inline]
    pub(crate) fn probe() -> Self {
        if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl") {
            Self::Vnni
        } else if is_x86_feature_detected!("avx2") {
            Self::Avx2
        } else {
            Self::Sse2
        }
    }

    /// See the scalar backend's `dot_u8`.
    #[inline]
    pub(crate) fn dot_u8<const ROWS: usize>(self, rows: [&[Step]; ROWS], panel: &[i8], out: &mut Sums<ROWS>) {
        match self {
            Self::Sse2 => dot_sse2(rows, panel, out),
            // SAFETY: `probe` has found the instructions.
            Self::Avx2 => unsafe { dot_avx2(rows, panel, out) },
            // SAFETY: as above.
            Self::Vnni => unsafe { dot_vnni(rows, panel, out) },
        }
    }
}

/// Sign-extends the weights to 16 bits: each accumulator holds two half sums for each of two weight rows.
fn dot_sse2<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut Sums<ROWS>) {
    let steps = 2 * super::pairs(&rows, panel);
    // SAFETY: SSE2 is part of x86-64. `pairs` gives steps that fit: the panel has 4 * PANEL = 32 bytes a step, each row 16;
    // unaligned loads and stores have no alignment requirement.
    unsafe {
        let zero = _mm_setzero_si128();
        let mut sums = [[zero; PANEL / 2]; ROWS];
        for step in 0..steps {
            let block = panel.as_ptr().add(step * 4 * PANEL).cast::<__m128i>();
            let (low, high) = (_mm_loadu_si128(block), _mm_loadu_si128(block.add(1)));
            let (low_sign, high_sign) = (_mm_cmpgt_epi8(zero, low), _mm_cmpgt_epi8(zero, high));
            let weights = [
                _mm_unpacklo_epi8(low, low_sign),
                _mm_unpackhi_epi8(low, low_sign),
                _mm_unpacklo_epi8(high, high_sign),
                _mm_unpackhi_epi8(high, high_sign),
            ];
            for (row, sums) in rows.iter().zip(&mut sums) {
                let x = _mm_unpacklo_epi8(_mm_loadu_si128(row.as_ptr().add(step).cast()), zero);
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(w, x));
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            let mut row = [0; PANEL];
            for (pair, sum) in row.chunks_exact_mut(2).zip(sums) {
                let mut halves = [0_i32; 4];
                _mm_storeu_si128(halves.as_mut_ptr().cast(), sum);
                pair.copy_from_slice(&[halves[0] + halves[1], halves[2] + halves[3]]);
            }
            *out = in_vectors(row);
        }
    }
}

/// A whole step of a panel in one register. Two steps are added in 16 bits before they are widened: packing makes that exact
/// (see [`LANE_SUM`](super::LANE_SUM)).
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn dot_avx2<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut Sums<ROWS>) {
    let pairs = super::pairs(&rows, panel);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); ROWS];
    for pair in 0..pairs {
        // SAFETY: `pairs` gives pairs of steps that fit: the panel has 2 * 32 bytes a pair, each row 2 * 16.
        let weights = unsafe {
            let block = panel.as_ptr().add(pair * 8 * PANEL).cast::<__m256i>();
            [_mm256_loadu_si256(block), _mm256_loadu_si256(block.add(1))]
        };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: as above.
            let x = unsafe { [0, 1].map(|step| _mm_loadu_si128(row.as_ptr().add(2 * pair + step).cast())) };
            let dot = |step: usize| _mm256_maddubs_epi16(_mm256_broadcastsi128_si256(x[step]), weights[step]);
            let both = _mm256_add_epi16(dot(0), dot(1));
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(both, ones));
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = in_vectors(stored(sum)));
}

/// # Safety
/// The processor has AVX-512 VNNI and VL.
#[target_feature(enable = "avx512vnni,avx512vl")]
unsafe fn dot_vnni<const ROWS: usize>(rows: [&[Step]; ROWS], panel: &[i8], out: &mut Sums<ROWS>) {
    let pairs = super::pairs(&rows, panel);
    // Even and odd steps apart, as one chain of dependent sums would wait for itself.
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for pair in 0..pairs {
        for step in 0..2 {
            // SAFETY: `pairs` gives pairs of steps that fit: the panel has 32 bytes a step, each row 16.
            let weights = unsafe { _mm256_loadu_si256(panel.as_ptr().add((2 * pair + step) * 4 * PANEL).cast()) };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: as above.
                let x = unsafe { _mm_loadu_si128(row.as_ptr().add(2 * pair + step).cast()) };
                sums[step] = _mm256_dpbusd_epi32(sums[step], _mm256_broadcastsi128_si256(x), weights);
            }
        }
    }
    for (out, [even, odd]) in out.iter_mut().zip(sums) {
        *out = in_vectors(stored(_mm256_add_epi32(even, odd)));
    }
}

#[target_feature(enable = "avx2")]
fn stored(sum: __m256i) -> [i32; PANEL] {
    let mut out = [0; PANEL];
    // SAFETY: `out` is 32 writable bytes, and the store has no alignment requirement.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sum) };
    out
}

/// See the scalar backend.
#[inline(never)]
pub(crate) fn dot_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    panel: &[i16],
    out: &mut [[F32x4; PANEL / LANES]; ROWS],
) {
    let pairs = rows.iter().map(|row| row.len() / 2).fold(panel.len() / (2 * PANEL), usize::min);
    // SAFETY: SSE2 is part of x86-64. The panel has 2 * PANEL values (32 bytes) a pair, each row 4 bytes; unaligned loads and
    // stores have no alignment requirement.
    unsafe {
        let mut sums = [[_mm_setzero_si128(); PANEL / LANES]; ROWS];
        for pair in 0..pairs {
            let block = panel.as_ptr().add(pair * 2 * PANEL).cast::<__m128i>();
            let columns = [_mm_loadu_si128(block), _mm_loadu_si128(block.add(1))];
            for (row, sums) in rows.iter().zip(&mut sums) {
                let x = _mm_set1_epi32(row.as_ptr().cast::<i32>().add(pair).read_unaligned());
                for (sum, y) in sums.iter_mut().zip(columns) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(x, y));
                }
            }
        }
        for (out, sum) in out.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            let mut lanes = [0; LANES];
            _mm_storeu_si128(lanes.as_mut_ptr().cast(), *sum);
            *out = I32x4::new(lanes).to_f32();
        }
    }
}

fn in_vectors(sums: [i32; PANEL]) -> [I32x4; PANEL / LANES] {
    std::array::from_fn(|i| I32x4::new(std::array::from_fn(|lane| sums[i * LANES + lane])))
}

#[cfg(test)]
mod tests {
    use super::super::tests::operands;
    use super::*;

    #[test]
    fn every_engine_gives_the_same_sums() {
        let best = Engine::probe();
        let engines = [Engine::Sse2, Engine::Avx2, Engine::Vnni];
        for len in [0, 16, 48, 384, 1536] {
            let (x, w) = operands(3, len);
            let mut expected = [[I32x4::splat(0); 2]];
            super::super::scalar::dot_u8([&x], &w, &mut expected);
            for engine in engines.iter().take_while(|&&engine| engine as usize <= best as usize) {
                let mut found = [[I32x4::splat(1); 2]];
                engine.dot_u8([&x], &w, &mut found);
                assert_eq!(found, expected, "{engine:?}");
            }
        }
    }
}
