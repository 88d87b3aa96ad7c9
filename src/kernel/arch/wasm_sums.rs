//! The sums of a tile, and why kernels keep few values alive.
//!
//! Cranelift computes a value only where it is stored or decides a branch, and moves no load. A round that keeps many sums in
//! registers therefore loads all of its operands first, runs out of registers, and spills. Cranelift spills with `movdqu` and
//! copies registers with `movdqa`, both in SSE encoding, even where every other instruction has the AVX one. On some Intel
//! processors such an instruction takes a hundred cycles while the upper halves of the vector registers are not zero, and
//! whether they are is up to the host. So no hot loop may spill or copy. A loop that would is taken apart: into functions with
//! fewer values, or with sums that are stored in every round. The test `legacy_sse` of `crates/host` looks for such instructions.
#![allow(unsafe_code)]

use core::arch::wasm32::*;

use super::LANES;

/// Most rows of a tile.
const ROWS: usize = 4;

/// Most sums of a row.
const SUMS: usize = 4;

static ZEROS: Zeros = Zeros([[[0; LANES]; SUMS]; ROWS]);

#[repr(align(16))]
struct Zeros([[[i32; LANES]; SUMS]; ROWS]);

/// Zeros for the `N` sums of each of `R` rows, loaded from an address each. One vector of zeros would be copied from register
/// to register, in the SSE encoding again.
#[inline(always)]
pub(super) fn zeros<const N: usize, const R: usize>() -> [[v128; N]; R] {
    const { assert!(N <= SUMS && R <= ROWS) };
    let zero = |zero: &[i32; LANES]| {
        // SAFETY: 16 readable bytes, aligned for v128.
        unsafe { std::ptr::from_ref(zero).cast::<v128>().read_volatile() }
    };
    std::array::from_fn(|row| std::array::from_fn(|i| zero(&ZEROS.0[row][i])))
}
