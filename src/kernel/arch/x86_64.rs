//! x86-64 without WebAssembly: the dot products in what the processor has. Floats stay with the scalar backend's lanes, which
//! the compiler turns into SSE by itself.

use super::avx2::Avx2;
use super::avx512_vnni::Avx512Vnni;
use super::scalar::{self, I32x4};
use super::{LANES, PANEL, Step, sse2};

/// The instructions that multiply. Those that not every processor has come with the proof that this one does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DotKernel {
    Sse2,
    Avx2(Avx2),
    Avx512Vnni(Avx512Vnni),
}

impl DotKernel {
    /// The best instructions of this processor.
    #[inline]
    pub(crate) fn probe() -> Self {
        let avx2 = || Avx2::new().map(Self::Avx2);
        Avx512Vnni::new().map(Self::Avx512Vnni).or_else(avx2).unwrap_or(Self::Sse2)
    }

    /// See the scalar backend's `dot_u8`.
    #[inline]
    pub(crate) fn dot_u8<const ROWS: usize>(
        self,
        rows: [&[Step]; ROWS],
        panel: &[i8],
        out: &mut [[I32x4; PANEL / LANES]; ROWS],
    ) {
        match self {
            Self::Sse2 => sse2::dot_u8(rows, panel, out),
            Self::Avx2(avx2) => avx2.dot_u8(rows, panel, out),
            Self::Avx512Vnni(vnni) => vnni.dot_u8(rows, panel, out),
        }
    }
}

/// See the scalar backend. Without AVX2 it is what the compiler makes of the specification.
pub(crate) fn dot_i8(query: &[i16], rows: &[i8], out: &mut [i32]) {
    match Avx2::new() {
        Some(avx2) => avx2.dot_i8(query, rows, out),
        None => scalar::dot_i8(query, rows, out),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::operands;
    use super::*;

    #[test]
    fn every_kernel_gives_the_same_sums() {
        let avx2 = Avx2::new().map(DotKernel::Avx2);
        let vnni = Avx512Vnni::new().map(DotKernel::Avx512Vnni);
        for len in [0, 16, 48, 384, 1536] {
            let (x, w) = operands(3, len);
            let mut expected = [[I32x4::splat(0); 2]];
            scalar::dot_u8([&x], &w, &mut expected);
            for kernel in [Some(DotKernel::Sse2), avx2, vnni].into_iter().flatten() {
                let mut found = [[I32x4::splat(1); 2]];
                kernel.dot_u8([&x], &w, &mut found);
                assert_eq!(found, expected, "{kernel:?}");
            }
        }
    }
}
