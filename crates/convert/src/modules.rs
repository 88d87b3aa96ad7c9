//! `config.json`, `modules.json`, `1_Pooling/config.json`, `sentence_bert_config.json` and
//! `config_sentence_transformers.json`, in the forms that sentence-transformers 2 to 6 write, as one configuration.

use std::collections::BTreeMap;

use minilm::{Config, EncoderConfig, Pooling, Precision, SimilarityFunction, TokenizerConfig};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::files::ModelFiles;
use crate::json::{read, refuse_unknown};

/// Everything but the hash of the weights and the tokenizer's settings, of which only `lowercase_first` is known here.
pub(super) fn read_config(name: &str, files: &ModelFiles) -> Result<Config, Error> {
    let encoder = read_encoder(files)?;
    let modules = read_modules(files)?;
    let sentence_bert = read_sentence_bert(files)?;
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
        weights_sha256: String::new(),
        precision: Precision::F32,
        pooling: read_pooling(files, modules.pooling.as_deref())?,
        normalize: modules.normalize,
        max_seq_length: max_seq_length(files, &encoder, sentence_bert.max_seq_length)?,
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

/// `config.json` of the transformer.
#[derive(Deserialize)]
struct Transformer {
    model_type: Option<String>,
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

fn read_encoder(files: &ModelFiles) -> Result<EncoderConfig, Error> {
    let path = files.transformer("config.json");
    let missing = || Error::MissingFile(path.clone());
    // The type comes first: other architectures lack other fields.
    let fields: Map<String, Value> = read(files, &path)?.ok_or_else(missing)?;
    let model_type = fields.get("model_type").and_then(Value::as_str).unwrap_or_default();
    expect("model_type", model_type, "bert")?;
    let config: Transformer = read(files, &path)?.ok_or_else(missing)?;
    debug_assert_eq!(config.model_type.as_deref(), Some("bert"));
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
    })
}

fn expect(field: &str, found: &str, expected: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::config(format!("config.json: {field}"), format!("`{found}` is not supported, only `{expected}` is")))
}

#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

/// What `modules.json` says beside the transformer.
struct Modules {
    /// Folder of the pooling module; `None` where there is no `modules.json`, which means mean pooling.
    pooling: Option<String>,
    normalize: bool,
}

fn read_modules(files: &ModelFiles) -> Result<Modules, Error> {
    let Some(modules) = read::<Vec<Module>>(files, "modules.json")? else {
        return Ok(Modules { pooling: None, normalize: false });
    };
    // The package path of a class has changed from version to version, its name has not.
    let classes: Vec<&str> =
        modules.iter().map(|module| module.r#type.rsplit('.').next().unwrap_or_default()).collect();
    let normalize = match classes[..] {
        ["Transformer", "Pooling"] => false,
        ["Transformer", "Pooling", "Normalize"] => true,
        _ => {
            let known = "supported are Transformer, Pooling and an optional Normalize";
            return Err(Error::config("modules.json", format!("{} is not supported; {known}", classes.join(", "))));
        }
    };
    Ok(Modules { pooling: Some(modules[1].path.clone()), normalize })
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
