//! The exponential function on vectors, `exp(x)` for `x <= 0`, to a relative error of 2e-7.
//!
//! `x = n ln 2 + r` with `|r| <= ln 2 / 2` (Cody and Waite's two-step reduction), and the Taylor polynomial of degree 7 on `r`, whose
//! remainder is below 6e-9 there: `exp(x)` is [`exp_reduced`] of `r` times `2^n`.

use super::arch::F32x4;

/// Below this, `exp` is taken as `exp(-87)`, about 1.6e-38: the smallest result that is a normal number.
const LOWEST: f32 = -87.0;

/// `r` and `2^n` of `x <= 0`.
#[inline(always)]
pub(super) fn reduce(x: F32x4) -> (F32x4, F32x4) {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.max(F32x4::splat(LOWEST));
    let n = x.mul(F32x4::splat(std::f32::consts::LOG2_E)).round();
    let r = x.sub(n.mul(F32x4::splat(LN2_HIGH))).sub(n.mul(F32x4::splat(LN2_LOW)));
    (r, n.exp2_int())
}

/// `exp(r)` for `|r| <= ln 2 / 2`.
#[inline(always)]
pub(super) fn exp_reduced(r: F32x4) -> F32x4 {
    let mut p = F32x4::splat(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p.mul(r).add(F32x4::splat(coefficient));
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp_non_positive(x: F32x4) -> F32x4 {
        let (r, power) = reduce(x);
        exp_reduced(r).mul(power)
    }

    #[test]
    fn close_to_the_real_one() {
        for step in 0..=87_000 {
            let x = -(step as f32) / 1000.0;
            let [found, ..] = exp_non_positive(F32x4::splat(x)).to_array();
            let expected = f64::from(x).exp();
            let error = (f64::from(found) - expected).abs() / expected;
            assert!(error <= 2e-7, "exp({x}) = {found}, off by {error:e}");
        }
    }

    #[test]
    fn far_below_is_as_good_as_zero() {
        let [found, ..] = exp_non_positive(F32x4::splat(-1e30)).to_array();
        assert!((0.0..1e-37).contains(&found));
    }
}
