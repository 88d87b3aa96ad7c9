//! The GELU activation, exact form: `x (1 + erf(x / sqrt 2)) / 2` (Hendrycks and Gimpel, 2016), as close as `f32` can tell,
//! and as close as 7 bits can tell.

use super::arch::F32x4;

/// Numerator of the rational minimax approximation `erf(z) = z P(z²) / Q(z²)` on [-4, 4], highest power first.
const P: [f32; 7] =
    [-2.726_142e-10, 2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2];

/// Denominator of the same.
const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];

/// The numerator of `erf(x / sqrt 2)`.
#[inline(always)]
pub(crate) fn numerator(x: F32x4) -> F32x4 {
    let z = cut(x);
    z.mul(fused_polynomial(z.mul(z), &P))
}

/// GELU of `x`, where the [`numerator`] is known, to an absolute error of 4e-7 (1 + |x|). For `f32` models only: the last digit
/// may depend on the engine.
#[inline(always)]
pub(crate) fn from_numerator(x: F32x4, numerator: F32x4) -> F32x4 {
    let z = cut(x);
    let erf = numerator.div(fused_polynomial(z.mul(z), &Q));
    x.mul(F32x4::splat(0.5)).mul(erf.add(F32x4::splat(1.0)))
}

#[inline(always)]
fn cut(x: F32x4) -> F32x4 {
    let z = x.mul(F32x4::splat(std::f32::consts::FRAC_1_SQRT_2));
    z.max(F32x4::splat(-4.0)).min(F32x4::splat(4.0))
}

#[inline(always)]
fn fused_polynomial<const N: usize>(x: F32x4, coefficients: &[f32; N]) -> F32x4 {
    let (&highest, rest) = coefficients.split_first().unwrap_or((&0.0, &[]));
    rest.iter().fold(F32x4::splat(highest), |sum, &coefficient| sum.mul_add(x, F32x4::splat(coefficient)))
}

#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, coefficients: &[f32; N]) -> F32x4 {
    let mut sum = F32x4::splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = sum.mul(x).add(F32x4::splat(coefficient));
    }
    sum
}

/// Where the coarse approximation reaches 0 and `x`.
const COARSE_END: f32 = 4.0;

/// Polynomial of the coarse approximation `x (1/2 + u C(u²))`, with `u` being `x` cut to ±[`COARSE_END`], highest power first:
/// the least largest error under the condition that `u C(u²)` ends at 1/2.
const COARSE: [f32; 8] = [
    -1.217_689_5e-9,
    9.930_811e-8,
    -3.541_694_2e-6,
    7.344_482_6e-5,
    -9.970_279e-4,
    9.471_368e-3,
    -6.582_937_4e-2,
    3.986_388_4e-1,
];

/// GELU of each lane, to an absolute error of 1.4e-4: a thirtieth of the finest step that its results are quantized to, at half
/// the price and without a division.
#[inline(always)]
pub(crate) fn gelu_coarse(x: F32x4) -> F32x4 {
    let u = x.max(F32x4::splat(-COARSE_END)).min(F32x4::splat(COARSE_END));
    x.mul(u.mul(polynomial(u.mul(u), &COARSE)).add(F32x4::splat(0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gelu(x: F32x4) -> F32x4 {
        from_numerator(x, numerator(x))
    }

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

    fn check(gelu: impl Fn(F32x4) -> F32x4, tolerance: impl Fn(f64) -> f64) {
        for step in -120_000..=120_000 {
            let x = step as f32 / 4000.0;
            let [found, ..] = gelu(F32x4::splat(x)).to_array();
            let error = (f64::from(found) - reference(f64::from(x))).abs();
            assert!(error <= tolerance(x.abs().into()), "gelu({x}) = {found}, off by {error:e}");
        }
    }

    #[test]
    fn close_to_the_definition() {
        check(gelu, |x| 4e-7 * (1.0 + x));
    }

    #[test]
    fn coarse_but_close_enough() {
        check(gelu_coarse, |_| 1.4e-4);
    }
}
