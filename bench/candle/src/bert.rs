//! The walk from texts to vectors, as candle's documentation has it.

use std::error::Error;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{Encoding, PaddingParams, Tokenizer, TruncationParams};

/// A model and its tokenizer.
pub struct Bert {
    /// Width of the vectors.
    pub dim: usize,
    model: BertModel,
    tokenizer: Tokenizer,
}

impl Bert {
    /// The model in `bytes`, see [`crate::load`].
    pub fn load(bytes: &[u8]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut rest = bytes;
        let mut part = || {
            let (len, behind) = rest.split_first_chunk().ok_or("too short")?;
            let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or("too short")?;
            rest = behind;
            Ok::<_, &str>(part)
        };
        let config: Config = serde_json::from_slice(part()?)?;
        let mut tokenizer = Tokenizer::from_bytes(part()?)?;
        let limits: serde_json::Value = serde_json::from_slice(part()?)?;
        let max_length = limits["max_seq_length"].as_u64().ok_or("no max_seq_length")? as usize;
        tokenizer.with_truncation(Some(TruncationParams { max_length, ..Default::default() }))?;
        // To the longest of the batch, which is the default of these parameters.
        tokenizer.with_padding(Some(PaddingParams::default()));
        let weights = VarBuilder::from_slice_safetensors(part()?, DType::F32, &Device::Cpu)?;
        Ok(Self { dim: config.hidden_size, model: BertModel::load(weights, &config)?, tokenizer })
    }

    /// Tokens of `texts`, padding not counted.
    pub fn count_tokens(&self, texts: &[String]) -> Result<usize, Box<dyn Error + Send + Sync>> {
        let encodings = self.tokenizer.encode_batch(texts.to_vec(), true)?;
        Ok(encodings.iter().flat_map(Encoding::get_attention_mask).map(|&mask| mask as usize).sum())
    }

    /// Vectors `[texts, dim]` of length 1.
    pub fn encode(&self, texts: &[String]) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        let encodings = self.tokenizer.encode_batch(texts.to_vec(), true)?;
        let tensor = |values: fn(&Encoding) -> &[u32]| {
            let rows = encodings.iter().map(|encoding| Tensor::new(values(encoding), &Device::Cpu));
            Tensor::stack(&rows.collect::<Result<Vec<_>, _>>()?, 0)
        };
        let (ids, types, mask) =
            (tensor(Encoding::get_ids)?, tensor(Encoding::get_type_ids)?, tensor(Encoding::get_attention_mask)?);
        let hidden = self.model.forward(&ids, &types, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let mean = hidden.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(mean.broadcast_div(&length)?.flatten_all()?.to_vec1()?)
    }
}
