//! The encoder as the paper writes it, in `f32` on candle, one text at a time: slow, readable, and the reference that the
//! kernels of [`minilm`] are tested against. Only tests use this crate.

use std::borrow::Cow;
use std::collections::HashMap;

use candle_core::{D, Device, Tensor};
use minilm::format::names;
use minilm::{DenseActivation, DenseConfig, EncoderConfig, Pooling, SentenceModule, Tokens, normalize};
use minilm_convert::{Source, Weights};

/// Why the reference gives no vector.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tokens or the weights do not fit the configuration.
    #[error(transparent)]
    Model(#[from] minilm::Error),
    /// candle has no such function.
    #[error("the activation {0:?} is not in the reference")]
    Activation(DenseActivation),
    /// candle reported an error.
    #[error("candle: {0}")]
    Candle(candle_core::Error),
}

// By hand, as `#[from]` would make it a source too, and it is in the message already.
impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(error)
    }
}

/// A model over the weights of a `model.safetensors`.
#[derive(Debug)]
pub struct Reference<'s> {
    config: &'s EncoderConfig,
    modules: &'s [SentenceModule],
    normalize: bool,
    weights: &'s Weights,
    tensors: HashMap<&'s str, Tensor>,
}

impl<'s> Reference<'s> {
    /// The model of `source`.
    ///
    /// # Errors
    /// [`Error::Candle`] where candle does not take a tensor.
    pub fn new(source: &'s Source) -> Result<Self, Error> {
        let weights = source.weights();
        let tensor = |(name, shape, values): (&'s str, &[usize], Cow<'s, [f32]>)| {
            Ok::<_, Error>((name, Tensor::from_slice(&values, shape, &Device::Cpu)?))
        };
        Ok(Self {
            config: &source.config().encoder,
            modules: &source.config().modules,
            normalize: source.config().normalize,
            weights,
            tensors: weights.iter().map(tensor).collect::<Result<_, _>>()?,
        })
    }

    /// The sentence vector of one text: pooled, through the modules behind, and normalized where the model does so.
    ///
    /// # Errors
    /// [`Error::Model`] for an id outside the vocabulary, and where the weights do not fit the configuration.
    pub fn embed(&self, tokens: &Tokens, pooling: Pooling) -> Result<Vec<f32>, Error> {
        let mut rows = pool(pooling, &self.forward(tokens)?)?.unsqueeze(0)?;
        for (index, module) in self.modules.iter().enumerate() {
            let name = format!("modules.{index}");
            rows = match module {
                SentenceModule::Normalize => rows.broadcast_div(&rows.sqr()?.sum_keepdim(1)?.sqrt()?)?,
                SentenceModule::LayerNorm(_) => self.layer_norm(&name, &rows, 1e-5)?,
                SentenceModule::Dense(config) => self.dense(&name, &rows, config)?,
            };
        }
        let mut vector = rows.get(0)?.to_vec1::<f32>()?;
        if self.normalize {
            normalize(&mut vector);
        }
        Ok(vector)
    }

    /// Token vectors `[tokens, hidden_size]` of one text.
    ///
    /// # Errors
    /// As for [`Reference::embed`].
    pub fn forward(&self, tokens: &Tokens) -> Result<Tensor, Error> {
        let mut hidden = self.embeddings(tokens)?;
        for layer in 0..self.config.num_hidden_layers {
            let at = |part: &str| format!("encoder.layer.{layer}.{part}");
            let attention = self.attention(layer, &hidden)?;
            hidden =
                self.layer_norm(&at("attention.output.LayerNorm"), &(hidden + attention)?, self.config.layer_norm_eps)?;
            let inner = self.linear(&at("intermediate.dense"), &hidden, self.config.intermediate_size)?.gelu_erf()?;
            let output = self.linear(&at("output.dense"), &inner, self.config.hidden_size)?;
            hidden = self.layer_norm(&at("output.LayerNorm"), &(hidden + output)?, self.config.layer_norm_eps)?;
        }
        Ok(hidden)
    }

    fn embeddings(&self, tokens: &Tokens) -> Result<Tensor, Error> {
        // Where padding has a position of its own, it is not counted.
        let padding = self.config.padding_id;
        let first = u32::from(padding.is_some());
        let mut next = first..;
        let position = |&id: &u32| if padding == Some(id) { Some(0) } else { next.next() };
        let positions: Vec<u32> = tokens.ids.iter().filter_map(position).collect();
        let mut sum = self.rows("word", self.config.vocab_size, &tokens.ids)?;
        if self.config.type_vocab_size > 0 {
            sum = (sum + self.rows("token_type", self.config.type_vocab_size, &tokens.type_ids)?)?;
        }
        let rows = self.config.max_position_embeddings + first as usize;
        let sum = (sum + self.rows("position", rows, &positions)?)?;
        self.layer_norm("embeddings.LayerNorm", &sum, self.config.layer_norm_eps)
    }

    fn rows(&self, table: &str, vocab_size: usize, ids: &[u32]) -> Result<Tensor, Error> {
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(minilm::Error::TokenId { index: 0, id, token: None, vocab_size }.into());
        }
        let name = format!("embeddings.{table}_embeddings.weight");
        let rows = self.tensor(&name, &[vocab_size, self.config.hidden_size])?;
        Ok(rows.index_select(&Tensor::new(ids, rows.device())?, 0)?)
    }

    /// What is added to scores `[heads, tokens, tokens]`, by the distance from the query to the key.
    fn bias(&self, tokens: usize, distance: usize) -> Result<Tensor, Error> {
        let heads = self.config.num_attention_heads;
        let by_distance = self.tensor(names::ATTENTION_BIAS, &[heads, 2 * distance + 1])?;
        let column = |query: usize, key: usize| (key + distance).saturating_sub(query).min(2 * distance) as u32;
        let columns = (0..tokens).flat_map(|query| (0..tokens).map(move |key| column(query, key)));
        let columns = Tensor::from_iter(columns, by_distance.device())?;
        Ok(by_distance.index_select(&columns, 1)?.reshape((heads, tokens, tokens))?)
    }

    /// `softmax(Q Kᵀ / sqrt(head_size) + bias) V` for every head, and the output projection.
    fn attention(&self, layer: usize, hidden: &Tensor) -> Result<Tensor, Error> {
        let size = self.config.hidden_size;
        let heads = self.config.num_attention_heads;
        let tokens = hidden.dim(0)?;
        let project = |part: &str| -> Result<Tensor, Error> {
            let name = format!("encoder.layer.{layer}.attention.self.{part}");
            let flat = self.linear(&name, hidden, size)?;
            Ok(flat.reshape((tokens, heads, size / heads))?.transpose(0, 1)?.contiguous()?)
        };
        let (query, key, value) = (project("query")?, project("key")?, project("value")?);
        let scores = (query.matmul(&key.t()?)? / (size as f64 / heads as f64).sqrt())?;
        let scores = match self.config.relative_attention_distance {
            0 => scores,
            distance => (scores + self.bias(tokens, distance)?)?,
        };
        let powers = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        let probabilities = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?;
        let context = probabilities.matmul(&value)?.transpose(0, 1)?.reshape((tokens, size))?;
        self.linear(&format!("encoder.layer.{layer}.attention.output.dense"), &context, size)
    }

    /// `activation(x Wᵀ + b) + x Rᵀ`.
    fn dense(&self, name: &str, x: &Tensor, config: &DenseConfig) -> Result<Tensor, Error> {
        let shape = [config.out_features, config.in_features];
        let mut out = x.matmul(&self.tensor(&format!("{name}.weight"), &shape)?.t()?)?;
        if config.bias {
            out = out.broadcast_add(self.tensor(&format!("{name}.bias"), &shape[..1])?)?;
        }
        let out = match config.activation {
            DenseActivation::Identity => out,
            DenseActivation::Tanh => out.tanh()?,
            DenseActivation::Relu => out.relu()?,
            DenseActivation::Gelu => out.gelu_erf()?,
            DenseActivation::Silu => out.silu()?,
            DenseActivation::Elu => out.elu(1.0)?,
            other => return Err(Error::Activation(other)),
        };
        Ok(match (config.use_residual, shape[0] == shape[1]) {
            (false, _) => out,
            (true, true) => (out + x)?,
            (true, false) => (out + x.matmul(&self.tensor(&format!("{name}.residual"), &shape)?.t()?)?)?,
        })
    }

    /// `x Wᵀ + b`.
    fn linear(&self, name: &str, x: &Tensor, out_features: usize) -> Result<Tensor, Error> {
        let weight = self.tensor(&format!("{name}.weight"), &[out_features, x.dim(1)?])?;
        let bias = self.tensor(&format!("{name}.bias"), &[out_features])?;
        Ok(x.matmul(&weight.t()?)?.broadcast_add(bias)?)
    }

    /// `(x - mean) / sqrt(variance + eps) * weight + bias`, the variance being the biased one.
    fn layer_norm(&self, name: &str, x: &Tensor, eps: f32) -> Result<Tensor, Error> {
        let shape = [x.dim(1)?];
        let weight = self.tensor(&format!("{name}.weight"), &shape)?;
        let bias = self.tensor(&format!("{name}.bias"), &shape)?;
        let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centered.broadcast_div(&(variance + f64::from(eps))?.sqrt()?)?;
        Ok(normal.broadcast_mul(weight)?.broadcast_add(bias)?)
    }

    /// Tensor `name`, which must have the given shape.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&Tensor, Error> {
        self.weights.get(name, shape)?;
        Ok(self.tensors.get(name).ok_or_else(|| minilm::Error::MissingTensor(name.to_owned()))?)
    }
}

/// One vector `[hidden_size]` out of those of the tokens `[tokens, hidden_size]`.
fn pool(pooling: Pooling, tokens: &Tensor) -> Result<Tensor, Error> {
    Ok(match pooling {
        Pooling::Cls => tokens.get(0)?,
        Pooling::Mean => tokens.mean(0)?,
        Pooling::Max => tokens.max(0)?,
        Pooling::MeanSqrtLen => (tokens.sum(0)? / (tokens.dim(0)? as f64).sqrt())?,
    })
}
