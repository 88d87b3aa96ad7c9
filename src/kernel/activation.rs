//! What a linear layer does to its outputs.

use super::arch::{F32x4, LANES, PANEL};
use super::gelu::{from_numerator, gelu_coarse, numerator};
use super::panel::TILE;

/// A function of each output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// The output itself.
    Identity,
    /// GELU as close as `f32` can tell.
    Gelu,
    /// GELU as close as 7 bits can tell.
    CoarseGelu,
}

impl Activation {
    /// Applies the function in place.
    #[inline(always)]
    pub(crate) fn apply(self, rows: &mut [[f32; PANEL]]) {
        match self {
            Self::Identity => {}
            Self::Gelu => gelu_in_two(rows),
            Self::CoarseGelu => map(rows, gelu_coarse),
        }
    }
}

// Loops in functions of their own: with anything else in them, the coefficients of a polynomial do not stay in registers.

#[inline(never)]
fn map(rows: &mut [[f32; PANEL]], function: impl Fn(F32x4) -> F32x4) {
    for x in rows.as_flattened_mut().as_chunks_mut::<LANES>().0 {
        *x = function(F32x4::new(*x)).to_array();
    }
}

/// GELU in two loops, as it has too many coefficients for one.
fn gelu_in_two(rows: &mut [[f32; PANEL]]) {
    for rows in rows.chunks_mut(TILE) {
        let mut numerators = [[0.0; PANEL]; TILE];
        numerators[..rows.len()].copy_from_slice(rows);
        map(&mut numerators[..rows.len()], numerator);
        finish_gelu(rows, &numerators);
    }
}

#[inline(never)]
fn finish_gelu(rows: &mut [[f32; PANEL]], numerators: &[[f32; PANEL]]) {
    let numerators = numerators.as_flattened().as_chunks::<LANES>().0;
    for (x, numerator) in rows.as_flattened_mut().as_chunks_mut::<LANES>().0.iter_mut().zip(numerators) {
        *x = from_numerator(F32x4::new(*x), F32x4::new(*numerator)).to_array();
    }
}
