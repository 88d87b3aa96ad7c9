//! The functions of `torch.nn` for single values.
//!
//! They are computed in `f64` by `libm`, which is plain arithmetic without the functions of a platform: the same bits
//! everywhere, and after rounding to `f32` nearly always those of the exact result.

use std::f64::consts::FRAC_1_SQRT_2;

use super::config::DenseActivation;

/// Both parameters of SELU.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

impl DenseActivation {
    /// Applies the function to each value.
    pub(super) fn apply(self, values: &mut [f32]) {
        if self != Self::Identity {
            values.iter_mut().for_each(|x| *x = self.of(f64::from(*x)) as f32);
        }
    }

    fn of(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Tanh => libm::tanh(x),
            Self::Relu => or_below_0(x, 0.0),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::LeakyRelu => or_below_0(x, 0.01 * x),
            Self::Elu | Self::Celu => or_below_0(x, libm::expm1(x)),
            Self::Selu => SELU_SCALE * or_below_0(x, SELU_ALPHA * libm::expm1(x)),
            Self::Gelu => x * 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2)),
            Self::Silu => x * sigmoid(x),
            Self::Mish => x * libm::tanh(softplus(x)),
            Self::Sigmoid => sigmoid(x),
            Self::LogSigmoid => -softplus(-x),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Tanhshrink => x - libm::tanh(x),
            Self::Softshrink if x.abs() <= 0.5 => 0.0,
            Self::Softshrink => x - 0.5_f64.copysign(x),
            Self::Hardshrink if x.abs() <= 0.5 => 0.0,
            Self::Hardshrink => x,
            Self::Hardtanh => x.clamp(-1.0, 1.0),
            Self::Hardsigmoid => hardsigmoid(x),
            Self::Hardswish => x * hardsigmoid(x),
        }
    }
}

/// `below` where `x` is negative, else `x`. NaN stays NaN, as in all of these functions: damaged weights must not give vectors.
fn or_below_0(x: f64, below: f64) -> f64 {
    if x < 0.0 { below } else { x }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// `ln(1 + exp(x))`, which is `x` to the last digit of `f32` from 20 on.
fn softplus(x: f64) -> f64 {
    if x > 20.0 { x } else { libm::log1p(libm::exp(x)) }
}

fn hardsigmoid(x: f64) -> f64 {
    (x / 6.0 + 0.5).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// By `tests/golden/make_shapes.py`. Classes in lower case are the names in a configuration.
    const GOLDEN: &str = include_str!("../../tests/golden/activations.json");

    #[test]
    fn all_are_those_of_torch() {
        let mut expected: BTreeMap<String, Vec<f32>> = serde_json::from_str(GOLDEN).expect("it is a map of lists");
        let x = expected.remove("x").expect("it has the arguments");
        assert_eq!(expected.len(), 21);
        for (class, expected) in expected {
            let name = serde_json::Value::String(class.to_lowercase());
            let activation: DenseActivation = serde_json::from_value(name).expect("it is one");
            let mut found = x.clone();
            activation.apply(&mut found);
            for ((x, found), expected) in x.iter().zip(found).zip(expected) {
                let tolerance = f32::EPSILON * expected.abs().max(1e-30);
                assert!((found - expected).abs() <= tolerance, "{class}({x}) = {found}, not {expected}");
            }
        }
    }

    #[test]
    fn none_makes_a_number_of_nan() {
        for class in
            ["identity", "tanh", "relu", "relu6", "selu", "gelu", "softplus", "softshrink", "hardtanh", "hardswish"]
        {
            let activation: DenseActivation = serde_json::from_str(&format!("{class:?}")).expect("it is one");
            let mut x = [f32::NAN];
            activation.apply(&mut x);
            assert!(x[0].is_nan(), "{class}");
        }
    }
}
