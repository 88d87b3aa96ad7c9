//! The modules behind the pooling: sentence vector in, sentence vector out, one text at a time.
//!
//! Weights are `f32` in files of both precisions: a sentence needs one product with them, and their matrices are small beside the
//! word embeddings. No fused multiply-add is in it, and sums have one order: the bits depend neither on the engine nor on other texts.

mod activation;
mod config;

pub use config::{DenseActivation, DenseConfig, LayerNormConfig, SentenceModule};
pub(crate) use config::{check, output_dim};

use crate::format::{ModelFile, names};
use crate::kernel::{LayerNorm, add_assign, dot};
use crate::{Error, normalize};

/// The `eps` of `torch.nn.LayerNorm`.
const LAYER_NORM_EPS: f32 = 1e-5;

/// The modules of a model, as views into the packed file.
#[derive(Debug)]
pub(crate) struct SentenceModules<'m> {
    modules: Vec<Module<'m>>,
}

#[derive(Debug)]
enum Module<'m> {
    Normalize,
    Dense(Dense<'m>),
    LayerNorm(LayerNorm<'m>),
}

/// `activation(x Wᵀ + b) + x Rᵀ`.
#[derive(Debug)]
struct Dense<'m> {
    activation: DenseActivation,
    in_features: usize,
    /// `[out_features, in_features]`.
    weight: &'m [f32],
    /// `[out_features]`.
    bias: Option<&'m [f32]>,
    residual: Residual<'m>,
}

#[derive(Debug)]
enum Residual<'m> {
    None,
    /// The input as it is.
    Input,
    /// `[out_features, in_features]`.
    Matrix(&'m [f32]),
}

impl<'m> SentenceModules<'m> {
    pub(crate) fn view(file: &ModelFile<'m>) -> Result<Self, Error> {
        let view = |(index, module): (usize, &SentenceModule)| {
            let tensor = |part: &str, shape: &[usize]| file.tensor(&names::module(index, part), shape);
            Ok(match module {
                SentenceModule::Normalize => Module::Normalize,
                SentenceModule::Dense(config) => {
                    let shape = [config.out_features, config.in_features];
                    Module::Dense(Dense {
                        activation: config.activation,
                        in_features: config.in_features,
                        weight: tensor("weight", &shape)?,
                        bias: config.bias.then(|| tensor("bias", &shape[..1])).transpose()?,
                        residual: match (config.use_residual, shape[0] == shape[1]) {
                            (false, _) => Residual::None,
                            (true, true) => Residual::Input,
                            (true, false) => Residual::Matrix(tensor("residual", &shape)?),
                        },
                    })
                }
                SentenceModule::LayerNorm(config) => Module::LayerNorm(LayerNorm {
                    weight: tensor("weight", &[config.dimension])?,
                    bias: tensor("bias", &[config.dimension])?,
                    eps: LAYER_NORM_EPS,
                }),
            })
        };
        let modules = &file.config().modules;
        Ok(Self { modules: modules.iter().enumerate().map(view).collect::<Result<_, Error>>()? })
    }

    /// From a pooled vector to the model's own, in place.
    pub(crate) fn forward(&self, vector: &mut Vec<f32>) {
        for module in &self.modules {
            match module {
                Module::Normalize => normalize(vector),
                Module::LayerNorm(norm) => norm.forward(vector),
                Module::Dense(dense) => *vector = dense.forward(vector),
            }
        }
    }
}

impl Dense<'_> {
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let product = |matrix: &[f32]| matrix.chunks_exact(self.in_features).map(|row| dot(row, x)).collect();
        let mut out: Vec<f32> = product(self.weight);
        if let Some(bias) = self.bias {
            add_assign(&mut out, bias);
        }
        self.activation.apply(&mut out);
        match self.residual {
            Residual::None => {}
            Residual::Input => add_assign(&mut out, x),
            Residual::Matrix(matrix) => add_assign(&mut out, &product(matrix)),
        }
        out
    }
}
