//! `modules.json`, the pooling's `config.json`, `sentence_bert_config.json` and
//! `config_sentence_transformers.json`, in the forms that sentence-transformers 2 to 6 write, as one configuration.

use std::collections::BTreeMap;

use minilm::{Config, EncoderConfig, Pooling, Precision, SimilarityFunction, TokenizerConfig};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::files::ModelFiles;
use crate::json::{read, refuse_unknown};
use crate::sentence_modules::read_modules;
use crate::weights::{STATIC_EMBEDDINGS, Weights};

/// Most tokens of a text that the packed format allows.
const MAX_TOKENS: usize = 1 << 16;

/// Everything but the tokenizer's settings, of which only `lowercase_first` is known here, and the identity. Adds the tensors of the modules behind the
/// pooling to `weights`.
pub(super) fn read_config(
    name: &str,
    files: &ModelFiles,
    encoder: EncoderConfig,
    weights: &mut Weights,
) -> Result<Config, Error> {
    let is_static = encoder.num_hidden_layers == 0;
    let sentence_bert = if is_static { SentenceBert::default() } else { read_sentence_bert(files)? };
    let modules = read_modules(files, weights)?;
    let sentence_transformers: SentenceTransformers =
        read(files, "config_sentence_transformers.json")?.unwrap_or_default();
    let mut prompts = BTreeMap::from([("query".to_owned(), String::new()), ("document".to_owned(), String::new())]);
    let own_prompts = sentence_transformers.prompts.unwrap_or_default();
    prompts.extend(own_prompts.into_iter().map(|(name, text)| (name, text.unwrap_or_default())));
    if let Some(dim) = sentence_transformers.truncate_dim {
        let reason = format!("{dim} is not supported as a default: give `truncate_dim` with each call");
        return Err(Error::config("config_sentence_transformers.json: truncate_dim", reason));
    }
    Ok(Config {
        name: name.to_owned(),
        model_sha256: String::new(),
        weights_sha256: weights.sha256(),
        precision: Precision::F32,
        pooling: read_pooling(files, modules.pooling.as_deref())?,
        modules: modules.behind,
        normalize: modules.normalize,
        max_seq_length: if is_static {
            MAX_TOKENS
        } else {
            max_seq_length(files, &encoder, sentence_bert.max_seq_length)?
        },
        prompts,
        default_prompt_name: sentence_transformers.default_prompt_name,
        similarity: sentence_transformers.similarity_fn_name.unwrap_or_default(),
        tokenizer: TokenizerConfig {
            lowercase_first: sentence_bert.do_lower_case.unwrap_or(false),
            ..TokenizerConfig::default()
        },
        encoder,
    })
}

/// The shape of static embeddings. Nothing limits the length of a text but the tokenizer; what is beyond the limit of the packed format
/// is cut off.
pub(super) fn static_shape(weights: &Weights) -> EncoderConfig {
    let (vocab_size, hidden_size) = match weights.shape(STATIC_EMBEDDINGS) {
        Some(&[tokens, dim]) => (tokens, dim),
        _ => (0, 0),
    };
    EncoderConfig {
        vocab_size,
        hidden_size,
        num_hidden_layers: 0,
        num_attention_heads: 0,
        intermediate_size: 0,
        max_position_embeddings: MAX_TOKENS,
        type_vocab_size: 0,
        layer_norm_eps: 1e-12,
        relative_attention_distance: 0,
        padding_id: None,
    }
}

/// `config.json` of the pooling module, in its old form (a flag a mode) and its new one (`pooling_mode`).
#[derive(Deserialize)]
struct PoolingFile {
    pooling_mode: Option<Value>,
    #[serde(default = "yes")]
    include_prompt: bool,
    #[serde(flatten)]
    flags: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// Flags of the old form and the modes they stand for.
const POOLING_FLAGS: [(&str, &str); 6] = [
    ("pooling_mode_cls_token", "cls"),
    ("pooling_mode_max_tokens", "max"),
    ("pooling_mode_mean_tokens", "mean"),
    ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    ("pooling_mode_weightedmean_tokens", "weightedmean"),
    ("pooling_mode_lasttoken", "lasttoken"),
];

fn read_pooling(files: &ModelFiles, folder: Option<&str>) -> Result<Pooling, Error> {
    let Some(folder) = folder else {
        return Ok(Pooling::Mean);
    };
    let path = format!("{folder}/config.json");
    let file: PoolingFile = read(files, &path)?.ok_or_else(|| Error::MissingFile(path.clone()))?;
    let mut ignored = vec!["word_embedding_dimension", "embedding_dimension"];
    ignored.extend(POOLING_FLAGS.iter().map(|(flag, _)| flag));
    refuse_unknown(&path, &file.flags, &ignored)?;
    if !file.include_prompt {
        return Err(Error::config(format!("{path}: include_prompt"), "pooling without the prompt is not supported"));
    }
    let is_set = |flag: &str| file.flags.get(flag).and_then(Value::as_bool) == Some(true);
    let modes: Vec<String> = match file.pooling_mode {
        Some(Value::String(mode)) => vec![mode],
        Some(Value::Array(modes)) => modes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => POOLING_FLAGS.iter().filter(|(flag, _)| is_set(flag)).map(|&(_, mode)| mode.to_owned()).collect(),
    };
    match modes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["mean"] => Ok(Pooling::Mean),
        ["cls"] => Ok(Pooling::Cls),
        ["max"] => Ok(Pooling::Max),
        ["mean_sqrt_len_tokens"] => Ok(Pooling::MeanSqrtLen),
        _ => {
            let known = "supported is one of mean, cls, max and mean_sqrt_len_tokens";
            Err(Error::config(
                format!("{path}: pooling_mode"),
                format!("{} is not supported; {known}", modes.join(" + ")),
            ))
        }
    }
}

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct SentenceBert {
    max_seq_length: Option<usize>,
    do_lower_case: Option<bool>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

fn read_sentence_bert(files: &ModelFiles) -> Result<SentenceBert, Error> {
    let path = files.transformer("sentence_bert_config.json");
    let config: SentenceBert = read(files, &path)?.unwrap_or_default();
    let task = config.other.get("transformer_task").and_then(Value::as_str).unwrap_or("feature-extraction");
    if task != "feature-extraction" {
        return Err(Error::config(format!("{path}: transformer_task"), format!("`{task}` is not supported")));
    }
    let ignored =
        ["transformer_task", "modality_config", "module_output_name", "unpad_inputs", "model_args", "config_args"];
    refuse_unknown(&path, &config.other, &ignored)?;
    Ok(config)
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
struct SentenceTransformers {
    prompts: Option<BTreeMap<String, Option<String>>>,
    default_prompt_name: Option<String>,
    similarity_fn_name: Option<SimilarityFunction>,
    truncate_dim: Option<usize>,
}

/// What `tokenizer_config.json` says about length.
#[derive(Default, Deserialize)]
struct TokenizerFile {
    /// May be 1e30 for "no limit".
    model_max_length: Option<f64>,
    truncation_side: Option<String>,
}

/// `max_seq_length` where it is set, else the smaller of the tokenizer's limit and the number of positions.
fn max_seq_length(files: &ModelFiles, encoder: &EncoderConfig, own: Option<usize>) -> Result<usize, Error> {
    let path = files.transformer("tokenizer_config.json");
    let tokenizer: TokenizerFile = read(files, &path)?.unwrap_or_default();
    if tokenizer.truncation_side.as_deref().is_some_and(|side| side != "right") {
        return Err(Error::config(format!("{path}: truncation_side"), "only `right` is supported as a default"));
    }
    let tokenizer_limit = tokenizer.model_max_length.map_or(usize::MAX, |limit| limit as usize);
    Ok(own.unwrap_or(tokenizer_limit).min(encoder.max_position_embeddings))
}
