//! The GELU activation, exact form: `x (1 + erf(x / sqrt 2)) / 2` (Hendrycks and Gimpel, 2016).

use super::arch::{F32x4, LANES};

/// Numerator of the rational minimax approximation `erf(z) = z P(z²) / Q(z²)` on [-4, 4], highest power first.
const P: [f32; 7] =
    [-2.726_142e-10, 2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2];

/// Denominator of the same.
const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];

/// Applies GELU in place, to an absolute error of 4e-7 (1 + |x|).
pub(crate) fn gelu(values: &mut [f32]) {
    for chunk in values.chunks_mut(LANES) {
        gelu_lanes(F32x4::load_or(chunk, 0.0)).store(chunk);
    }
}

#[inline(always)]
fn gelu_lanes(x: F32x4) -> F32x4 {
    let half = F32x4::splat(0.5);
    let erf = erf(x.mul(F32x4::splat(std::f32::consts::FRAC_1_SQRT_2)));
    x.mul(half).mul(erf.add(F32x4::splat(1.0)))
}

#[inline(always)]
fn erf(z: F32x4) -> F32x4 {
    let z = z.max(F32x4::splat(-4.0)).min(F32x4::splat(4.0));
    let square = z.mul(z);
    z.mul(polynomial(square, &P)).div(polynomial(square, &Q))
}

#[inline(always)]
fn polynomial(x: F32x4, coefficients: &[f32]) -> F32x4 {
    let zero = F32x4::splat(0.0);
    coefficients.iter().fold(zero, |sum, &coefficient| sum.mul(x).add(F32x4::splat(coefficient)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun 7.1.5, summed in f64: exact to the last digit of f32 for |z| <= 5.
    fn erf_series(z: f64) -> f64 {
        let (mut term, mut sum, mut n) = (z, z, 0.0);
        while term.abs() > 1e-18 {
            n += 1.0;
            term *= -z * z / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    fn reference(x: f64) -> f64 {
        let z = x / std::f64::consts::SQRT_2;
        let erf = if z.abs() > 5.0 { z.signum() } else { erf_series(z) };
        x * (1.0 + erf) / 2.0
    }

    #[test]
    fn close_to_the_definition() {
        for step in -60_000..=60_000 {
            let x = step as f32 / 4000.0;
            let mut found = [x];
            gelu(&mut found);
            let error = (f64::from(found[0]) - reference(f64::from(x))).abs();
            assert!(error <= 4e-7 * (1.0 + f64::from(x.abs())), "gelu({x}) = {}, off by {error:e}", found[0]);
        }
    }

    #[test]
    fn every_length_gives_the_same_values() {
        let values = super::super::testing::noise(1, 65);
        let mut whole = values.clone();
        gelu(&mut whole);
        for len in 0..=65 {
            let mut part = values[..len].to_vec();
            gelu(&mut part);
            assert_eq!(part, whole[..len]);
        }
    }
}
