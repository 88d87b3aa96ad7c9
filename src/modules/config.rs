//! What the configuration says about the modules behind the pooling.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::MAX_SIZE;

/// Most modules behind the pooling.
pub(crate) const MAX_MODULES: usize = 32;

/// A step from a sentence vector to a sentence vector, behind the pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentenceModule {
    /// Scales to length 1.
    Normalize,
    /// A linear layer and a function of each of its outputs.
    Dense(DenseConfig),
    /// Layer normalization.
    LayerNorm(LayerNormConfig),
}

/// Shape of a [`SentenceModule::Dense`]. Field names are those of sentence-transformers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Width of the vectors that come in, 1 to 65,536.
    pub in_features: usize,
    /// Width of the vectors that go out, 1 to 65,536.
    pub out_features: usize,
    /// Whether a bias is added before the activation.
    pub bias: bool,
    /// What is done to each output.
    pub activation: DenseActivation,
    /// Whether the input is added behind the activation: as it is where both widths are the same, else through a matrix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_residual: bool,
}

/// Shape of a [`SentenceModule::LayerNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNormConfig {
    /// Width of the vectors, 1 to 65,536.
    pub dimension: usize,
}

/// A function of each output of a [`SentenceModule::Dense`]: a class of `torch.nn` with its default arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DenseActivation {
    /// `torch.nn.Identity`.
    Identity,
    /// `torch.nn.Tanh`.
    Tanh,
    /// `torch.nn.ReLU`.
    Relu,
    /// `torch.nn.ReLU6`.
    Relu6,
    /// `torch.nn.LeakyReLU`, slope 0.01.
    LeakyRelu,
    /// `torch.nn.ELU`, alpha 1.
    Elu,
    /// `torch.nn.CELU`, alpha 1.
    Celu,
    /// `torch.nn.SELU`.
    Selu,
    /// `torch.nn.GELU`, the exact form.
    Gelu,
    /// `torch.nn.SiLU`.
    Silu,
    /// `torch.nn.Mish`.
    Mish,
    /// `torch.nn.Sigmoid`.
    Sigmoid,
    /// `torch.nn.LogSigmoid`.
    LogSigmoid,
    /// `torch.nn.Softplus`, beta 1, threshold 20.
    Softplus,
    /// `torch.nn.Softsign`.
    Softsign,
    /// `torch.nn.Tanhshrink`.
    Tanhshrink,
    /// `torch.nn.Softshrink`, lambda 0.5.
    Softshrink,
    /// `torch.nn.Hardshrink`, lambda 0.5.
    Hardshrink,
    /// `torch.nn.Hardtanh`, -1 to 1.
    Hardtanh,
    /// `torch.nn.Hardsigmoid`.
    Hardsigmoid,
    /// `torch.nn.Hardswish`.
    Hardswish,
}

/// Width of the vectors behind `modules`, where `width` is that of the pooled ones.
pub(crate) fn output_dim(modules: &[SentenceModule], width: usize) -> usize {
    let dense = modules.iter().rev().find_map(|module| match module {
        SentenceModule::Dense(dense) => Some(dense.out_features),
        SentenceModule::Normalize | SentenceModule::LayerNorm(_) => None,
    });
    dense.unwrap_or(width)
}

/// Checks that each of `modules` takes what the one before gives, the first one vectors of `width` values.
pub(crate) fn check(modules: &[SentenceModule], mut width: usize) -> Result<(), Error> {
    if modules.len() > MAX_MODULES {
        return Err(Error::config("modules", format!("there are {}, the limit is {MAX_MODULES}", modules.len())));
    }
    for (index, module) in modules.iter().enumerate() {
        let field = |name: &str| format!("modules.{index}.{name}");
        let takes = |name: &str, found: usize| match found == width {
            true => Ok(()),
            false => Err(Error::config(field(name), format!("{found} is not {width}, the width of what comes in"))),
        };
        match module {
            SentenceModule::Normalize => {}
            SentenceModule::LayerNorm(norm) => takes("dimension", norm.dimension)?,
            SentenceModule::Dense(dense) => {
                takes("in_features", dense.in_features)?;
                if !(1..=MAX_SIZE).contains(&dense.out_features) {
                    let reason = format!("{} is not in 1..={MAX_SIZE}", dense.out_features);
                    return Err(Error::config(field("out_features"), reason));
                }
                width = dense.out_features;
            }
        }
    }
    Ok(())
}
