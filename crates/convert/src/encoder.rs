//! `config.json` of the transformer: which architecture it is, and its shape.

use minilm::EncoderConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::files::ModelFiles;
use crate::json::read;
use crate::weights::mpnet;

/// Architectures that people try, and what of them is not supported.
const REFUSED: [(&str, &str); 23] = [
    ("albert", "its layers share their weights, and its word embeddings are narrower than they"),
    ("camembert", "its tokenizer is SentencePiece"),
    ("clip", "it embeds images too"),
    ("deberta", "its attention is disentangled from positions"),
    ("deberta-v2", "its attention is disentangled from positions"),
    ("electra", "its word embeddings may be narrower than its layers"),
    ("gemma", "it is a decoder"),
    ("gemma2", "it is a decoder"),
    ("gemma3_text", "its positions are rotary"),
    ("gpt2", "it is a decoder"),
    ("llama", "it is a decoder"),
    ("mistral", "it is a decoder"),
    ("modernbert", "its positions are rotary, and it normalizes before its layers"),
    ("mt5", "its attention has a relative bias, and its tokenizer is SentencePiece"),
    ("new", "its positions are rotary"),
    ("nomic_bert", "its positions are rotary, and its feed-forward blocks are gated"),
    ("phi3", "it is a decoder"),
    ("qwen2", "it is a decoder"),
    ("qwen3", "it is a decoder"),
    ("roberta", "its tokenizer is byte-level BPE"),
    ("t5", "its attention has a relative bias, and its tokenizer is SentencePiece"),
    ("xlm-roberta", "its tokenizer is SentencePiece"),
    ("xlnet", "its positions are relative, and its tokenizer is SentencePiece"),
];

/// The fields of a BERT.
#[derive(Deserialize)]
struct Bert {
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "default_type_vocab_size")]
    type_vocab_size: usize,
    #[serde(default = "default_layer_norm_eps")]
    layer_norm_eps: f32,
}

// The defaults of transformers' BertConfig.

fn default_type_vocab_size() -> usize {
    2
}

fn default_layer_norm_eps() -> f32 {
    1e-12
}

/// The fields of a DistilBERT, which is a BERT without token types. Its position embeddings are in the weights also where they are
/// sinusoidal.
#[derive(Deserialize)]
struct DistilBert {
    activation: Option<String>,
    vocab_size: usize,
    #[serde(alias = "hidden_size")]
    dim: usize,
    #[serde(alias = "num_hidden_layers")]
    n_layers: usize,
    #[serde(alias = "num_attention_heads")]
    n_heads: usize,
    hidden_dim: usize,
    max_position_embeddings: usize,
}

/// The fields of an MPNet, which is a BERT without token types, but for the relative bias of its attention.
#[derive(Deserialize)]
struct MpNet {
    #[serde(flatten)]
    bert: Bert,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: usize,
}

fn default_buckets() -> usize {
    mpnet::BUCKETS
}

/// Which architecture it is, as far as `config.json` says so.
pub(super) fn model_type(files: &ModelFiles) -> Result<String, Error> {
    let fields: Option<Map<String, Value>> = read(files, &files.transformer("config.json"))?;
    let name = fields.as_ref().and_then(|fields| fields.get("model_type")?.as_str());
    Ok(name.unwrap_or_default().to_owned())
}

/// The shape of the encoder.
pub(super) fn read_encoder(files: &ModelFiles) -> Result<EncoderConfig, Error> {
    let path = files.transformer("config.json");
    files.require(&path)?;
    // The type comes first: other architectures lack other fields.
    match model_type(files)?.as_str() {
        "bert" => read_bert(required(files, &path)?),
        "distilbert" => read_distilbert(required(files, &path)?),
        "mpnet" => read_mpnet(required(files, &path)?),
        other => {
            let reason = REFUSED.iter().find(|(name, _)| *name == other).map(|(_, reason)| format!(": {reason}"));
            let reason = format!("`{other}` is not supported{}", reason.unwrap_or_default());
            Err(Error::config(
                "config.json: model_type",
                format!("{reason}; supported are `bert`, `distilbert` and `mpnet`"),
            ))
        }
    }
}

fn required<T: DeserializeOwned>(files: &ModelFiles, path: &str) -> Result<T, Error> {
    read(files, path)?.ok_or_else(|| Error::MissingFile(path.to_owned()))
}

fn read_bert(config: Bert) -> Result<EncoderConfig, Error> {
    expect("hidden_act", config.hidden_act.as_deref().unwrap_or("gelu"), "gelu")?;
    let positions = config.position_embedding_type.as_deref().unwrap_or("absolute");
    expect("position_embedding_type", positions, "absolute")?;
    if config.is_decoder {
        return Err(Error::config("config.json: is_decoder", "decoders are not supported"));
    }
    Ok(EncoderConfig {
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: config.type_vocab_size,
        layer_norm_eps: config.layer_norm_eps,
        relative_attention_distance: 0,
        padding_id: None,
    })
}

fn read_distilbert(config: DistilBert) -> Result<EncoderConfig, Error> {
    expect("activation", config.activation.as_deref().unwrap_or("gelu"), "gelu")?;
    Ok(EncoderConfig {
        vocab_size: config.vocab_size,
        hidden_size: config.dim,
        num_hidden_layers: config.n_layers,
        num_attention_heads: config.n_heads,
        intermediate_size: config.hidden_dim,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: 0,
        layer_norm_eps: default_layer_norm_eps(),
        relative_attention_distance: 0,
        padding_id: None,
    })
}

fn read_mpnet(config: MpNet) -> Result<EncoderConfig, Error> {
    // transformers computes with 32, whatever is written here.
    expect("relative_attention_num_buckets", &config.relative_attention_num_buckets.to_string(), "32")?;
    let bert = read_bert(config.bert)?;
    Ok(EncoderConfig {
        max_position_embeddings: bert.max_position_embeddings.saturating_sub(mpnet::FIRST_POSITION),
        type_vocab_size: 0,
        relative_attention_distance: mpnet::DISTANCE,
        padding_id: Some(mpnet::PADDING_ID),
        ..bert
    })
}

fn expect(field: &str, found: &str, expected: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::config(format!("config.json: {field}"), format!("`{found}` is not supported, only `{expected}` is")))
}
